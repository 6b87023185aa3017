import { shellQuote } from './quote.ts';

/** The line on standard error that ends a parcel from a host: its checksum, and the exit code of tar there. */
const lastLine = /(?:^|\n)muster-parcel ([0-9a-f]{64}) (\d+)\n$/;

/** Stands before the archive: a login shell may have talked already. */
const beginning = Buffer.from('\x1emuster-parcel\x1e');

/** Passes on what comes behind the beginning, wherever it is cut; what a shell says before it is not kept. */
export class ParcelBeginning {
  #held = Buffer.alloc(0);
  #found = false;

  /** The part of the archive in the next piece of standard output; undefined: none yet. */
  take(chunk: Buffer): Buffer | undefined {
    if (this.#found) return chunk;
    const seen = Buffer.concat([this.#held, chunk]);
    const at = seen.indexOf(beginning);
    if (at === -1) {
      this.#held = seen.subarray(Math.max(0, seen.length - beginning.length + 1));
      return undefined;
    }
    this.#found = true;
    return at + beginning.length < seen.length ? seen.subarray(at + beginning.length) : undefined;
  }
}

/**
 * Text for `sh`: files and folders as an archive on standard output behind the beginning, and its checksum as the last line of standard error. A
 * pipe with a name carries the copy that is counted, as the standard output of sshd's commands cannot be opened again.
 */
export function packProgram(paths: readonly string[]): string {
  const members = paths.map((path) => {
    const clean = path.replace(/^~\//, '').replace(/(.)\/+$/, '$1');
    const slash = clean.lastIndexOf('/');
    const folder = slash < 0 ? '.' : clean.slice(0, slash) || '/';
    const from = folder.startsWith('/') ? shellQuote(folder) : `"$PWD"/${shellQuote(folder)}`;
    return `-C ${from} --add-file=${shellQuote(clean.slice(slash + 1))}`;
  });
  return [
    `t=$(umask 077; mktemp -d "\${TMPDIR:-/tmp}/muster-fetch.XXXXXX") || exit 1`,
    `trap 'rm -rf "$t"' EXIT`,
    `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; trap 'exit 141' PIPE`,
    'mkfifo "$t/copy" || exit 1',
    `printf '\\036muster-parcel\\036'`,
    'sha256sum <"$t/copy" >"$t/sum" & s=$!',
    `{ LC_ALL=C tar -cf - --format=posix ${members.join(' ')}; echo $? >"$t/rc"; } | tee "$t/copy"`,
    'wait $s',
    'read sum rest <"$t/sum"; read rc <"$t/rc"',
    'echo "muster-parcel $sum $rc" >&2',
  ].join('\n');
}

/** What the host said about its parcel; undefined where it did not come to its end. */
export function parcelEnd(stderr: string): { digest: string; rc: number; said: string } | undefined {
  const match = lastLine.exec(stderr);
  if (match === null) return undefined;
  return { digest: match[1]!, rc: Number(match[2]), said: stderr.slice(0, match.index).trim() };
}
