import type { Socket } from 'node:dgram';
import { Problem } from '../../base/problem.ts';
import type { Link } from '../../model/cluster.ts';
import type { IpAddress, NodeName } from '../../model/names.ts';
import { cameOver, endsOf, type LinkEnds, type LinkSpec, linkSpecs, prepareSocket } from './heartbeat-link.ts';
import { openSocket, withoutZone } from './link-sockets.ts';
import type { OwnAddresses } from './own-addresses.ts';

export interface HeartbeatLinksOptions {
  readonly links: readonly Link[];
  readonly port: number;
  readonly addresses: Pick<OwnAddresses, 'all' | 'on' | 'refresh'>;
  /** Addresses that no link may depend on, as they come and go. */
  readonly virtual?: ReadonlySet<IpAddress> | undefined;
  /** Every datagram that comes in, with the name of the link that it took. */
  readonly onDatagram: (bytes: Buffer, link: string, address: IpAddress) => void;
  /** What a person should know: a link that does not open or opens at last, an error that is not the usual "peer is away". */
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
  'EINVAL',
  'EADDRNOTAVAIL',
  'ENODEV',
]);

/**
 * What became of a datagram is asked of one in so many: an error that a person should know of lasts, and asking costs.
 * More than there are peers and prime, so that each has its turn.
 */
const askEvery = 11;

interface OpenLink {
  readonly spec: LinkSpec;
  readonly onSent: (error: Error | null) => void;
  sent: number;
  ends: LinkEnds | undefined;
  socket: Socket | undefined;
  /** Why it is not open. */
  trouble: string | undefined;
}

/** A link as it is here, whoever is heard over it. */
export interface LinkState {
  readonly name: string;
  readonly device: string;
  /** undefined: it is open. */
  readonly trouble: string | undefined;
  /** How many single peers it reaches; undefined: all. */
  readonly reaches: number | undefined;
}

/** The heartbeat links of ha.cf as UDP sockets. One that cannot be opened is tried again; the others do without it. */
export class HeartbeatLinks {
  readonly #options: HeartbeatLinksOptions;
  readonly #links: readonly OpenLink[];
  /** Where each node's datagrams came from, by link: so that only its own addresses get what is meant for it. */
  readonly #learned = new Map<NodeName, Map<string, IpAddress>>();
  #learnings = 0;
  #busy = false;
  #stopped = false;

