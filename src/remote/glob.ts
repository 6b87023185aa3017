import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { matchesPattern } from './known-hosts.ts';

/** Paths that exist for an absolute path with `*` and `?` in any of its parts, in order; a path without them as it is. */
export async function expandGlob(path: string): Promise<string[]> {
  if (!/[*?]/.test(path)) return [path];
  let found = ['/'];
  for (const part of path.split('/').filter((word) => word !== '')) {
    if (!/[*?]/.test(part)) {
      found = found.map((base) => join(base, part));
      continue;
    }
    const next: string[] = [];
    for (const base of found) {
      const names = await readdir(base).catch(() => []);
      // As in the shell, a name that begins with a dot has to be asked for.
      const wanted = names.filter((name) => matchesPattern(part, name) && name.startsWith('.') <= part.startsWith('.'));
      next.push(...wanted.sort().map((name) => join(base, name)));
    }
    found = next;
  }
  return found;
}
