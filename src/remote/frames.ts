/**
 * Finds the end of each program's output in the endless output of a worker shell.
 * A frame ends with the marker, a status and `;`. The output may be anything, without a newline at its end too;
 * it is passed on as it comes, but for the few last bytes that could be the beginning of the marker.
 */
export class FrameReader {
  readonly #marker: Buffer;
  readonly #onOutput: (chunk: Buffer) => void;
  readonly #onEnd: (status: string) => void;
  #held: Buffer = Buffer.alloc(0);

  constructor(marker: string, onOutput: (chunk: Buffer) => void, onEnd: (status: string) => void) {
    this.#marker = Buffer.from(marker);
    this.#onOutput = onOutput;
    this.#onEnd = onEnd;
  }

  push(chunk: Buffer): void {
    let data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const at = data.indexOf(this.#marker);
      if (at === -1) break;
      const end = data.indexOf(0x3b, at + this.#marker.length);
      if (end === -1) {
        this.#pass(data.subarray(0, at));
        this.#held = data.subarray(at);
        return;
      }
      this.#pass(data.subarray(0, at));
      const status = data.toString('latin1', at + this.#marker.length, end);
      data = data.subarray(end + 1);
      this.#onEnd(status);
    }
    const keep = this.#possibleStart(data);
    this.#pass(data.subarray(0, data.length - keep));
    this.#held = data.subarray(data.length - keep);
  }

  #pass(output: Buffer): void {
    if (output.length > 0) this.#onOutput(output);
  }

  /** How many bytes at the end of `data` are a beginning of the marker. */
  #possibleStart(data: Buffer): number {
    const most = Math.min(data.length, this.#marker.length - 1);
    for (let length = most; length > 0; length--) {
      if (data.compare(this.#marker, 0, length, data.length - length) === 0) return length;
    }
    return 0;
  }
}
