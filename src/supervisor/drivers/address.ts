import { isIPv6 } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { GroupName, IpAddress } from '../../model/names.ts';
import type { Devices } from './devices.ts';
import type { Addresses } from './gate.ts';
import { errno, NETLINK_ROUTE, NetlinkConnection } from './netlink/connection.ts';
import { dropAddress, holdAddress, keepAddress } from './netlink/route.ts';
import type { RawSockets } from './raw-sockets.ts';

/** A virtual IP with the device and prefix length that it has there while it is held. */
export interface PlacedAddress {
  readonly group: GroupName;
  readonly address: IpAddress;
  readonly device: string;
  readonly prefix: number;
}

/** Seconds that an address stays on the network device after the last renewal; renewed about each second. */
export const heldSeconds = 3;

/**
 * Where the virtual IPs lie. On `lo` always, so that this node can be a real server for them; on the network device
 * only while their group is held, and there with a lifetime, so that they go by themselves when musterd is gone.
 */
export class AddressDriver implements Addresses {
  readonly #netlink: NetlinkConnection;
  readonly #devices: Devices;
  readonly #addresses: readonly PlacedAddress[];
  readonly #onTrouble: (why: string) => void;
  #held: ReadonlySet<GroupName> = new Set();
  #said = '';

  constructor(
    sockets: RawSockets,
    now: () => number,
    devices: Devices,
    addresses: readonly PlacedAddress[],
    onTrouble: (why: string) => void,
  ) {
    this.#netlink = new NetlinkConnection(sockets, NETLINK_ROUTE, now);
    this.#devices = devices;
    this.#addresses = addresses;
    this.#onTrouble = onTrouble;
  }

  /** The desired state from now on, brought about at once. */
  async hold(groups: readonly GroupName[]): Promise<void> {
    const before = this.#held;
    this.#held = new Set(groups);
    await this.#apply(this.#addresses.filter(({ group }) => before.has(group) !== this.#held.has(group)));
  }

  /** Level trigger, to be called about each second: renews lifetimes, restores what was lost, removes leftovers. */
  async refresh(): Promise<void> {
    await this.#apply(this.#addresses);
  }

  /**
   * Takes everything off the network devices; what lies on `lo` stays, for the real server's sake. Puts nothing there
   * either: before the gate is rendered, a node with an address on `lo` accepts whatever frames reach its MAC.
   */
  async release(): Promise<void> {
    this.#held = new Set();
    this.#tell(await Promise.all(this.#addresses.map((placed) => this.#onDevice(placed))));
  }

  stop(): void {
    this.#netlink.close();
  }

  async #apply(addresses: readonly PlacedAddress[]): Promise<void> {
    this.#tell(await Promise.all(addresses.flatMap((placed) => [this.#onLoopback(placed), this.#onDevice(placed)])));
  }

  #tell(results: readonly string[]): void {
    const trouble = results.filter((text) => text !== '').join('; ');
    if (trouble !== '' && trouble !== this.#said) this.#onTrouble(trouble);
    this.#said = trouble;
  }

  async #onLoopback({ address }: PlacedAddress): Promise<string> {
    const loopback = this.#devices.get('lo');
    if (loopback === undefined) return '';
    const { error } = await this.#netlink.request(keepAddress(address, isIPv6(address) ? 128 : 32, loopback.index));
    return error === 0 || error === errno.EEXIST ? '' : `${address} does not go on lo: ${getSystemErrorName(-error)}`;
  }

  async #onDevice({ group, address, device, prefix }: PlacedAddress): Promise<string> {
    const found = this.#devices.get(device);
    const held = this.#held.has(group);
    if (found === undefined) return held ? `${address} has no device ${device} to go on` : '';
    const request = held
      ? holdAddress(address, prefix, found.index, heldSeconds)
      : dropAddress(address, prefix, found.index);
    const { error } = await this.#netlink.request(request);
    const gone = !held && (error === errno.EADDRNOTAVAIL || error === errno.ENODEV);
    return error === 0 || gone
      ? ''
      : `${address} does not go ${held ? 'on' : 'off'} ${device}: ${getSystemErrorName(-error)}`;
  }
}
