import { shellWords } from '../shell-text.ts';
import type { FactKind } from './fact.ts';

export interface FileFact {
  readonly type: 'absent' | 'file' | 'directory' | 'link' | 'other';
  /** `0644`. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Unix seconds. */
  readonly modified: number;
  /** Hexadecimal; undefined where it is no regular file or cannot be read. */
  readonly sha256: string | undefined;
  /** Where a symbolic link points to. */
  readonly target: string | undefined;
}

export const absentFile: FileFact = {
  type: 'absent',
  mode: '',
  owner: '',
  group: '',
  uid: -1,
  gid: -1,
  size: 0,
  modified: 0,
  sha256: undefined,
  target: undefined,
};

const types: Record<string, FileFact['type']> = {
  'regular file': 'file',
  'regular empty file': 'file',
  directory: 'directory',
  'symbolic link': 'link',
};

/** All paths in two processes: one stat and one sha256sum (and one readlink for each link that there is). */
export const fileFact: FactKind<FileFact> = {
  name: 'file',
  script: (paths) => `
set -- ${shellWords(paths)}
LC_ALL=C stat --printf '%n\\0%F\\0%a\\0%U\\0%G\\0%u\\0%g\\0%s\\0%Y\\0' -- "$@" 2>/dev/null
printf '\\0'
sha256sum -z -- "$@" 2>/dev/null
printf '\\0'
for p in "$@"; do [ -L "$p" ] && printf '%s\\0%s\\0' "$p" "$(readlink -- "$p")"; done
true`,
  parse: (output, paths) => {
    const [stats, sums, links] = sections(output.toString('utf8'));
    const found = new Map<string, FileFact>(paths.map((path) => [path, absentFile]));
    for (let at = 0; at + 9 <= stats.length; at += 9) {
      const [path, type, mode, owner, group, uid, gid, size, modified] = stats.slice(at, at + 9);
      found.set(path!, {
        type: types[type!] ?? 'other',
        mode: mode!.padStart(4, '0'),
        owner: owner!,
        group: group!,
        uid: Number(uid),
        gid: Number(gid),
        size: Number(size),
        modified: Number(modified),
        sha256: undefined,
        target: undefined,
      });
    }
    for (const line of sums) {
      const path = line.slice(66);
      const known = found.get(path);
      if (known?.type === 'file') found.set(path, { ...known, sha256: line.slice(0, 64) });
    }
    for (let at = 0; at + 2 <= links.length; at += 2) {
      const known = found.get(links[at]!);
      if (known !== undefined) found.set(links[at]!, { ...known, target: links[at + 1] });
    }
    return found;
  },
};

/** The three lists, each of NUL-ended fields, apart at the empty field. */
function sections(text: string): [string[], string[], string[]] {
  const lists: string[][] = [[]];
  for (const field of text.split('\0')) {
    if (field === '' && lists.length < 3) lists.push([]);
    else if (field !== '') lists.at(-1)!.push(field);
  }
  return [lists[0]!, lists[1] ?? [], lists[2] ?? []];
}
