/**
 * Frames on the connection between a node and an arbiter. TLS has proven who is at the other end; a frame is
 *
 *     bytes  0..1   length of what follows, big-endian: at most 65,535, so no peer can make us keep more
 *            2      kind
 *            3..    payload
 *
 * `datagram` carries one datagram as it would go over UDP (`wire/codec.ts`), its HMAC made with the secret that the node
 * said in its `hello`: the first frame on each connection, 32 random bytes that are new at each start of the node. So the
 * cluster's authkeys never leave the cluster, and what goes over two connections at once counts once.
 * `refused` (a sentence) is the last frame before the arbiter hangs up; `ping` and `pong` carry 4 bytes that come back.
 */
export const frameKinds = { datagram: 0, hello: 1, refused: 2, ping: 3, pong: 4 } as const;

export type FrameKind = keyof typeof frameKinds;

export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Buffer;
}

export const helloBytes = 32;

const kindNames = Object.keys(frameKinds) as FrameKind[];

/** One frame; throws RangeError where the payload is longer than 65,534 bytes. */
export function writeFrame(kind: FrameKind, payload: Uint8Array): Buffer {
  if (payload.length > 0xfffe) throw new RangeError(`a frame of ${payload.length} bytes is too long`);
  const frame = Buffer.allocUnsafe(3 + payload.length);
  frame.writeUInt16BE(1 + payload.length, 0);
  frame.writeUInt8(frameKinds[kind], 2);
  frame.set(payload, 3);
  return frame;
}

/** Cuts a byte stream into frames, whatever pieces it comes in; keeps less than one frame. */
export class FrameReader {
  #kept: Buffer = Buffer.alloc(0);

  /** The frames that are complete now, in order; undefined where the stream is none of ours, and worth nothing any more. */
  push(chunk: Buffer): readonly Frame[] | undefined {
    this.#kept = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (this.#kept.length - at >= 3) {
      const length = this.#kept.readUInt16BE(at);
      const kind = kindNames[this.#kept[at + 2]!];
      if (length === 0 || kind === undefined) return undefined;
      if (this.#kept.length - at < 2 + length) break;
      frames.push({ kind, payload: this.#kept.subarray(at + 3, at + 2 + length) });
      at += 2 + length;
    }
    // A copy, so that a small rest does not keep a large chunk alive.
    this.#kept = at === this.#kept.length ? Buffer.alloc(0) : Buffer.from(this.#kept.subarray(at));
    return frames;
  }
}
