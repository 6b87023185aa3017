import type { Beat, Message } from '../core/message.ts';
import type { NodeName } from '../model/names.ts';

/** The beat that was written last, with its bytes: a node says the same of itself until something changes. */
export class WrittenBeat {
  private beat: Beat | undefined;
  private version = 0;
  private bytes: Uint8Array = new Uint8Array();

  bytesOf(beat: Beat, version: number): Uint8Array | undefined {
    return beat === this.beat && version === this.version ? this.bytes : undefined;
  }

  remember(beat: Beat, version: number, bytes: Uint8Array): void {
    this.beat = beat;
    this.version = version;
    this.bytes = Uint8Array.from(bytes);
  }
}

/** What was read last of one kind from one sender, with its bytes. */
export class LastRead<T> {
  private value: T | undefined;
  private version = 0;
  private bytes = Buffer.alloc(0);

  /** What stands between `start` and `end`, where it is what was read last. */
  at(datagram: Buffer, start: number, end: number, version: number): T | undefined {
    if (version !== this.version || end - start !== this.bytes.length) return undefined;
    return this.bytes.compare(datagram, start, end) === 0 ? this.value : undefined;
  }

  remember(value: T, version: number, bytes: Uint8Array): void {
    this.value = value;
    this.version = version;
    this.bytes = Buffer.from(bytes);
  }
}

/** A renewal but for its nonce, which is all that differs from the one before. */
export type Renewal = Omit<Extract<Message, { kind: 'propose' }>, 'kind' | 'nonce'>;

/** What a sender said last, at the end of its messages. */
export interface LastSaid {
  readonly beat: LastRead<Beat>;
  readonly renewal: LastRead<Renewal>;
}

export class LastSaidBy {
  private readonly known = new Map<NodeName, LastSaid>();

  /** `from` must be one of the peers, so that there are no more than these. */
  of(from: NodeName): LastSaid {
    let said = this.known.get(from);
    if (said === undefined) {
      said = { beat: new LastRead(), renewal: new LastRead() };
      this.known.set(from, said);
    }
    return said;
  }
}
