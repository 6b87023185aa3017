import { type Network, networkContains, parseIp, parseNetwork } from '../../base/ip.ts';
import type { IpAddress } from '../../model/names.ts';
import type { Devices } from './devices.ts';
import { NETLINK_ROUTE, NetlinkConnection } from './netlink/connection.ts';
import { addressesRequest, readAddress } from './netlink/route.ts';
import type { RawSockets } from './raw-sockets.ts';

/** An address of this machine, without a zone, with the network that it is in. */
export interface OwnAddress {
  readonly device: string;
  readonly address: IpAddress;
  readonly version: 4 | 6;
  readonly prefix: number;
  readonly network: Network;
}

/** Who knows the addresses of this machine; all that is asked of it is answered at once. */
export interface AddressBook {
  readonly all: ReadonlySet<IpAddress>;
  /** The addresses of a device in one family. */
  on(device: string, version: 4 | 6): readonly OwnAddress[];
}

/**
 * The addresses of this machine as they were when the kernel was last asked. A question to the kernel may be held up for
 * seconds by its one lock for links, which it also has while it removes the network namespaces of others (a bridge of
 * theirs costs it a grace period of RCU): so the daemon's own thread never asks (os.networkInterfaces() would), and
 * decides by the last snapshot until the next one is there.
 */
export class OwnAddresses implements AddressBook {
  readonly #netlink: NetlinkConnection;
  readonly #devices: Pick<Devices, 'nameOf'>;
  #known: readonly OwnAddress[] = [];
  #bodies: readonly Buffer[] = [];
  #all: ReadonlySet<IpAddress> = new Set();

  constructor(sockets: RawSockets, now: () => number, devices: Pick<Devices, 'nameOf'>) {
    this.#netlink = new NetlinkConnection(sockets, NETLINK_ROUTE, now);
    this.#devices = devices;
  }

  get all(): ReadonlySet<IpAddress> {
    return this.#all;
  }

  on(device: string, version: 4 | 6): readonly OwnAddress[] {
    return this.#known.filter((own) => own.device === device && own.version === version);
  }

  /** Resolves when the addresses are known; throws a Problem where the kernel does not say them. */
  async start(): Promise<void> {
    const dumps = ([4, 6] as const).map(addressesRequest);
    const answers = await Promise.all(dumps.map(({ type, body }) => this.#netlink.insist(type, body)));
    this.#learn(answers.flat().map((message) => message.body));
  }

  /** Asks the kernel; where no whole answer comes, what was known last is still what is known. Never rejects. */
  async refresh(): Promise<void> {
    const dumps = ([4, 6] as const).map(addressesRequest);
    const answers = await Promise.all(dumps.map(({ type, body }) => this.#netlink.dump(type, body)));
    if (answers.some(({ error }) => error !== 0)) return;
    const bodies = answers.flatMap(({ messages }) => messages.map((message) => message.body));
    // Hardly ever anything has changed, and this is asked for each second.
    const same = bodies.length === this.#bodies.length && bodies.every((body, at) => body.equals(this.#bodies[at]!));
    if (!same) this.#learn(bodies);
  }

  stop(): void {
    this.#netlink.close();
  }

  #learn(bodies: readonly Buffer[]): void {
    this.#bodies = bodies;
    this.#known = bodies.flatMap((body) => {
      const found = readAddress(body);
      // A device that has just come is not known yet; its address is ours all the same.
      return found === undefined ? [] : [ownAddress(this.#devices.nameOf(found.device) ?? '', found)];
    });
    this.#all = new Set(this.#known.map(({ address }) => address).sort());
  }
}

/** An address with its network; throws on text that is no address. */
export function ownAddress(device: string, { address, prefix }: { address: IpAddress; prefix: number }): OwnAddress {
  const network = parseNetwork(`${address}/${prefix}`);
  if (network === undefined) throw new Error(`"${address}/${prefix}" is no network`);
  return { device, address, version: network.version, prefix, network };
}

/** Whether `address` (without a zone) is in the network of one of these. */
export function isNear(address: IpAddress, own: readonly OwnAddress[]): boolean {
  const ip = parseIp(address);
  return ip !== undefined && own.some(({ network }) => networkContains(network, ip));
}

/** The broadcast address of the network of an IPv4 address. */
export function broadcastOf({ address, prefix }: OwnAddress): IpAddress {
  const mask = prefix === 0 ? 0 : -1 << (32 - prefix);
  return address
    .split('.')
    .map((part, index) => (Number(part) | ~(mask >>> (24 - 8 * index))) & 0xff)
    .join('.');
}
