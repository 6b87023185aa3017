import { getSystemErrorName } from 'node:util';
import type { GroupName } from '../../model/names.ts';
import type { PlacedAddress } from './address.ts';
import type { Devices } from './devices.ts';
import type { Addresses, Gate } from './gate.ts';
import type { GateDevice } from './lease-gate-ruleset.ts';
import { errno, NETLINK_ROUTE, NetlinkConnection } from './netlink/connection.ts';
import { dropAddress, holdAddress } from './netlink/route.ts';
import type { RawSockets } from './raw-sockets.ts';

/**
 * How much later than its lifetime says the kernel takes an address away, in milliseconds: it looks at most once a second
 * (ADDRCONF_TIMER_FUZZ_MAX in net/addrconf.h), and rounds its timer by up to a quarter of one (ADDRCONF_TIMER_FUZZ).
 */
export const kernelSlack = 1250;

/**
 * Whole seconds of lifetime for an address whose lease ends in `left` milliseconds: rounded down, so that the kernel has
 * taken it away before that even where it is as late as it may be. Below 1: it must not go up at all.
 */
export function lifetimeSeconds(left: number): number {
  return Math.floor((left - kernelSlack) / 1000);
}

interface Armed {
  readonly end: number;
  groups: readonly GroupName[];
}

/**
 * The guard of kernels without a packet filter: a virtual IP is on the network device only with a lifetime that ends
 * before the lease does, and nowhere else, so a node whose musterd is dead, stopped or cut off grows silent by the
 * kernel's own count.
 *
 * Arm, ask, grant cannot be had here: what would be armed is what would be open. So arming only notes when the lease was
 * asked for; the grant gives the address what is left of it, counted from there, and looks again when the kernel has
 * acknowledged it: where that took too long, the address goes away at once. A process that is frozen between the two, or a
 * command that lies in a pipe meanwhile, can therefore keep an address for up to its lifetime after the thaw, less what
 * the look takes: the gate of the packet filter has no such hole.
 */
export class AddressLifetime implements Gate, Addresses {
  readonly busy = false;
  readonly #netlink: NetlinkConnection;
  readonly #now: () => number;
  readonly #hardware: Devices;
  readonly #placed: readonly PlacedAddress[];
  readonly #onTrouble: (why: string) => void;
  readonly #armed = new Map<number, Armed>();
  readonly #granted = new Set<GroupName>();
  #devices: readonly GateDevice[] = [];
  #said = '';

  constructor(
    sockets: RawSockets,
    now: () => number,
    hardware: Devices,
    placed: readonly PlacedAddress[],
    onTrouble: (why: string) => void,
  ) {
    this.#netlink = new NetlinkConnection(sockets, NETLINK_ROUTE, now);
    this.#now = now;
    this.#hardware = hardware;
    this.#placed = placed;
    this.#onTrouble = onTrouble;
  }

  get devices(): readonly GateDevice[] {
    return this.#devices;
  }

  async start(devices: readonly GateDevice[]): Promise<void> {
    this.#devices = devices;
    await this.release();
  }

  async setDevices(devices: readonly GateDevice[]): Promise<void> {
    this.#devices = devices;
  }

  async check(): Promise<void> {}

  async arm(token: number, groups: readonly GroupName[], lifetime: number, deadline: number): Promise<boolean> {
    const now = this.#now();
    if (now > deadline) return false;
    this.#armed.set(token, { end: now + lifetime, groups });
    if (this.#armed.size > 64) this.#armed.delete(this.#armed.keys().next().value!);
    return true;
  }

  async grant(token: number, groups: readonly GroupName[], deadline: number): Promise<boolean> {
    const armed = this.#armed.get(token);
    if (armed === undefined || this.#now() > deadline || !groups.every((name) => armed.groups.includes(name)))
      return false;
    const seconds = lifetimeSeconds(armed.end - this.#now());
    if (seconds < 1) return false;
    for (const name of groups) this.#granted.add(name);
    const done = await Promise.all(this.#of(groups).map((placed) => this.#put(placed, seconds)));
    // Closed meanwhile: the kernel got that command after this one, and the address is gone again.
    if (!groups.every((name) => armed.groups.includes(name))) return false;
    const inTime = this.#now() + seconds * 1000 + kernelSlack <= armed.end;
    if (inTime) return done.every((ok) => ok);
    this.#onTrouble(`the kernel took too long to give ${groups.join(', ')} its lifetime; it was taken down again`);
    await this.close(groups);
    return false;
  }

  async close(groups: readonly GroupName[]): Promise<boolean> {
    for (const name of groups) this.#granted.delete(name);
    for (const armed of this.#armed.values()) armed.groups = armed.groups.filter((name) => !groups.includes(name));
    const gone = await Promise.all(this.#of(groups).map((placed) => this.#drop(placed, placed.device)));
    return gone.every((ok) => ok);
  }

  /** What a peer passes on would have nowhere to go: the address is not here before its grant. */
  async acceptPassed(): Promise<boolean> {
    return true;
  }

  async setPeers(): Promise<void> {}

  countChange(): void {}

  /** Grants put addresses up and closes take them down; what is decided about the groups follows from those. */
  async hold(): Promise<void> {}

  /** Takes away what somebody else put up. */
  async refresh(): Promise<void> {
    const stray = this.#placed.filter(({ group }) => !this.#granted.has(group));
    await Promise.all(stray.map((placed) => this.#drop(placed, placed.device)));
  }

  /** Off the network and off `lo`, where a guard with a packet filter may have left them: there they would be answered for. */
  async release(): Promise<void> {
    this.#granted.clear();
    this.#armed.clear();
    await Promise.all(
      this.#placed.flatMap((placed) => [
        this.#drop(placed, placed.device),
        this.#drop({ ...placed, prefix: whole(placed) }, 'lo'),
      ]),
    );
  }

  stop(): void {
    this.#netlink.close();
  }

  #of(groups: readonly GroupName[]): readonly PlacedAddress[] {
    return this.#placed.filter(({ group }) => groups.includes(group));
  }

  async #put({ address, prefix, device }: PlacedAddress, seconds: number): Promise<boolean> {
    const found = this.#hardware.get(device);
    if (found === undefined) return this.#tell(`${address} has no device ${device} to go on`);
    const { error } = await this.#netlink.request(holdAddress(address, prefix, found.index, seconds));
    return error === 0 || this.#tell(`${address} does not go on ${device}: ${getSystemErrorName(-error)}`);
  }

  async #drop({ address, prefix }: PlacedAddress, device: string): Promise<boolean> {
    const found = this.#hardware.get(device);
    if (found === undefined) return true;
    const { error } = await this.#netlink.request(dropAddress(address, prefix, found.index));
    const gone = error === 0 || error === errno.EADDRNOTAVAIL || error === errno.ENODEV;
    return gone || this.#tell(`${address} does not go off ${device}: ${getSystemErrorName(-error)}`);
  }

  #tell(why: string): false {
    if (why !== this.#said) this.#onTrouble(why);
    this.#said = why;
    return false;
  }
}

function whole({ address }: PlacedAddress): number {
  return address.includes(':') ? 128 : 32;
}