  constructor(options: HeartbeatLinksOptions) {
    this.#options = options;
    const specs = linkSpecs(options.links, options.port);
    this.#links = specs.map((spec) => ({
      spec,
      onSent: (error) => this.#onSent(spec, error),
      sent: 0,
      ends: undefined,
      socket: undefined,
      trouble: 'it was never opened',
    }));
  }

  /** Opens the sockets. Throws a Problem where none opens as somebody else has the port. */
  async start(): Promise<void> {
    await this.maintain();
    const taken = this.#links.filter(({ trouble }) => trouble?.includes('EADDRINUSE'));
    if (taken.length === 0 || this.#links.some(({ socket }) => socket !== undefined)) return;
    const { port } = taken[0]!.spec;
    throw new Problem('defect', `Cannot open heartbeat port "${port}" as it must be free: ${taken[0]!.trouble}`, {
      hint: `somebody else listens there: ss -lupn 'sport = :${port}'`,
    });
  }

  /** Opens what is not open, and anew what lost the address that it depends on; to be called about once a second. */
  async maintain(): Promise<void> {
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    try {
      const { addresses } = this.#options;
      await addresses.refresh();
      for (const link of this.#links) {
        // A device that is down may lose its addresses for a while: its socket works again in the moment that it is up.
        const renumbered = addresses.on(link.spec.device, link.spec.version).length > 0;
        if (link.ends !== undefined && renumbered && !addresses.all.has(link.ends.own))
          this.#shut(link, `${link.ends.own} is gone`);
        if (link.socket === undefined) await this.#open(link);
      }
    } finally {
      this.#busy = false;
    }
  }

  /** Sends a datagram over every link that reaches this node. */
  send(to: NodeName, bytes: Uint8Array): void {
    const known = this.#learned.get(to);
    for (const link of this.#links) {
      const { spec, socket, ends } = link;
      if (socket === undefined) continue;
      for (const target of ends!.targets) {
        if (spec.peers.length > 0 && !this.#mayReach(to, known, spec.name, target)) continue;
        link.sent++;
        if (link.sent % askEvery === 0) socket.send(bytes, spec.port, target, link.onSent);
        else socket.send(bytes, spec.port, target);
      }
    }
  }

  #onSent({ name }: LinkSpec, error: Error | null): void {
    const code = (error as NodeJS.ErrnoException | null)?.code;
    if (code !== undefined && !usualErrors.has(code)) this.#options.onTrouble(`${name}: ${error!.message}`);
  }

  /** An authentic datagram of this node came from there. */
  learn(node: NodeName, link: string, address: IpAddress): void {
    const known = this.#learned.get(node);
    const plain = withoutZone(address);
    if (known?.get(link) === plain) return;
    this.#learnings++;
    if (known === undefined) this.#learned.set(node, new Map([[link, plain]]));
    else known.set(link, plain);
  }

  /** Changes whenever an address was learned. */
  get learned(): number {
    return this.#learnings;
  }

  /** The addresses that a node was heard from. */
  addressesOf(node: NodeName): readonly IpAddress[] {
    return [...new Set(this.#learned.get(node)?.values() ?? [])];
  }

  /** The links as they are here, in the order of ha.cf. */
  states(): LinkState[] {
    return this.#links.map(({ spec, ends, trouble }) => ({
      name: spec.name,
      device: spec.device,
      trouble,
      reaches: spec.peers.length === 0 ? undefined : (ends?.targets.length ?? spec.peers.length),
    }));
  }

  stop(): void {
    this.#stopped = true;
    for (const link of this.#links) {
      link.socket?.close();
      link.socket = undefined;
    }
  }

  /** A node that was never heard on this link may be behind any address there that is nobody else's. */
  #mayReach(to: NodeName, known: ReadonlyMap<string, IpAddress> | undefined, link: string, target: IpAddress): boolean {
    const plain = withoutZone(target);
    const address = known?.get(link);
    if (address !== undefined) return address === plain;
    for (const [name, addresses] of this.#learned) {
      if (name !== to && addresses.get(link) === plain) return false;
    }
    return true;
  }

  async #open(link: OpenLink): Promise<void> {
    const { spec } = link;
    const { addresses } = this.#options;
    try {
      const ends = await endsOf(spec, addresses, this.#options.virtual ?? new Set());
      const socket = await openSocket(
        ends.local,
        spec.port,
        spec.multicast !== undefined,
        (bytes, from) => {
          // What a node says to all of a network comes back to it too.
          if (spec.peers.length === 0 && addresses.all.has(withoutZone(from.address))) return;
          if (cameOver(spec, addresses, from)) this.#options.onDatagram(bytes, spec.name, withoutZone(from.address));
        },
        (error) => this.#options.onTrouble(`${spec.name}: ${error.message}`),
      );
      if (this.#stopped) {
        socket.close();
        return;
      }
      try {
        prepareSocket(socket, spec, ends.own);
      } catch (error) {
        socket.close();
        throw error;
      }
      if (link.trouble?.startsWith('it was never') === false) this.#options.onTrouble(`${spec.name} is open now`);
      link.ends = ends;
      link.socket = socket;
      link.trouble = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== link.trouble) this.#options.onTrouble(`${spec.name} cannot be opened: ${message}`);
      link.trouble = message;
    }
  }

  #shut(link: OpenLink, why: string): void {
    link.socket?.close();
    link.socket = undefined;
    link.ends = undefined;
    link.trouble = why;
    this.#options.onTrouble(`${link.spec.name} is shut: ${why}`);
  }
}
