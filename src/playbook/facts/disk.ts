import { shellWords } from '../shell-text.ts';
import type { FactKind } from './fact.ts';

/** Free bytes of the file system that a path is on; 0 where the path does not exist. */
export const freeSpaceFact: FactKind<number> = {
  name: 'free-space',
  volatile: true,
  script: (paths) => `stat -f --printf '%n\\0%a\\0%S\\0' -- ${shellWords(paths)} 2>/dev/null; true`,
  parse: (output, paths) => {
    const found = new Map(paths.map((path) => [path, 0]));
    const fields = output.toString('utf8').split('\0');
    for (let at = 0; at + 3 <= fields.length; at += 3)
      found.set(fields[at]!, Number(fields[at + 1]) * Number(fields[at + 2]));
    return found;
  },
};
