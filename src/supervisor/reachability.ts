import { randomInt } from 'node:crypto';
import { isIP } from 'node:net';
import { deadpingOf } from '../core/connectivity.ts';
import type { Cluster } from '../model/cluster.ts';
import type { IpAddress } from '../model/names.ts';
import type { PingStatus } from '../wire/status.ts';
import { Echo } from './drivers/echo.ts';
import { resolveAddress } from './drivers/link-sockets.ts';
import type { RawSockets } from './drivers/raw-sockets.ts';

export interface ReachabilityParts {
  readonly cluster: Cluster;
  readonly sockets: RawSockets;
  readonly now: () => number;
  /** Told when it is first known, and on every change. */
  readonly onReach: (reach: { readonly reached: number; readonly of: number }) => void;
  readonly onTrouble: (why: string) => void;
}

/** A ping node, or a ping group, of which any one address is enough. */
interface Target {
  readonly name: string;
  readonly addresses: readonly string[];
  answeredAt: number;
}

/** Between two requests to an address: four within deadping, and no more than five a second. Milliseconds. */
export function pingInterval(deadping: number): number {
  return Math.max(200, Math.min(1000, deadping / 4));
}

/** Which ping nodes of ha.cf answer this node. */
export class Reachability {
  readonly #parts: ReachabilityParts;
  readonly #deadping: number;
  readonly #targets: readonly Target[];
  readonly #echoes = new Map<string, Echo>();
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #told: number | undefined;

  constructor(parts: ReachabilityParts) {
    const { cluster } = parts;
    this.#parts = parts;
    this.#deadping = deadpingOf(cluster);
    const single = cluster.pingNodes.map((name) => ({ name, addresses: [name] }));
    this.#targets = [...single, ...(cluster.pingGroups ?? [])].map((target) => ({
      ...target,
      answeredAt: Number.NEGATIVE_INFINITY,
    }));
  }

  start(): void {
    if (this.#targets.length === 0) return;
    this.#startedAt = this.#parts.now();
    const addresses = new Set(this.#targets.flatMap((target) => target.addresses));
    for (const name of addresses) void this.#open(name);
    this.#timer = setInterval(() => this.#look(), pingInterval(this.#deadping));
  }

  status(): PingStatus[] {
    const now = this.#parts.now();
    return this.#targets.map((target) => ({
      name: target.name,
      addresses: target.addresses,
      reached: this.#told === undefined ? null : this.#answers(target, now),
    }));
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const echo of this.#echoes.values()) echo.stop();
    this.#echoes.clear();
  }

  async #open(name: string): Promise<void> {
    let address: IpAddress;
    try {
      address = isIP(name) === 0 ? await resolveAddress(name) : name;
    } catch (error) {
      this.#parts.onTrouble(
        `ping node ${name} counts as gone as its name does not resolve: ${(error as Error).message}`,
      );
      return;
    }
    const echo = new Echo(this.#parts.sockets, address, randomInt(0x10000), () => this.#answered(name));
    this.#echoes.set(name, echo);
    echo.ask();
  }

  #answered(name: string): void {
    const now = this.#parts.now();
    for (const target of this.#targets) if (target.addresses.includes(name)) target.answeredAt = now;
  }

  #look(): void {
    for (const echo of this.#echoes.values()) echo.ask();
    const now = this.#parts.now();
    const reached = this.#targets.filter((target) => this.#answers(target, now)).length;
    const of = this.#targets.length;
    // Before deadping is over, silence says nothing.
    if (this.#told === undefined && reached < of && now - this.#startedAt < this.#deadping) return;
    if (reached === this.#told) return;
    this.#told = reached;
    this.#parts.onReach({ reached, of });
  }

  #answers({ answeredAt }: Target, now: number): boolean {
    return now - answeredAt < this.#deadping;
  }
}
