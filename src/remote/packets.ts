import type { Duplex } from 'node:stream';

/** Message numbers of the connection protocol (RFC 4254, 9). */
export const messages = {
  globalRequest: 80,
  requestSuccess: 81,
  requestFailure: 82,
  open: 90,
  openConfirmation: 91,
  openFailure: 92,
  windowAdjust: 93,
  data: 94,
  extendedData: 95,
  eof: 96,
  close: 97,
  request: 98,
  success: 99,
  failure: 100,
} as const;

/** A field of a message: a number is a uint32, text and bytes carry their length, a truth is one byte. */
export type Field = number | string | Buffer | boolean;

/** Fields as they stand behind each other in SSH's messages (RFC 4251, 5). */
export function fields(...values: readonly Field[]): Buffer {
  return Buffer.concat(
    values.flatMap((value) => {
      if (typeof value === 'boolean') return [Buffer.from([value ? 1 : 0])];
      const bytes = typeof value === 'number' ? Buffer.alloc(0) : Buffer.from(value as string);
      const head = Buffer.alloc(4);
      head.writeUInt32BE(typeof value === 'number' ? value : bytes.length);
      return [head, bytes];
    }),
  );
}

/** Takes fields out of a message, one after another. Throws a RangeError behind its end. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  number(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  bytes(): Buffer {
    const length = this.number();
    if (this.#at + length > this.#bytes.length) throw new RangeError('a field is longer than its message');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    return this.bytes().toString();
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}

/** Longer than any message that OpenSSH sends (256 kB); more than that is not this protocol. */
const longestMessage = 1 << 20;

/**
 * Cuts a stream into blocks that are led by their length, as OpenSSH's control master speaks. Returns how to stop; what came
 * already of a next block is gone then.
 */
export function readBlocks(stream: Duplex, take: (block: Buffer) => void, wrong: (error: Error) => void): () => void {
  let held: Buffer[] = [];
  let size = 0;
  let wanted = 4;
  const onData = (chunk: Buffer): void => {
    held.push(chunk);
    size += chunk.length;
    if (size < wanted) return;
    let data = held.length === 1 ? chunk : Buffer.concat(held);
    try {
      while (data.length >= 4) {
        const length = data.readUInt32BE();
        if (length > longestMessage) throw new RangeError(`a message of ${length} bytes`);
        if (data.length < 4 + length) break;
        take(data.subarray(4, 4 + length));
        data = data.subarray(4 + length);
      }
    } catch (error) {
      stream.off('data', onData);
      wrong(error as Error);
      return;
    }
    held = data.length === 0 ? [] : [data];
    size = data.length;
    wanted = data.length < 4 ? 4 : 4 + data.readUInt32BE();
  };
  stream.on('data', onData);
  return () => void stream.off('data', onData);
}
