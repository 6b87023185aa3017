import { createHash } from 'node:crypto';
import { Problem } from '../../base/problem.ts';
import type { IpAddress } from '../../model/names.ts';
import { type GateDevice, gateChains, gateTable, renderGate } from './lease-gate-ruleset.ts';
import { errno, type NetlinkConnection } from './netlink/connection.ts';
import { generationOf, generationRequest, rulesRequest } from './netlink/nftables.ts';
import { applyRuleset, runProgram } from './nft.ts';

/** The rules are read back at every so many looks, whatever the generation says. */
const looksPerReading = 10;
/** How many times the rules are asked for right after they were rendered; each that is not answered takes seconds. */
const readingAttempts = 3;

/**
 * Renders the gate's rules and notices when somebody changes them. Each change of anything in nftables makes the
 * ruleset's generation one larger: as long as only our own changes did, nothing has to be looked at. Else the rules of
 * the gate's chains are read back and compared with what they were right after they were rendered.
 */
export class GateRuleset {
  readonly #netlink: NetlinkConnection;
  readonly #addresses: readonly IpAddress[];
  readonly #onForeignChange: () => void;
  #devices: readonly GateDevice[] = [];
  #rendering = 0;
  #rendered: Promise<void> = Promise.resolve();
  #generation: number | undefined;
  #fingerprint = '';
  #looks = 0;

  constructor(netlink: NetlinkConnection, addresses: readonly IpAddress[], onForeignChange: () => void = () => {}) {
    this.#netlink = netlink;
    this.#addresses = addresses;
    this.#onForeignChange = onForeignChange;
  }

  get devices(): readonly GateDevice[] {
    return this.#devices;
  }

  /** True while it is rendered: nothing may be armed or granted then. */
  get busy(): boolean {
    return this.#rendering > 0;
  }

  /** One transaction of our own was acknowledged. */
  countChange(): void {
    if (this.#generation !== undefined) this.#generation = (this.#generation + 1) >>> 0;
  }

  /** Replaces the rules, shut, then lets `refill` restore what others keep in the table. */
  render(devices: readonly GateDevice[], refill: () => Promise<void>): Promise<void> {
    this.#rendering++;
    this.#devices = devices;
    // One after the other: the last one asked for is the one that stands.
    this.#rendered = this.#rendered.catch(() => {}).then(() => this.#renderNow(devices, refill));
    return this.#rendered;
  }

  /** Resolves when nothing is being rendered; rejects where the kernel refused it. */
  async settled(): Promise<void> {
    while (this.busy) await this.#rendered;
  }

  async #renderNow(devices: readonly GateDevice[], refill: () => Promise<void>): Promise<void> {
    try {
      await this.#apply(devices);
      await refill();
      await this.#compareGeneration();
      this.#fingerprint = await this.#readRendered();
    } finally {
      this.#rendering--;
    }
  }

  /** Why the gate is no longer what was rendered; undefined where it still is. */
  async changed(): Promise<string | undefined> {
    const same = await this.#compareGeneration();
    // Counting can be off by one for a moment, while a change of ours is acknowledged: so the rules are read now and then.
    this.#looks = (this.#looks + 1) % looksPerReading;
    if ((same && this.#looks !== 0) || this.busy) return undefined;
    const rules = await this.#readRules();
    if (this.busy) return undefined;
    if (rules === undefined) {
      // The kernel did not answer, so nothing is known, and the next look reads again. Should the rules be gone, the gate
      // shuts by its own timeout.
      this.#generation = undefined;
      return undefined;
    }
    if (rules === '') return 'the ruleset was flushed or a chain of the gate deleted';
    if (rules !== this.#fingerprint) return 'the rules of the gate were changed';
    if (!same) this.#onForeignChange();
    return undefined;
  }

  async #apply(devices: readonly GateDevice[]): Promise<void> {
    const listed = await runProgram('nft', ['list', 'table', 'netdev', gateTable]);
    const chains = [...listed.stdout.matchAll(/^\tchain (\S+) \{/gm)].map((match) => match[1]!);
    const wanted = new Set(gateChains(devices));
    const stale = chains.filter((name) => /^(ingress|egress|gate[46])-/.test(name) && !wanted.has(name));
    const text = renderGate(devices, this.#addresses, stale);
    if ((await applyRuleset(text)) === undefined) return;
    // What an older version left may not fit: then the table is made anew, and the balancer's chains with it.
    const complaint = await applyRuleset(
      `table netdev ${gateTable}\ndelete table netdev ${gateTable}\n${renderGate(devices, this.#addresses)}`,
    );
    if (complaint === undefined) return;
    throw new Problem(
      'defect',
      `Cannot render the lease gate on "${devices.map(({ name }) => name).join(', ')}" as nftables must do netdev ingress and egress: ${complaint.split('\n')[0]}`,
      { hint: 'apt-get install nftables, on a kernel of 5.16 or later with CONFIG_NETFILTER_EGRESS' },
    );
  }

  /**
   * Whether nobody but us has changed anything since the last call; from now on, what is there now counts. Answers come
   * in the order of the requests, and are worked on in it: a change that the kernel has counted has been counted here.
   */
  async #compareGeneration(): Promise<boolean> {
    const { messages } = await this.#netlink.request(generationRequest());
    const now = messages[0] === undefined ? undefined : generationOf(messages[0].body);
    const same = now === this.#generation;
    if (now !== undefined) this.#generation = now;
    return same || now === undefined;
  }

  /** What every later reading is compared with: without it nobody could say whether the gate is what was rendered. */
  async #readRendered(): Promise<string> {
    for (let attempt = 0; attempt < readingAttempts; attempt++) {
      const rules = await this.#readRules();
      if (rules !== undefined) return rules;
    }
    throw new Problem('defect', 'Cannot read the lease gate back as the kernel must answer: it does not');
  }

  /**
   * A fingerprint of the rules of all the gate's chains with their handles; empty where a chain has none, undefined where
   * the kernel did not say them all.
   */
  async #readRules(): Promise<string | undefined> {
    const hash = createHash('sha256');
    for (const chain of gateChains(this.#devices)) {
      const { type, body } = rulesRequest(gateTable, chain);
      const { error, messages } = await this.#netlink.dump(type, body);
      if (error === errno.ENOENT || (error === 0 && messages.length === 0)) return '';
      if (error !== 0) return undefined;
      for (const message of messages) hash.update(message.body.subarray(4));
    }
    return hash.digest('hex');
  }
}
