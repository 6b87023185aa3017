import type { Message } from '../../core/message.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { NodeName } from '../../model/names.ts';
import type { ArbiterLinkStatus } from '../../wire/status.ts';
import { ArbiterLink } from './arbiter-link.ts';
import { CertificateWatch } from './certificate-watch.ts';
import type { ArbiterWays } from './ways.ts';

export interface ArbiterLinksOptions {
  readonly cluster: Cluster;
  readonly self: NodeName;
  readonly incarnation: string;
  /** Where `own.pem`, `own.key` and the arbiters' certificates are. */
  readonly certificates: string;
  readonly now: () => number;
  readonly onMessage: (from: NodeName, message: Message, epoch: number) => void;
  readonly onTurn: (up: boolean, why: string) => void;
  readonly onTrouble: (why: string) => void;
}

/** A stalled connection gets as long as two leases before it is made anew, so that a lost packet never costs it. */
function patienceOf({ timings }: Cluster): number {
  return Math.max(3000, 2 * timings.lease);
}

/** A node's ways to the arbiters of its cluster; nothing where it has none. */
export class ArbiterLinks implements ArbiterWays {
  readonly #links: ReadonlyMap<NodeName, ArbiterLink>;
  readonly #watch: CertificateWatch;

  constructor({ certificates, onTrouble, ...options }: ArbiterLinksOptions) {
    this.#links = new Map(
      options.cluster.arbiters.map((arbiter) => [
        arbiter.name,
        new ArbiterLink({ ...options, cluster: options.cluster.name, arbiter, patience: patienceOf(options.cluster) }),
      ]),
    );
    this.#watch = new CertificateWatch(
      certificates,
      (read) => {
        for (const link of this.#links.values()) link.use(read);
      },
      onTrouble,
    );
  }

  /** Connects in the background; nothing is waited for, as the arbiters may well be away. */
  start(): void {
    if (this.#links.size > 0) void this.#watch.start();
  }

  /** False where this is no arbiter. Never waits: what cannot be sent now is lost, as a datagram would be. */
  send(to: NodeName, message: Message, epoch: number): boolean {
    const link = this.#links.get(to);
    link?.send(message, epoch);
    return link !== undefined;
  }

  status(): ArbiterLinkStatus[] {
    return [...this.#links.values()].map((link) => link.status());
  }

  stop(): void {
    this.#watch.stop();
    for (const link of this.#links.values()) link.stop();
  }
}
