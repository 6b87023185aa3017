import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Core } from './core.ts';
import type { Defect } from './defects.ts';

const source = fileURLToPath(new URL('../../src', import.meta.url));

/**
 * Runs `body` with a copy of the core that has one defect planted, from a directory of its own that is removed afterwards.
 * Throws where the text to be replaced does not stand in the file exactly once: the defect has to be written anew then.
 */
export async function withDefect<T>(defect: Defect, body: (core: Core) => T): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'muster-defect-'));
  try {
    for (const part of ['base', 'model', 'core'])
      cpSync(join(source, part), join(directory, part), { recursive: true });
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }\n');
    const file = join(directory, 'core', defect.file);
    const parts = readFileSync(file, 'utf8').split(defect.find);
    if (parts.length !== 2)
      throw new Error(`"${defect.name}": its text stands ${parts.length - 1} times in ${defect.file}, not once`);
    writeFileSync(file, parts.join(defect.replace));
    const core = (await import(pathToFileURL(join(directory, 'core', 'node.ts')).href)) as Core;
    return body(core);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
