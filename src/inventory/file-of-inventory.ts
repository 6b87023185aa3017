import { realpathSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fingerprint } from '../base/fingerprint.ts';
import { makeFolderSync } from '../files/make-folder.ts';

/** The file in `folder` that belongs to this inventory: one for each, however it is called, so that there are never more of them. */
export function fileOfInventory(folder: string, inventory: string, extension = ''): string {
  let place = resolve(inventory);
  try {
    place = realpathSync(place);
  } catch {
    // It was read a moment ago; gone since, its name still tells it from others.
  }
  return join(folder, `${fingerprint(place)}${extension}`);
}

/** Replaces a file that only we read, with its folder where there is none. Throws the system's error. */
export function keepPrivately(file: string, text: string): void {
  makeFolderSync(dirname(file), 0o700);
  writeFileSync(`${file}.${process.pid}`, text, { mode: 0o600 });
  renameSync(`${file}.${process.pid}`, file);
}
