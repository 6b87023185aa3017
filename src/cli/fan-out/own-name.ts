import { isIP } from 'node:net';

/** What a host's own name becomes, so that outputs that differ by nothing else are the same. */
export const ownNameMark = Buffer.from('<host>');

/** The name of a host as it calls itself: up to the first dot (the domain then stands behind the mark). */
export function ownName(host: string): string {
  return isIP(host) !== 0 ? host : host.split('.')[0]!;
}

function isWordByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95;
}

/** Replaces a host's own name in its output, where it is a word: `node1-vg`, but not `node10`. Chunks may cut it anywhere. */
export class OwnNameReplacer {
  readonly #name: Buffer;
  #held: Buffer = Buffer.alloc(0);
  #before: number | undefined;

  constructor(host: string) {
    this.#name = Buffer.from(ownName(host));
  }

  push(chunk: Buffer): Buffer {
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    // What follows a name must be there too, to see that the name ends.
    const settled = data.length - this.#name.length;
    if (this.#name.length === 0) return data;
    return this.#replace(data, Math.max(0, settled));
  }

  end(): Buffer {
    return this.#replace(this.#held, this.#held.length);
  }

  /** Replaces what begins before `settled`, and holds back the rest. */
  #replace(data: Buffer, settled: number): Buffer {
    const pieces: Buffer[] = [];
    let from = 0;
    for (let at = data.indexOf(this.#name); at !== -1 && at < settled; ) {
      const end = at + this.#name.length;
      const before = at === 0 ? this.#before : data[at - 1];
      if (isWordByte(before) || isWordByte(data[end])) {
        at = data.indexOf(this.#name, at + 1);
        continue;
      }
      pieces.push(data.subarray(from, at), ownNameMark);
      from = end;
      at = data.indexOf(this.#name, end);
    }
    const until = Math.max(from, settled);
    pieces.push(data.subarray(from, until));
    if (until > 0) this.#before = data[until - 1];
    this.#held = data.subarray(until);
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }
}

/** An output with the host's own name replaced. */
export async function* withoutOwnName(host: string, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const replacer = new OwnNameReplacer(host);
  for await (const chunk of source) yield replacer.push(chunk);
  yield replacer.end();
}
