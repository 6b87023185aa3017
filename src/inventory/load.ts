import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Problem } from '../base/problem.ts';
import { throwMistakes } from '../linux-ha/lines.ts';
import { parseYaml, type YamlFile } from '../linux-ha/yaml-document.ts';
import type { Inventory } from '../model/inventory.ts';
import { looksLikeIni, readAnsibleIni } from './ansible-ini.ts';
import { looksLikeAnsible, readAnsibleYaml } from './ansible-yaml.ts';
import { checkNative } from './check-native.ts';
import { CheckedBefore } from './checked-before.ts';
import { readNative } from './native.ts';

/**
 * An inventory from its text: Muster's own YAML, or Ansible's YAML or INI, told apart by the file's extension and then by
 * what it says. `check` is `checkNative`, or undefined where this very text was read without a mistake before. Throws a
 * `Problem` with every mistake and its place.
 */
export function parseInventory(text: string, file: string, check: ((yaml: YamlFile) => void) | undefined): Inventory {
  const extension = extname(file).toLowerCase();
  const yamlByName = ['.yml', '.yaml', '.json'].includes(extension);
  if (!yamlByName && (['.ini', '.cfg'].includes(extension) || looksLikeIni(text))) return readAnsibleIni(text, file);
  const yaml = parseYaml(text, file, { sound: check === undefined });
  if (yaml.data === null || yaml.data === undefined) {
    yaml.list.add({ line: 1, column: 1 }, 'Cannot read the inventory as it must name hosts: it is empty');
    throwMistakes(yaml.list);
  }
  if (looksLikeAnsible(yaml.data)) return readAnsibleYaml(yaml, file);
  check?.(yaml);
  return readNative(yaml, file);
}

/** Reads an inventory file. Throws a `Problem` (bad input) where it cannot be read, or with every mistake in it. */
export async function loadInventory(file: string): Promise<Inventory> {
  let text: string;
  try {
    // At once: for so little Node's threads take longer to begin.
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const seen = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'it is a directory' : message;
    throw new Problem('badInput', `Cannot read inventory "${file}" as a file must be there: ${seen}`, {
      hint: code === 'ENOENT' ? 'inventory/lab.yml is the one of the lab' : undefined,
    });
  }
  const before = new CheckedBefore(file, text);
  if (before.holds()) return parseInventory(text, file, undefined);
  const inventory = parseInventory(text, file, checkNative);
  before.keep();
  return inventory;
}
