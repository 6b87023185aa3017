/** Headers of tar archives (POSIX.1-2001, pax): what `tar -x` of any Linux reads. Pure. */

/** One member of an archive. */
export interface TarMember {
  /** Relative, with `/`; no trailing slash for a directory. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  /** Permission bits, as in stat(2) & 07777. */
  readonly mode: number;
  /** Bytes of content; 0 for what is no file. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** What a symbolic link points to. */
  readonly target?: string | undefined;
}

export const tarBlock = 512;
const typeFlags = { file: '0', directory: '5', link: '2' } as const;

/** A path of an ustar header holds this much; longer ones stand in a pax record before it. Bytes. */
const longestName = 100;
const largestSize = 8 ** 11 - 1;

/** The header of a member, with the pax records that it needs; the content follows, filled up to whole blocks. */
export function tarHeader(member: TarMember): Buffer {
  const path = member.kind === 'directory' ? `${member.path}/` : member.path;
  const records = [paxRecord('mtime', seconds(member.mtimeNs))];
  if (Buffer.byteLength(path) > longestName) records.push(paxRecord('path', path));
  if (Buffer.byteLength(member.target ?? '') > longestName) records.push(paxRecord('linkpath', member.target!));
  if (member.size > largestSize) records.push(paxRecord('size', String(member.size)));
  const pax = Buffer.concat(records);
  return Buffer.concat([
    block({ path: 'pax', mode: 0o644, size: pax.length, mtime: 0n, type: 'x', target: '' }),
    pax,
    tarPadding(pax.length),
    block({
      path,
      mode: member.mode,
      size: member.size,
      mtime: member.mtimeNs / 1_000_000_000n,
      type: typeFlags[member.kind],
      target: member.target ?? '',
    }),
  ]);
}

/** What fills a content up to whole blocks. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((tarBlock - (size % tarBlock)) % tarBlock);
}

/** Two empty blocks end an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * tarBlock);
}

/** `18 path=a/b/c...\n`: the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function seconds(ns: bigint): string {
  const whole = ns / 1_000_000_000n;
  return ns < 0n ? String(whole) : `${whole}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}

interface Fields {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly mtime: bigint;
  readonly type: string;
  readonly target: string;
}

function block(fields: Fields): Buffer {
  const header = Buffer.alloc(tarBlock);
  const text = (value: string, at: number, length: number): void => {
    Buffer.from(value).copy(header, at, 0, length);
  };
  const octal = (value: number | bigint, at: number, length: number): void => {
    text(value.toString(8).padStart(length - 1, '0'), at, length - 1);
  };
  text(fields.path, 0, longestName);
  octal(fields.mode & 0o7777, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(Math.min(fields.size, largestSize), 124, 12);
  octal(fields.mtime < 0n ? 0n : fields.mtime, 136, 12);
  text(fields.type, 156, 1);
  text(fields.target, 157, longestName);
  text('ustar\x0000', 257, 8);
  // The sum of all bytes, its own field counted as blanks.
  text('        ', 148, 8);
  let sum = 0;
  for (const byte of header) sum += byte;
  text(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8);
  return header;
}
