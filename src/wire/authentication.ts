import { createHmac, timingSafeEqual } from 'node:crypto';

/** Bytes of the HMAC that stand at the end of a datagram: 128 bits, as RFC 2104 section 5 allows for SHA-256. */
export const tagBytes = 16;

/** The keys of authkeys by id: all are accepted, `signWith` signs, so that keys are rotated without a stop. */
export interface Keyring {
  readonly signWith: number;
  /** Key ids (0 to 255) and their secrets. */
  readonly secrets: ReadonlyMap<number, string | Uint8Array>;
}

/** HMAC-SHA256 (RFC 2104) of `bytes`, the first 128 bits. */
export function tagOf(bytes: Uint8Array, secret: string | Uint8Array): Buffer {
  return createHmac('sha256', secret).update(bytes).digest().subarray(0, tagBytes);
}

/** Whether a datagram ends with the tag over all that stands before; compared in constant time. */
export function tagHolds(datagram: Uint8Array, secret: string | Uint8Array): boolean {
  const signed = datagram.length - tagBytes;
  return timingSafeEqual(tagOf(datagram.subarray(0, signed), secret), datagram.subarray(signed));
}

/** Why a datagram of an authentic sender is not acted upon. */
export type ReplayVerdict = 'fresh' | 'replayed' | 'old-incarnation';

/**
 * Remembers for each sender its incarnation and the newest sequence number. Only what is newer is fresh: copies that came
 * over a second link, and what was overtaken on the way, are refused. Incarnations order by the durable count of starts
 * that they begin with, so that what was captured before a restart counts for nothing after it.
 */
export class ReplayGuard {
  private readonly newest = new Map<string, { incarnation: string; sequence: number }>();

  /** Judges, and remembers where it was fresh. */
  judge(sender: string, incarnation: string, sequence: number): ReplayVerdict {
    const seen = this.newest.get(sender);
    if (seen === undefined) {
      this.newest.set(sender, { incarnation, sequence });
      return 'fresh';
    }
    if (incarnation < seen.incarnation) return 'old-incarnation';
    if (incarnation === seen.incarnation && sequence <= seen.sequence) return 'replayed';
    seen.incarnation = incarnation;
    seen.sequence = sequence;
    return 'fresh';
  }
}
