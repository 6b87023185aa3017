import { getSystemErrorName } from 'node:util';
import type { GroupName, IpAddress, MacAddress } from '../../model/names.ts';
import { addressBytes } from './addresses.ts';
import { Backstop } from './backstop.ts';
import { peerElement } from './backstop-ruleset.ts';
import type { Gate } from './gate.ts';
import { GateRuleset } from './gate-ruleset-keeper.ts';
import { HandOverElements } from './hand-over-elements.ts';
import { addressMark, type GateDevice, gateTable, tokenMarkBit } from './lease-gate-ruleset.ts';
import { errno, NETLINK_NETFILTER, NetlinkConnection } from './netlink/connection.ts';
import { type Element, type ElementChanges, elementTransaction, markBytes } from './netlink/nftables.ts';
import type { RawSockets } from './raw-sockets.ts';

export interface LeaseGateOptions {
  readonly sockets: RawSockets;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly groups: ReadonlyMap<GroupName, readonly IpAddress[]>;
  /** Fills the balancer's chains again after the table was rendered anew. */
  readonly onRendered: () => Promise<void>;
  /** The gate was found changed or gone, and stands again, shut. `why` is for the journal. */
  readonly onLost: (why: string) => void;
  /** Something is less well protected than it should be. */
  readonly onTrouble: (why: string) => void;
  /** Somebody changed nftables, but not the gate: other drivers may want to look after what is theirs. */
  readonly onForeignChange?: () => void;
}

/**
 * The lease gate's door to the kernel (see lease-gate-ruleset.ts for the rules). Every method resolves to whether the
 * kernel has acknowledged the change, and refuses after its deadline; none ever opens what a fresh grant did not open.
 */
export class LeaseGate implements Gate {
  readonly #options: LeaseGateOptions;
  readonly #netlink: NetlinkConnection;
  readonly #ruleset: GateRuleset;
  readonly #backstop: Backstop;
  readonly #addresses: readonly IpAddress[];
  /** What the kernel's untimed maps hold, by address. */
  readonly #granted = new Map<IpAddress, number>();
  /** Groups that each token was armed for; a grant to others is refused. */
  readonly #armed = new Map<number, readonly GroupName[]>();
  readonly #handOvers = new HandOverElements();
  /** Added to tokens, so that no command of an earlier process or rendering can ever mean one of ours. */
  #salt = 0;
  #peers: ReadonlySet<MacAddress> = new Set();
  /** Why the rules have to be rendered, where the kernel refused it: whatever it has now, it gets no token and no grant. */
  #unrendered: string | undefined;
  #looking = false;
  /** What was said last of what the kernel refuses. */
  #said = '';

  constructor(options: LeaseGateOptions) {
    this.#options = options;
    this.#addresses = [...new Set([...options.groups.values()].flat())];
    this.#netlink = new NetlinkConnection(options.sockets, NETLINK_NETFILTER, options.now);
    this.#ruleset = new GateRuleset(this.#netlink, this.#addresses, options.onForeignChange);
    const counted = (): void => this.#ruleset.countChange();
    this.#backstop = new Backstop(this.#netlink, this.#addresses, counted, options.onTrouble);
  }

  get busy(): boolean {
    return this.#ruleset.busy;
  }

  /** The devices that the rules are for. */
  get devices(): readonly GateDevice[] {
    return this.#ruleset.devices;
  }

  /** Renders the gate, shut, for these devices. Throws a Problem where the kernel or nft cannot do it. */
  async start(devices: readonly GateDevice[]): Promise<void> {
    await this.#render(devices);
  }

  /** Devices that came, left or changed their MAC: the gate is rendered again, shut, and counts as lost. */
  async setDevices(devices: readonly GateDevice[], why: string): Promise<void> {
    await this.#renderAgain(devices, why);
  }

