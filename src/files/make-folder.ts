import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder with all above it that is missing, with the access rights `mode`; harmless where it is there. Rejects with
 * the system's error. Not `recursive`, with which Node tries for ever where a file system says of a new folder that it
 * cannot be, as /proc does.
 */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  const path = resolve(folder);
  if (await isFolder(path)) return;
  if (dirname(path) !== path) await makeFolder(dirname(path), mode);
  await mkdir(path, { mode }).catch(async (error) => {
    // Another may have been quicker.
    if (!(await isFolder(path))) throw error;
  });
}

/** As `makeFolder`, for those who cannot wait. Throws the system's error. */
export function makeFolderSync(folder: string, mode?: number): void {
  const path = resolve(folder);
  if (isFolderSync(path)) return;
  if (dirname(path) !== path) makeFolderSync(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (!isFolderSync(path)) throw error;
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (seen) => seen.isDirectory(),
    () => false,
  );
}

function isFolderSync(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
