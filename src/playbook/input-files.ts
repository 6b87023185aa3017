import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { InputError } from './module.ts';

export interface InputFile {
  readonly path: string;
  readonly content: Buffer;
}

/** The files beside a playbook; each is read once a run, however many hosts and tasks want it. */
export class InputFiles {
  readonly #read = new Map<string, Promise<Buffer | undefined>>();

  /** Looks into `folder` beside the playbook, then beside it, then into `folder` one above. Rejects with `InputError`. */
  async find(playbook: string, name: string, folder: 'files' | 'templates'): Promise<InputFile> {
    const directory = dirname(playbook);
    const places = isAbsolute(name)
      ? [name]
      : [join(directory, folder, name), join(directory, name), join(directory, '..', folder, name)];
    for (const path of places) {
      const content = await this.#once(resolve(path)).catch((error: Error) => {
        throw new InputError(`"${path}" cannot be read: ${error.message}`, 'src');
      });
      if (content !== undefined) return { path, content };
    }
    throw new InputError(`there is no file "${name}" (looked for: ${places.join(', ')})`, 'src');
  }

  #once(path: string): Promise<Buffer | undefined> {
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const reading = readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    this.#read.set(path, reading);
    return reading;
  }
}
