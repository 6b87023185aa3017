import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** Bytes of the HMAC that stand at the end of a datagram: 128 bits, as RFC 2104 section 5 allows for SHA-256 and SHA-1. */
export const tagBytes = 16;

/** Bytes, or text in UTF-8; a KeyObject spares that each HMAC checks and copies them. */
export type Secret = string | Uint8Array | KeyObject;

/** The keys of authkeys by id: all are accepted, `signWith` signs, so that keys are rotated without a stop. */
export interface Keyring {
  readonly signWith: number;
  /** Key ids (0 to 255) and their secrets. */
  readonly secrets: ReadonlyMap<number, Secret>;
  /** Ids of the keys that sign with HMAC-SHA1, as heartbeat's; all others do with HMAC-SHA256. */
  readonly sha1?: ReadonlySet<number> | undefined;
}

/** The same keys, made ready for being used many times a second. */
export function preparedKeyring(keyring: Keyring): Keyring {
  const prepared = (secret: Secret): Secret =>
    typeof secret === 'string'
      ? createSecretKey(Buffer.from(secret))
      : secret instanceof Uint8Array
        ? createSecretKey(secret)
        : secret;
  return { ...keyring, secrets: new Map([...keyring.secrets].map(([id, secret]) => [id, prepared(secret)])) };
}

/** HMAC (RFC 2104) of `bytes`, the first 128 bits. */
export function tagOf(bytes: Uint8Array, secret: Secret, method: 'sha256' | 'sha1' = 'sha256'): Buffer {
  return createHmac(method, secret).update(bytes).digest().subarray(0, tagBytes);
}

/** Whether a datagram ends with the tag over all that stands before; compared in constant time. */
export function tagHolds(datagram: Uint8Array, secret: Secret, method: 'sha256' | 'sha1' = 'sha256'): boolean {
  const signed = datagram.length - tagBytes;
  return timingSafeEqual(tagOf(datagram.subarray(0, signed), secret, method), datagram.subarray(signed));
}

/**
 * Why a datagram of an authentic sender is acted upon or not. `duplicate` is the copy that came over another link, and
 * `overtaken` what came after a newer one of the same sender: both are harmless and usual with several links. `replayed`
 * came over the same link twice, or is too old to tell.
 */
export type ReplayVerdict = 'fresh' | 'duplicate' | 'overtaken' | 'replayed' | 'old-incarnation';

/**
 * How many of the latest sequence numbers are remembered (RFC 4303, 3.4.3, wants 64 at least): what may wait in the sockets
 * of two links, which are read one after the other, when a machine was busy for a while.
 */
const windowSize = 1024;

interface Sender {
  incarnation: string;
  newest: number;
  /** By sequence number modulo the size of the window: which number, and a bit for each link that it came over. */
  readonly numbers: number[];
  readonly links: number[];
}

/**
 * Remembers for each sender its incarnation, the newest sequence number, and over which links the latest ones came. Only
 * what is newer is fresh. Incarnations order by the durable count of starts that they begin with, so that what was captured
 * before a restart counts for nothing after it.
 */
export class ReplayGuard {
  private readonly senders = new Map<string, Sender>();
  private readonly linkBits = new Map<string, number>();

  /** Judges, and remembers; `link` is any name that tells one link from another. */
  judge(sender: string, incarnation: string, sequence: number, link = ''): ReplayVerdict {
    const bit = this.bitOf(link);
    const seen = this.senders.get(sender);
    if (seen === undefined || incarnation > seen.incarnation) {
      const fresh: Sender = { incarnation, newest: sequence, numbers: [], links: [] };
      this.senders.set(sender, fresh);
      note(fresh, sequence, bit);
      return 'fresh';
    }
    if (incarnation < seen.incarnation) return 'old-incarnation';
    if (sequence > seen.newest) {
      seen.newest = sequence;
      note(seen, sequence, bit);
      return 'fresh';
    }
    if (sequence <= seen.newest - windowSize) return 'replayed';
    const at = sequence % windowSize;
    if (seen.numbers[at] !== sequence) {
      note(seen, sequence, bit);
      return 'overtaken';
    }
    if ((seen.links[at]! & bit) !== 0) return 'replayed';
    seen.links[at]! |= bit;
    return 'duplicate';
  }

  /** More than 31 links share bits, so that at worst a copy is counted as a replay. */
  private bitOf(link: string): number {
    const known = this.linkBits.get(link);
    if (known !== undefined) return known;
    const bit = 1 << (this.linkBits.size % 31);
    this.linkBits.set(link, bit);
    return bit;
  }
}

function note(sender: Sender, sequence: number, bit: number): void {
  sender.numbers[sequence % windowSize] = sequence;
  sender.links[sequence % windowSize] = bit;
}
