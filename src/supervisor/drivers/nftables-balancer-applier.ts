import type { Nft } from './nftables-balancer-nft.ts';
import { chainsOf, type Forwarding, renderForwarding } from './nftables-balancer-ruleset.ts';
import { type KernelTable, readKernelTable } from './nftables-balancer-table.ts';

/** How long to wait before a refused transaction is tried again (ms). */
const retryAfter = 1000;

/**
 * Brings the kernel's chains to what is wanted, one transaction at a time. Changes that come while one is under way go
 * together into the next; nothing is said to the kernel twice, unless `forget` says that its table was lost.
 */
export class Applier {
  private readonly nft: Nft;
  private readonly wanted: () => Forwarding | undefined;
  private readonly refused: (why: string) => void;
  /** Chains of real servers in the kernel; undefined: to be read before the next change. */
  private chains: readonly string[] | undefined;
  private applied: string | undefined;
  private losses = 0;
  private dirty = false;
  private running: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private stopped = false;
  private lastRefusal = '';

  /** `wanted` is asked right before each transaction; `refused` hears each new reason of a refusal once. */
  constructor(nft: Nft, wanted: () => Forwarding | undefined, refused: (why: string) => void) {
    this.nft = nft;
    this.wanted = wanted;
    this.refused = refused;
  }

  /** What the kernel holds now; also remembered, for the next change. */
  async read(): Promise<KernelTable | undefined> {
    const json = await this.nft.list();
    const table = json === undefined ? undefined : readKernelTable(json);
    this.chains = table?.chains;
    return table;
  }

  /** The kernel's table is not what it was; also while a transaction is under way, which may have been in time or not. */
  forget(): void {
    this.losses += 1;
    this.applied = undefined;
    this.chains = undefined;
  }

  /** Resolves when the kernel holds what is wanted, or has refused it (then it is tried again later). */
  apply(): Promise<void> {
    this.dirty = true;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.retry);
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.dirty && !this.stopped) {
      this.dirty = false;
      clearTimeout(this.retry);
      const refusal = await this.transact();
      if (refusal === undefined) this.lastRefusal = '';
      else this.failed(refusal);
    }
  }

  /** Resolves to nft's complaint, if it has one. */
  private async transact(): Promise<string | undefined> {
    if (this.chains === undefined) await this.read();
    // Only now, so that what happened during the wait is in it.
    const forwarding = this.wanted();
    if (forwarding === undefined) return undefined;
    const text = JSON.stringify(forwarding);
    if (text === this.applied) return undefined;
    const { losses } = this;
    const refusal = await this.nft.apply(renderForwarding(forwarding, this.chains ?? []));
    if (refusal !== undefined || losses !== this.losses) return refusal?.split('\n')[0];
    this.chains = chainsOf(forwarding);
    this.applied = text;
    return undefined;
  }

  /** The table is not as we thought, or not there yet (the lease gate renders it): look and try again. */
  private failed(why: string): void {
    this.forget();
    if (why !== this.lastRefusal) this.refused(why);
    this.lastRefusal = why;
    if (!this.stopped) this.retry = setTimeout(() => void this.apply(), retryAfter);
  }
}