  /** Level trigger, to be called a few times a second: looks whether the ruleset is still ours. */
  async check(): Promise<void> {
    // One look at a time: what one that the kernel held up has seen says nothing of what was rendered meanwhile.
    if (this.#looking || this.#ruleset.busy) return;
    this.#looking = true;
    try {
      const why = this.#unrendered ?? (await this.#ruleset.changed());
      if (why !== undefined) await this.#lost(why);
      else if (!this.#backstop.stands) await this.#makeBackstop(this.#ruleset.devices);
    } finally {
      this.#looking = false;
    }
  }

  async arm(token: number, groups: readonly GroupName[], lifetime: number, deadline: number): Promise<boolean> {
    if (this.#refused(deadline)) return false;
    this.#armed.set(token, groups);
    if (this.#armed.size > 64) this.#armed.delete(this.#armed.keys().next().value!);
    const timeout = Math.floor(lifetime);
    if (timeout <= 0) return false;
    return this.#change({ add: [{ set: 'armed', key: markBytes(this.#mark(token)), timeout }] });
  }

  async grant(token: number, groups: readonly GroupName[], deadline: number): Promise<boolean> {
    if (this.#refused(deadline)) return false;
    const armed = this.#armed.get(token);
    if (armed === undefined || !groups.every((group) => armed.includes(group))) return false;
    const addresses = this.#of(groups);
    if (addresses.length === 0) return true;
    const mark = this.#mark(token);
    const old = addresses.filter((address) => this.#granted.has(address));
    for (const address of addresses) this.#granted.set(address, mark);
    const changes: ElementChanges = {
      remove: old.flatMap((address) => this.#grantElements(address, undefined)),
      add: addresses.flatMap((address) => this.#grantElements(address, mark)),
    };
    if (old.length < addresses.length) return this.#change(changes);
    // The gate is open already, and this only keeps it so: were the ruleset gone, the next arm would say it. Ten times a
    // second an acknowledgement that nobody needs is worth sparing.
    this.#netlink.post(elementTransaction(gateTable, changes, false));
    this.#ruleset.countChange();
    return true;
  }

  /**
   * Shuts the gate of these groups. With `pass`, frames for them go on to that MAC from the same instant, for a while and
   * only as long as that token is armed.
   */
  async close(
    groups: readonly GroupName[],
    pass?: { readonly mac: MacAddress; readonly lifetime: number; readonly token: number },
  ): Promise<boolean> {
    // What is rendered anew is shut, but only once the kernel has it. Where it refused that, a token may still be armed.
    try {
      await this.#ruleset.settled();
    } catch {
      return false;
    }
    if (this.#unrendered !== undefined) return false;
    const addresses = this.#of(groups);
    const remove = addresses
      .filter((address) => this.#granted.has(address))
      .flatMap((address) => this.#grantElements(address, undefined));
    for (const address of addresses) this.#granted.delete(address);
    for (const [token, armed] of this.#armed) {
      this.#armed.set(
        token,
        armed.filter((group) => !groups.includes(group)),
      );
    }
    const now = this.#options.now();
    const handOver =
      pass === undefined
        ? this.#handOvers.end(addresses, now)
        : this.#handOvers.yieldTo(addresses, pass.mac, this.#mark(pass.token), pass.lifetime, now);
    return this.#change({ ...handOver, remove });
  }

  async acceptPassed(
    from: MacAddress,
    groups: readonly GroupName[],
    lifetime: number,
    deadline: number,
  ): Promise<boolean> {
    if (this.#refused(deadline)) return false;
    const addresses = this.#of(groups);
    if (addresses.length === 0) return true;
    return this.#change(this.#handOvers.acceptFrom(addresses, from, lifetime, this.#options.now()));
  }

  /**
   * The MACs of the other directors: what they send for an address is delivered here and never forwarded. Those that an
   * earlier musterd left stay, since they do no more than deliver locally.
   */
  async setPeers(macs: ReadonlySet<MacAddress>): Promise<void> {
    if (this.#ruleset.busy) return;
    const add = [...macs].filter((mac) => !this.#peers.has(mac));
    const remove = [...this.#peers].filter((mac) => !macs.has(mac));
    this.#peers = new Set(macs);
    const changes = { remove: remove.map(peerElement), add: add.map(peerElement) };
    await Promise.all([this.#change(changes), this.#backstop.changePeers(changes)]);
  }

  /** One transaction of another driver of ours was acknowledged: no reason to look for what somebody changed. */
  countChange(): void {
    this.#ruleset.countChange();
  }

  stop(): void {
    this.#netlink.close();
  }

  #refused(deadline: number): boolean {
    return this.#ruleset.busy || this.#unrendered !== undefined || this.#options.now() > deadline;
  }

  #mark(token: number): number {
    return ((token + this.#salt) | 0 | tokenMarkBit) >>> 0;
  }

  #of(groups: readonly GroupName[]): readonly IpAddress[] {
    return groups.flatMap((group) => this.#options.groups.get(group) ?? []);
  }

  /** The map elements of one address, with the mark as data or, to remove them, without. */
  #grantElements(address: IpAddress, mark: number | undefined): Element[] {
    const data = mark === undefined ? undefined : markBytes(mark);
    const own: Element = { set: `granted${family(address)}`, key: addressBytes(address), data };
    if (family(address) === 4) return [own];
    const index = this.#addresses.indexOf(address);
    return [own, { set: 'granted-target', key: markBytes(addressMark(index)), data }];
  }

  async #change(changes: ElementChanges): Promise<boolean> {
    const { flush = [], remove = [], add = [] } = changes;
    if (flush.length + remove.length + add.length === 0) return true;
    const { error } = await this.#netlink.transaction(elementTransaction(gateTable, changes));
    if (error === 0) {
      this.#ruleset.countChange();
      this.#said = '';
      return true;
    }
    if (error !== errno.ENOENT)
      this.#say(`the kernel has not done a change of the gate: ${getSystemErrorName(-error)}`);
    else if (!this.#ruleset.busy) await this.#lost('a table, set or element was gone');
    return false;
  }

  async #lost(why: string): Promise<void> {
    if (!this.#ruleset.busy) await this.#renderAgain(this.#ruleset.devices, why);
  }

  /**
   * Renders the gate while musterd runs. Where the kernel refuses, the gate is not said to be lost, since that would mean
   * that it stands again, shut: it shuts when what is armed times out, the lease ends, and the next look tries again.
   */
  async #renderAgain(devices: readonly GateDevice[], why: string): Promise<void> {
    try {
      await this.#render(devices);
    } catch (error) {
      this.#unrendered = why;
      this.#say(`the gate could not be rendered again, and stays shut until it is: ${(error as Error).message}`);
      return;
    }
    this.#unrendered = undefined;
    this.#said = '';
    this.#options.onLost(why);
  }

  #say(trouble: string): void {
    if (trouble !== this.#said) this.#options.onTrouble(trouble);
    this.#said = trouble;
  }

  async #render(devices: readonly GateDevice[]): Promise<void> {
    this.#granted.clear();
    this.#armed.clear();
    this.#handOvers.forget();
    this.#salt = Math.floor(Math.random() * 0x7fff_ffff);
    await this.#ruleset.render(devices, async () => {
      if (this.#peers.size > 0) {
        const add = [...this.#peers].map(peerElement);
        await this.#netlink.transaction(elementTransaction(gateTable, { add }));
      }
      await this.#makeBackstop(devices);
      await this.#options.onRendered();
    });
  }

  #makeBackstop(devices: readonly GateDevice[]): Promise<void> {
    return this.#backstop.make(
      devices.map(({ name }) => name),
      this.#peers,
    );
  }
}

const family = (address: IpAddress): 4 | 6 => (address.includes(':') ? 6 : 4);
