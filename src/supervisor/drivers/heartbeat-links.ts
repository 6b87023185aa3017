import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Problem } from '../../base/problem.ts';
import type { Link } from '../../model/cluster.ts';
import type { IpAddress, NodeName } from '../../model/names.ts';

/** A way out: one datagram to it reaches one peer (ucast) or all of them. */
interface Route {
  readonly device: string;
  readonly socket: Socket;
  readonly address: IpAddress;
  readonly port: number;
  readonly reachesAll: boolean;
}

export interface HeartbeatLinksOptions {
  readonly links: readonly Link[];
  readonly port: number;
  /** Every datagram that comes in, with the device of the link that it most likely took. */
  readonly onDatagram: (bytes: Buffer, link: string, address: IpAddress) => void;
  /** What a person should know: an error that is not the usual "peer is away". */
  readonly onTrouble: (why: string) => void;
}

/** Errors of a send that only say that somebody is away, or that we are cut off: membership finds that out by itself. */
const usualErrors = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ECONNREFUSED',
  'EHOSTDOWN',
  'ENETDOWN',
  'EPERM',
  'EAGAIN',
]);

/** The heartbeat links of ha.cf as UDP sockets, one for each family and port. */
export class HeartbeatLinks {
  readonly #options: HeartbeatLinksOptions;
  readonly #sockets = new Map<string, Socket>();
  #routes: readonly Route[] = [];
  /** Where each node's datagrams came from, by device: so that only its own addresses get what is meant for it. */
  readonly #learned = new Map<NodeName, Map<string, IpAddress>>();

  constructor(options: HeartbeatLinksOptions) {
    this.#options = options;
  }

  /** Opens the sockets. Throws a Problem where the port is taken. */
  async start(): Promise<void> {
    const own = ownAddresses();
    const routes: Route[] = [];
    for (const link of this.#options.links) {
      const route = await this.#route(link, own);
      if (route !== undefined) routes.push(route);
    }
    this.#routes = routes;
  }

  /** Sends a datagram over every link that reaches this node. */
  send(to: NodeName, bytes: Uint8Array): void {
    const known = this.#learned.get(to);
    for (const route of this.#routes) {
      if (!route.reachesAll && !this.#mayReach(to, known, route)) continue;
      route.socket.send(bytes, route.port, route.address, (error) => {
        const code = (error as NodeJS.ErrnoException | null)?.code;
        if (code !== undefined && !usualErrors.has(code)) this.#options.onTrouble(`${route.device}: ${error!.message}`);
      });
    }
  }

  /** An authentic datagram of this node came from there. */
  learn(node: NodeName, link: string, address: IpAddress): void {
    const known = this.#learned.get(node);
    if (known === undefined) this.#learned.set(node, new Map([[link, address]]));
    else if (known.get(link) !== address) known.set(link, address);
  }

  /** The addresses that a node was heard from. */
  addressesOf(node: NodeName): readonly IpAddress[] {
    return [...(this.#learned.get(node)?.values() ?? [])];
  }

  stop(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    this.#routes = [];
  }

  /** A node that was never heard on this link may be behind any address there that is nobody else's. */
  #mayReach(to: NodeName, known: ReadonlyMap<string, IpAddress> | undefined, route: Route): boolean {
    const address = known?.get(route.device);
    if (address !== undefined) return address === route.address;
    for (const [name, addresses] of this.#learned) {
      if (name !== to && addresses.get(route.device) === route.address) return false;
    }
    return true;
  }

  async #route(link: Link, own: ReadonlySet<IpAddress>): Promise<Route | undefined> {
    const { device } = link;
    const { port } = link.method === 'mcast' ? link : this.#options;
    if (link.method === 'ucast') {
      const address = await resolve(link.peer);
      if (own.has(address)) return undefined;
      return { device, socket: await this.#socket(address, port), address, port, reachesAll: false };
    }
    const local = (networkInterfaces()[device] ?? []).find(({ family }) => family === 'IPv4');
    if (local === undefined) {
      throw new Problem(
        'badInput',
        `Cannot open the link "${link.method} ${device}" as ${device} must have an address: it has none`,
      );
    }
    const address = link.method === 'mcast' ? link.group : broadcastOf(local.address, local.netmask);
    const socket = await this.#socket(address, port);
    if (link.method === 'bcast') socket.setBroadcast(true);
    else {
      socket.addMembership(link.group, local.address);
      socket.setMulticastInterface(local.address);
      socket.setMulticastTTL(link.ttl);
      socket.setMulticastLoopback(link.loop !== 0);
    }
    return { device, socket, address, port, reachesAll: true };
  }

  async #socket(address: IpAddress, port: number): Promise<Socket> {
    const type = isIPv6(address) ? 'udp6' : 'udp4';
    const found = this.#sockets.get(`${type}:${port}`);
    if (found !== undefined) return found;
    // All addresses are numeric: without a lookup of its own, each datagram would go through the resolver's queue.
    const numeric = (host: string, _: object, done: (error: null, address: string, family: number) => void): void =>
      done(null, host, type === 'udp6' ? 6 : 4);
    const socket = createSocket({ type, lookup: numeric, ...(type === 'udp6' ? { ipv6Only: true } : {}) });
    const listening = once(socket, 'listening');
    socket.bind({ port, exclusive: true });
    try {
      await listening;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const hint = code === 'EADDRINUSE' ? `somebody else listens there: ss -lupn 'sport = :${port}'` : undefined;
      throw new Problem('defect', `Cannot open heartbeat port "${port}" as it must be free: ${message}`, { hint });
    }
    socket.on('error', (error) => this.#options.onTrouble(error.message));
    socket.on('message', (bytes, from) => this.#options.onDatagram(bytes, this.#linkOf(from), from.address));
    this.#sockets.set(`${type}:${port}`, socket);
    return socket;
  }

  #linkOf({ address }: RemoteInfo): string {
    const route = this.#routes.find((candidate) => candidate.address === address);
    return (route ?? this.#routes.find(({ reachesAll }) => reachesAll))?.device ?? 'unknown';
  }
}

async function resolve(peer: string): Promise<IpAddress> {
  if (isIP(peer) !== 0) return peer;
  try {
    return (await lookup(peer)).address;
  } catch (error) {
    throw new Problem(
      'badInput',
      `Cannot reach the peer "${peer}" as its name must resolve: ${(error as Error).message}`,
      {
        hint: 'write its address into ha.cf, or its name into /etc/hosts',
      },
    );
  }
}

function ownAddresses(): Set<IpAddress> {
  return new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)));
}

function broadcastOf(address: IpAddress, netmask: IpAddress): IpAddress {
  const mask = netmask.split('.').map(Number);
  return address
    .split('.')
    .map((part, index) => (Number(part) | ~mask[index]!) & 0xff)
    .join('.');
}
