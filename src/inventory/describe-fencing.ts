import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fencingOf, readFencing } from '../linux-ha/fencing-yml.ts';
import { parseHaCf } from '../linux-ha/ha-cf.ts';
import type { Path, YamlFile } from '../linux-ha/yaml-document.ts';
import { YamlReader } from '../linux-ha/yaml-reader.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Variables } from '../model/inventory.ts';
import type { NativeCluster } from './schema.ts';

type Described = Pick<Cluster, 'fencing' | 'watchdogPolicy'>;
const base = ['cluster', 'fencing'];

/** `fencing:` of the inventory, with what stands in variables and files in its place; mistakes go to the file's list. */
export function describeFencing(yaml: YamlFile, native: NativeCluster['fencing'], variables: Variables): Described {
  if (native === undefined) return { fencing: undefined, watchdogPolicy: undefined };
  const { stonith_host: hosts = [], ...rules } = Array.isArray(native) ? { stonith_host: native } : native;
  const revealed = reveal(yaml, rules, base, variables);
  const yml = readFencing(new YamlReader(yaml), revealed, base);
  // The schema has let them through, so the parser of ha.cf does.
  const { stonith } = parseHaCf(`node any\n${hosts.map((line) => `stonith_host ${line}\n`).join('')}`);
  const lines = stonith.map(({ line }) => line);
  return { fencing: fencingOf(yml, lines), watchdogPolicy: yml?.watchdog };
}

/** Values of options that stand elsewhere. */
function reveal(yaml: YamlFile, value: unknown, path: Path, variables: Variables): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = Object.entries(value);
  const [only] = fields;
  const isOption = path.includes('options') || (path.includes('nodes') && path.length > base.length + 4);
  if (isOption && fields.length === 1 && only !== undefined) {
    const [key, said] = only;
    if (key === 'variable' && typeof said === 'string') return variable(yaml, said, path, variables);
    if (key === 'file' && typeof said === 'string') return secretFile(yaml, said, path);
  }
  return Object.fromEntries(fields.map(([key, inner]) => [key, reveal(yaml, inner, [...path, key], variables)]));
}

function variable(yaml: YamlFile, name: string, path: Path, variables: Variables): unknown {
  const found = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (typeof found === 'string' || typeof found === 'number') return found;
  const seen = found === undefined ? 'there is none' : 'it is neither';
  yaml.list.add(yaml.at(path), `Cannot take variable "${name}" as "vars" must have it, a text or a number: ${seen}`);
  return '';
}

function secretFile(yaml: YamlFile, name: string, path: Path): string {
  const file = resolve(dirname(yaml.list.file), name);
  const wrong = (seen: string, hint?: string): string => {
    yaml.list.add(yaml.at(path), `Cannot take the text of "${file}" as only its owner may read it: ${seen}`, hint);
    return '';
  };
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) return wrong(`its mode is ${mode.toString(8).padStart(4, '0')}`, `chmod 600 ${file}`);
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    return wrong((error as Error).message);
  }
}
