import type { RemoteInfo, Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Link } from '../../model/cluster.ts';
import type { IpAddress } from '../../model/names.ts';
import { resolveAddress, withoutZone, withZone } from './link-sockets.ts';
import { type AddressBook, broadcastOf, isNear } from './own-addresses.ts';

/** One heartbeat link: all `ucast` lines of a device and family together, or one `bcast` device, or one `mcast` line. */
export interface LinkSpec {
  /** As `status` and the journal call it: `ucast eth0`, `mcast6 eth1 ff12::1`. */
  readonly name: string;
  readonly device: string;
  readonly version: 4 | 6;
  readonly port: number;
  /** Addresses or names of single peers; empty where one datagram reaches them all. */
  readonly peers: readonly string[];
  readonly multicast: Extract<Link, { method: 'mcast' }> | undefined;
}

/** The links of ha.cf in its order; `port` is that of ucast and bcast. */
export function linkSpecs(links: readonly Link[], port: number): LinkSpec[] {
  const specs = new Map<string, LinkSpec & { readonly peers: string[] }>();
  for (const link of links) {
    const target = link.method === 'ucast' ? link.peer : link.method === 'mcast' ? link.group : '';
    const version = isIPv6(target) ? 6 : 4;
    const directive = version === 6 ? `${link.method}6` : link.method;
    const name = `${directive} ${link.device}${link.method === 'mcast' ? ` ${link.group}` : ''}`;
    const multicast = link.method === 'mcast' ? link : undefined;
    const spec = specs.get(name) ?? {
      name,
      device: link.device,
      version,
      port: multicast?.port ?? port,
      peers: [],
      multicast,
    };
    if (link.method === 'ucast') spec.peers.push(link.peer);
    specs.set(name, spec);
  }
  return [...specs.values()];
}

/** Where datagrams of an open link go, and where those that come to it are received. */
export interface LinkEnds {
  /** The address that its socket is bound to; with its zone. */
  readonly local: IpAddress;
  /** The own address of the device that it depends on. */
  readonly own: IpAddress;
  readonly targets: readonly IpAddress[];
}

/**
 * The ends of a link with the addresses that this machine has; `virtual` are addresses that come and go. Throws an Error
 * that says what is missing.
 */
export async function endsOf(spec: LinkSpec, book: AddressBook, virtual: ReadonlySet<IpAddress>): Promise<LinkEnds> {
  const there = book.on(spec.device, spec.version).filter(({ address }) => !virtual.has(address));
  if (there.length === 0) throw new Error(`${spec.device} has no IPv${spec.version} address`);
  const [first] = there;
  if (spec.multicast !== undefined) {
    const group = withZone(spec.multicast.group, spec.device);
    return { local: group, own: first!.address, targets: [group] };
  }
  if (spec.name.startsWith('bcast')) {
    const address = broadcastOf(first!);
    return { local: address, own: first!.address, targets: [address] };
  }
  const resolved = await Promise.all(spec.peers.map(resolveAddress));
  // The line that names this node itself is there so that the file is the same everywhere.
  const others = resolved.filter((address) => !book.all.has(address));
  const near = there.find((info) => others.some((address) => isNear(withoutZone(address), [info]))) ?? first!;
  const targets = others.map((address) => withZone(address, spec.device));
  return { local: withZone(near.address, spec.device), own: near.address, targets };
}

/**
 * Sets an open socket up for the kind of its link. Joining a group waits for the kernel's lock of links, and so does the
 * close of a socket that has joined; both can only be done by who has the socket, and are as rare as new addresses are.
 */
export function prepareSocket(socket: Socket, { name, device, multicast, version }: LinkSpec, own: IpAddress): void {
  if (name.startsWith('bcast')) socket.setBroadcast(true);
  if (multicast === undefined) return;
  const source = version === 6 ? `::%${device}` : own;
  socket.addMembership(multicast.group, source);
  socket.setMulticastInterface(source);
  socket.setMulticastTTL(multicast.ttl);
  socket.setMulticastLoopback(multicast.loop !== 0);
}

/**
 * Whether what came from there came over this link. Only for multicast is there a doubt: a socket gets what any device of
 * the machine that joined the group received.
 */
export function cameOver({ device, version, multicast }: LinkSpec, book: AddressBook, from: RemoteInfo): boolean {
  if (multicast === undefined) return true;
  const zone = from.address.split('%')[1];
  return zone === undefined ? isNear(from.address, book.on(device, version)) : zone === device;
}
