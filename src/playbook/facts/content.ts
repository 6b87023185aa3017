import { shellQuote } from '../shell-text.ts';
import type { FactKind } from './fact.ts';

/** Files larger than this are no configuration; their content is not fetched, and no diff is shown. */
export const contentLimit = 256 * 1024;

/** The content of small files; undefined where there is none, or where it is too large or no file. */
export const contentFact: FactKind<Buffer | undefined> = {
  name: 'content',
  script: (paths) =>
    paths
      .map((path) => {
        const word = shellQuote(path);
        return `if [ -f ${word} ] && [ -r ${word} ] && n=$(stat -Lc %s -- ${word}) && [ "$n" -le ${contentLimit} ]; then
  printf '%s\\n' "$n"; head -c "$n" -- ${word}; else echo -; fi`;
      })
      .join('\n'),
  parse: (output, paths) => {
    const found = new Map<string, Buffer | undefined>();
    let at = 0;
    for (const path of paths) {
      const end = output.indexOf(10, at);
      const size = output.toString('utf8', at, end);
      at = end + 1;
      found.set(path, size === '-' ? undefined : output.subarray(at, at + Number(size)));
      if (size !== '-') at += Number(size);
    }
    return found;
  },
};
