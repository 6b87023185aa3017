/** A cursor that writes numbers and short texts, big-endian, into one buffer that is reused for every datagram. */
export class Writer {
  readonly buffer: Buffer;
  length = 0;

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafe(size);
  }

  u8(value: number): void {
    this.length = this.buffer.writeUInt8(value, this.length);
  }

  u16(value: number): void {
    this.length = this.buffer.writeUInt16BE(value, this.length);
  }

  u32(value: number): void {
    this.length = this.buffer.writeUInt32BE(value, this.length);
  }

  u48(value: number): void {
    this.length = this.buffer.writeUIntBE(value, this.length, 6);
  }

  /** Bytes as they are, without their length. */
  raw(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Up to 255 bytes of UTF-8 behind their length; throws RangeError on more. */
  text(value: string): void {
    const bytes = this.buffer.write(value, this.length + 1);
    this.u8(bytes);
    if (bytes < value.length) throw new RangeError('the text does not fit into the datagram');
    this.length += bytes;
  }

  /** Bytes given as hex digits, without their length. */
  hex(value: string, bytes: number): void {
    if (value.length !== bytes * 2 || this.buffer.write(value, this.length, 'hex') !== bytes)
      throw new RangeError(`"${value}" is not ${bytes} bytes in hex`);
    this.length += bytes;
  }
}

/**
 * The cursor that reads the same back. It never throws: what does not fit sets `bad` and yields zeros, so that a decoder
 * reads on and asks once, at its end.
 */
export class Reader {
  readonly buffer: Buffer;
  readonly end: number;
  offset: number;
  bad = false;

  constructor(buffer: Buffer, offset: number, end: number) {
    this.buffer = buffer;
    this.offset = offset;
    this.end = end;
  }

  private take(bytes: number): number {
    const at = this.offset;
    if (at + bytes > this.end) {
      this.bad = true;
      return -1;
    }
    this.offset = at + bytes;
    return at;
  }

  u8(): number {
    const at = this.take(1);
    return at < 0 ? 0 : this.buffer[at]!;
  }

  u16(): number {
    const at = this.take(2);
    return at < 0 ? 0 : this.buffer.readUInt16BE(at);
  }

  u32(): number {
    const at = this.take(4);
    return at < 0 ? 0 : this.buffer.readUInt32BE(at);
  }

  u48(): number {
    const at = this.take(6);
    return at < 0 ? 0 : this.buffer.readUIntBE(at, 6);
  }

  text(): string {
    const length = this.u8();
    const at = this.take(length);
    return at < 0 ? '' : this.buffer.toString('utf8', at, at + length);
  }

  hex(bytes: number): string {
    const at = this.take(bytes);
    return at < 0 ? '' : this.buffer.toString('hex', at, at + bytes);
  }

  /** A list behind its count; stops at the first thing that is bad. */
  list<T>(item: () => T): T[] {
    const items: T[] = [];
    for (let left = this.u8(); left > 0 && !this.bad; left--) items.push(item());
    return items;
  }
}
