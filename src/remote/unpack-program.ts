import { parcelFolder, parcelSums } from './parcel.ts';
import { shellQuote } from './quote.ts';

/** What a host is to do with a parcel that comes through its standard input. */
export interface UnpackRequest {
  readonly tops: readonly { readonly name: string; readonly folder: boolean }[];
  /**
   * Where to: a path of its own for one source, or, with a slash at its end or for several sources, the folder that they go
   * into. Relative to the home.
   */
  readonly destination: string;
}

/**
 * Puts a file or a folder into its place. What is there as a folder is entered, so that files of others in it stay; each
 * file is replaced by a rename. A folder is never replaced by a file, nor a file by a folder.
 */
const place = `
place() (
  if [ -d "$1" ] && [ ! -L "$1" ]; then
    if [ -d "$2" ]; then
      for f in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        if [ -e "$f" ] || [ -L "$f" ]; then place "$f" "$2/\${f##*/}" || exit 1; fi
      done
    elif [ -e "$2" ] || [ -L "$2" ]; then echo "$2: it is a file, and a folder is to be there" >&2; exit 1
    else mv -T "$1" "$2" || exit 1; fi
  elif [ -d "$2" ] && [ ! -L "$2" ]; then echo "$2: it is a folder, and a file is to be there" >&2; exit 1
  else mv -fT "$1" "$2" || exit 1; fi
)`;

/**
 * Text for `sh`: unpacks beside the destination, on its file system, into a folder that nobody else can enter; compares
 * every checksum; then renames. Whatever goes wrong before leaves everything as it was and nothing beside it.
 */
export function unpackProgram({ tops, destination }: UnpackRequest): string {
  const into = destination.endsWith('/') || tops.length > 1;
  const path = destination.replace(/^~\//, '').replace(/(.)\/+$/, '$1');
  const harmless = shellQuote(path.startsWith('-') ? `./${path}` : path);
  const only = tops[0]!;
  const where = into
    ? ['mkdir -p "$d" || exit 1', 'stage=$d']
    : [...(only.folder ? [] : [`if [ -d "$d" ]; then d=$d/${shellQuote(only.name)}; fi`]), 'stage=$(dirname "$d")'];
  const placing = tops.map(({ name }) => {
    const from = `"$t"/${parcelFolder}/${shellQuote(name)}`;
    return `place ${from} ${into ? `"$d"/${shellQuote(name)}` : '"$d"'} || exit 1`;
  });
  return [
    place,
    `d=${harmless}`,
    ...where,
    't=$(umask 077; mktemp -d "$stage/.muster-copy.XXXXXX") || exit 1',
    `trap 'chmod -R u+rwx "$t" 2>/dev/null; rm -rf "$t"' EXIT`,
    `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; trap 'exit 141' PIPE`,
    'tar -xpf - --no-same-owner -C "$t" || exit 1',
    `if [ -s "$t/${parcelSums}" ]; then (cd "$t" && LC_ALL=C sha256sum -c --quiet ${parcelSums} >&2) || exit 1; fi`,
    ...placing,
  ].join('\n');
}
