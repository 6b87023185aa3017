// Puts `muster` on the PATH, and never over something that is not ours.
import { lstatSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { homedir } from 'node:os';

function linkState(path) {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : 'a file';
  } catch {
    return undefined;
  }
}

/** One line that says where `muster` is now. */
export function linkMuster(root) {
  const target = `${root}dist/muster.js`;
  const folder = process.getuid?.() === 0 ? '/usr/local/bin' : `${homedir()}/.local/bin`;
  const path = `${folder}/muster`;
  const now = linkState(path);
  if (now === target) return `muster is ready: ${path}`;
  if (now !== undefined && !now.endsWith('/dist/muster.js')) {
    return `${path} is not ours and was left alone; use ${target}`;
  }
  mkdirSync(folder, { recursive: true });
  if (now !== undefined) unlinkSync(path);
  symlinkSync(target, path);
  const onPath = (process.env.PATH ?? '').split(':').includes(folder);
  return `muster is ready: ${path}${onPath ? '' : ` (add ${folder} to your PATH)`}`;
}
