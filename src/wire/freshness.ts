import { ReplayGuard, type ReplayVerdict } from './authentication.ts';

/** `unproven`: nothing says that it was sent after this process started. */
export type FreshnessVerdict = ReplayVerdict | 'unproven';

/** What a datagram says of itself. `echo` is the incarnation that its sender believes its receiver to have; version 1 has none. */
export interface Stamp {
  readonly version: number;
  readonly incarnation: string;
  readonly sequence: number;
  readonly echo: string | undefined;
}

/** The echo of a sender that has not heard its receiver yet. */
export const noEcho = '0'.repeat(32);

interface Sender {
  /** The newest incarnation that has proven that it lives, with the version that it spoke; '' before. */
  proven: string;
  version: number;
  /** The newest incarnation that was heard at all: the one to echo, so that it can prove itself. */
  heard: string;
}

/**
 * Tells datagrams that were sent after this process started from those that somebody captured before: a datagram counts
 * only if it repeats this process's incarnation, which nobody knew earlier. Whoever starts is heard without that at first;
 * then its incarnation is echoed to it, it answers with ours, and both count: one exchange of beats. Behind that, sequence
 * numbers do what they always did (`ReplayGuard`).
 *
 * Version 1 echoes nothing. It counts until the sender has spoken version 2 in that incarnation or a newer one, so that a
 * supervisor may be taken back to an older one, and what was captured before an upgrade cannot be played back after it.
 */
export class Freshness {
  private readonly self: string;
  private readonly guard = new ReplayGuard();
  private readonly senders = new Map<string, Sender>();

  /** `self` is the incarnation of this process. */
  constructor(self: string) {
    this.self = self;
  }

  /** Judges, and remembers. */
  judge(name: string, stamp: Stamp, link?: string): FreshnessVerdict {
    const sender = this.senders.get(name) ?? { proven: '', version: 0, heard: '' };
    this.senders.set(name, sender);
    const { version, incarnation, sequence, echo } = stamp;
    if (version === 1) {
      if (sender.version > 1 && incarnation <= sender.proven) return 'old-incarnation';
    } else if (echo !== this.self) {
      if (incarnation < sender.heard) return 'old-incarnation';
      sender.heard = incarnation;
      return 'unproven';
    }
    const verdict = this.guard.judge(name, incarnation, sequence, link);
    if (verdict !== 'fresh') return verdict;
    sender.proven = incarnation;
    sender.version = version;
    if (incarnation > sender.heard) sender.heard = incarnation;
    return verdict;
  }

  /** The incarnation to echo to this peer. */
  echoFor(name: string): string {
    return this.senders.get(name)?.heard || noEcho;
  }

  /** Whether this peer has spoken version 1 last, and nothing newer since. */
  speaksFirstVersion(name: string): boolean {
    const sender = this.senders.get(name);
    return sender?.version === 1 && sender.heard === sender.proven;
  }
}
