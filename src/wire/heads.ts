import type { NodeName } from '../model/names.ts';
import { Reader, type Writer } from './bytes.ts';

/**
 * What stands before the body of a datagram (wire/codec.ts has the format) is, but for the sequence number, the same in
 * nearly all datagrams between two nodes. Its bytes are kept, and compared rather than made or read again: there are
 * some forty a second, and reading texts and numbers one by one is most of what they cost beside their HMAC.
 */
export const magic = 0x4d75;
/** The version that is spoken to whoever speaks it; 1 is still spoken to those that speak nothing newer. */
export const protocolVersion = 2;
export const incarnationBytes = 16;
const incarnationAt = 4;
const sequenceAt = incarnationAt + incarnationBytes;
const namesAt = sequenceAt + 6;

/** What the head of a datagram for one receiver depends on. */
export interface HeadParts {
  readonly to: NodeName;
  readonly version: number;
  readonly key: number;
  readonly echo: string;
  readonly epoch: number;
}

interface Written extends HeadParts {
  readonly bytes: Uint8Array;
}

/** Writes the heads of one sender. */
export class WrittenHeads {
  private readonly self: NodeName;
  private readonly incarnation: string;
  private readonly known = new Map<NodeName, Written>();

  constructor(self: NodeName, incarnation: string) {
    this.self = self;
    this.incarnation = incarnation;
  }

  /** At the beginning of the writer's buffer, whatever it held. Throws RangeError as `Writer` does. */
  write(writer: Writer, parts: HeadParts, sequence: number): void {
    const { version, key, echo, epoch } = parts;
    writer.length = 0;
    const known = this.known.get(parts.to);
    if (
      known !== undefined &&
      known.version === version &&
      known.key === key &&
      known.epoch === epoch &&
      known.echo === echo
    ) {
      writer.raw(known.bytes);
      const end = writer.length;
      writer.length = sequenceAt;
      writer.u48(sequence);
      writer.length = end;
      return;
    }
    writer.u16(magic);
    writer.u8(version);
    writer.u8(key);
    writer.hex(this.incarnation, incarnationBytes);
    writer.u48(sequence);
    writer.text(this.self);
    writer.text(parts.to);
    if (version > 1) {
      writer.u8(protocolVersion);
      writer.hex(echo, incarnationBytes);
      writer.u48(epoch);
    }
    this.known.set(parts.to, { ...parts, bytes: Uint8Array.from(writer.buffer.subarray(0, writer.length)) });
  }
}

/** The head of a datagram that was read. */
export interface Head {
  readonly from: NodeName;
  readonly to: NodeName;
  readonly incarnation: string;
  readonly sequence: number;
  /** undefined in version 1, which has none. */
  readonly echo: string | undefined;
  /** 0 in version 1. */
  readonly epoch: number;
  /** Where the body begins. */
  readonly end: number;
}

interface Read extends Head {
  readonly bytes: Buffer;
}

/** More than there are nodes and restarts in a while; then what is known is forgotten. */
const most = 64;

/** Reads the heads of authentic datagrams; others would fill its memory. */
export class ReadHeads {
  /** By the last four bytes of the incarnation, which are random: who shares them is read anew each time. */
  private readonly known = new Map<number, Read>();

  /** The head of a datagram whose signed bytes end at `end`; undefined where it is cut off. */
  read(datagram: Buffer, end: number): Head | undefined {
    const tail = datagram.readUInt32BE(sequenceAt - 4);
    const known = this.known.get(tail);
    const sequence = datagram.readUIntBE(sequenceAt, 6);
    if (known !== undefined && isSame(known, datagram, end)) return { ...known, sequence };
    const reader = new Reader(datagram, incarnationAt, end);
    const incarnation = reader.hex(incarnationBytes);
    reader.u48();
    const from = reader.text();
    const to = reader.text();
    const isFirst = datagram[2] === 1;
    // What a newer sender speaks beside this version is of no use to a receiver that has none newer.
    if (!isFirst) reader.u8();
    const echo = isFirst ? undefined : reader.hex(incarnationBytes);
    const epoch = isFirst ? 0 : reader.u48();
    if (reader.bad) return undefined;
    const head = { from, to, incarnation, sequence, echo, epoch, end: reader.offset };
    if (this.known.size >= most) this.known.clear();
    this.known.set(tail, { ...head, bytes: Buffer.from(datagram.subarray(0, reader.offset)) });
    return head;
  }
}

/** Whether all is as it was, the sequence number aside. */
function isSame({ bytes, end }: Read, datagram: Buffer, limit: number): boolean {
  return (
    end <= limit &&
    bytes.compare(datagram, namesAt, end, namesAt, end) === 0 &&
    bytes.compare(datagram, 0, sequenceAt, 0, sequenceAt) === 0
  );
}
