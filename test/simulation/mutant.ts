import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Core } from './core.ts';
import { type Defect, editsOf, pathOf } from './defect.ts';

const source = fileURLToPath(new URL('../../src', import.meta.url));

/**
 * Runs `body` with a copy of the core and the wire that has one defect planted, from a directory of its own that is removed
 * afterwards. Throws where the text to be replaced does not stand in the file exactly once: the defect has to be written anew.
 */
export async function withDefect<T>(defect: Defect, body: (core: Core) => T): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'muster-defect-'));
  try {
    for (const part of ['base', 'model', 'core', 'wire'])
      cpSync(join(source, part), join(directory, part), { recursive: true });
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }\n');
    plant(defect, directory);
    const load = (file: string): Promise<Record<string, unknown>> => import(pathToFileURL(join(directory, file)).href);
    const parts = await Promise.all(
      [
        'core/node.ts',
        'core/resources/state.ts',
        'core/resources/step.ts',
        'wire/codec.ts',
        'wire/authentication.ts',
      ].map(load),
    );
    return body(Object.assign({}, ...parts) as Core);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function plant(defect: Defect, directory: string): void {
  for (const edit of editsOf(defect)) {
    const path = join(directory, pathOf(edit));
    const parts = readFileSync(path, 'utf8').split(edit.find);
    if (parts.length !== 2)
      throw new Error(`"${defect.name}": its text stands ${parts.length - 1} times in ${edit.file}, not once`);
    writeFileSync(path, parts.join(edit.replace));
  }
}
