import type { Beat } from '../core/message.ts';
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

/** The beat that was read last of one sender, with its bytes. */
export class ReadBeat {
  private beat: Beat | undefined;
  private version = 0;
  private bytes = Buffer.alloc(0);

  /** The beat that stands there, where it is the last one and the datagram ends behind it. */
  at(datagram: Buffer, start: number, end: number, version: number): Beat | undefined {
    if (version !== this.version || end - start !== this.bytes.length) return undefined;
    return this.bytes.compare(datagram, start, end) === 0 ? this.beat : undefined;
  }

  remember(beat: Beat, version: number, bytes: Uint8Array): void {
    this.beat = beat;
    this.version = version;
    this.bytes = Buffer.from(bytes);
  }
}

export class ReadBeats {
  private readonly known = new Map<NodeName, ReadBeat>();

  /** `from` must be one of the peers, so that there are no more than these. */
  of(from: NodeName): ReadBeat {
    let beat = this.known.get(from);
    if (beat === undefined) {
      beat = new ReadBeat();
      this.known.set(from, beat);
    }
    return beat;
  }
}
