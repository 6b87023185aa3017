import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createNode } from '../../core/node.ts';
import type { QuorumdCluster } from '../../linux-ha/quorumd-conf.ts';
import type { Cluster } from '../../model/cluster.ts';
import { completeTimings, defaultDriftBound, defaultUdpPort } from '../../model/defaults.ts';
import type { NodeName } from '../../model/names.ts';
import type { ArbiterGroupStatus, ArbiterNodeStatus } from '../../wire/arbiter-status.ts';
import { beginIncarnation } from '../identity.ts';
import type { Journal } from '../journal.ts';
import { Loop, type Machine } from '../loop.ts';
import { OwnerRecordFile } from '../owner-record.ts';
import { VoterRecordFile } from '../voter-record.ts';
import { Session } from './session.ts';

export interface ClusterVoterOptions {
  readonly self: NodeName;
  readonly quorumd: QuorumdCluster;
  readonly nodes: readonly NodeName[];
  /** Durable: the count of starts, and the longest lease that was ever granted here. */
  readonly stateDir: string;
  readonly bundleHash: string;
  readonly journal: Journal;
  readonly now: () => number;
  readonly count: (why: string) => void;
}

/** The model of a cluster as far as quorumd.conf knows it: who asks, how often, and for how long at most. */
export function votingCluster(self: NodeName, quorumd: QuorumdCluster, nodes: readonly NodeName[]): Cluster {
  const { interval, timeout, takeover, port } = quorumd;
  const others = quorumd.arbiters.length > 0 ? quorumd.arbiters : [self];
  return {
    name: quorumd.name,
    nodes,
    arbiters: others.map((name) => ({ name, address: '::', port })),
    links: [],
    udpPort: defaultUdpPort,
    timings: { ...completeTimings({ keepalive: interval, deadtime: timeout }), lease: takeover },
    autoFailback: false,
    noQuorum: 'stop',
    pingNodes: [],
    groups: [],
    services: [],
    driftBound: defaultDriftBound,
  };
}

/** What the core of a node has done for it; an arbiter only votes, so that there is nothing but messages and its record. */
function votingMachine(send: Machine['send'], record: VoterRecordFile, owners: OwnerRecordFile): Machine {
  const never = async (): Promise<boolean> => false;
  const nothing = (): void => {};
  return {
    send,
    persistEpoch: (voters) => record.write(voters),
    persistOwners: (records) => owners.write(records),
    fence: async () => ({ ok: false, why: 'an arbiter fences nobody' }),
    noteFenced: nothing,
    persistOrders: nothing,
    forgetFailures: nothing,
    arm: never,
    grant: never,
    close: never,
    acceptPassed: nothing,
    hold: nothing,
    follow: nothing,
    want: nothing,
    announce: nothing,
    probe: async () => [],
    readStore: async () => [],
    writeStore: async () => [],
  };
}

/**
 * The voter of one cluster. It starts silent, for longer than any lease that it may have granted before: that is recorded
 * durably, before anything is granted. Throws RangeError where it has no voice in this cluster or the times make no sense.
 */
export class ClusterVoter {
  readonly #options: ClusterVoterOptions;
  readonly #loop: Loop;
  readonly #sessions: ReadonlyMap<NodeName, Session>;
  readonly longestLease: number;

  constructor(options: ClusterVoterOptions) {
    this.#options = options;
    const { self, quorumd, nodes, bundleHash, now, journal } = options;
    const cluster = votingCluster(self, quorumd, nodes);
    const directory = join(options.stateDir, 'arbiter', quorumd.name);
    const identity = beginIncarnation(directory, directory, cluster.timings.lease);
    this.longestLease = identity.longestLease;
    const record = new VoterRecordFile(directory);
    const owners = new OwnerRecordFile(directory);
    const random = randomBytes(16);
    const state = createNode(
      cluster,
      self,
      {
        incarnation: identity.incarnation,
        seed: [random.readUInt32LE(0), random.readUInt32LE(4), random.readUInt32LE(8), random.readUInt32LE(12)],
        configHash: '',
        bundleHash,
        macs: {},
        longestLease: identity.longestLease,
        recorded: record.found,
        owners: owners.found,
      },
      now(),
    );
    const session = (node: NodeName): Session =>
      new Session({
        self,
        node,
        incarnation: identity.incarnation,
        patience: Math.max(3000, 2 * cluster.timings.lease),
        now,
        onMessage: (from, message, epoch) =>
          this.#loop.dispatch({ type: 'message', from, link: 'arbiter', epoch, message }),
        onTurn: (up, why) => (up ? journal.say('connection', why) : journal.warn('connection', why)),
        onDrop: options.count,
      });
    this.#sessions = new Map(nodes.map((node) => [node, session(node)]));
    const machine = votingMachine((to, message, epoch) => this.#sessions.get(to)?.send(message, epoch), record, owners);
    this.#loop = new Loop(state, machine, journal, now);
    this.#loop.start();
  }

  get nodes(): readonly NodeName[] {
    return this.#options.nodes;
  }

  /** Takes a connection of this node; false where it has no voice here. */
  admit(socket: TLSSocket, node: NodeName, print: string): boolean {
    const session = this.#sessions.get(node);
    session?.admit(socket, print);
    return session !== undefined;
  }

  keep(counts: (print: string) => boolean): void {
    for (const session of this.#sessions.values()) session.keep(counts);
  }

  status(): { silentMs: number; nodes: ArbiterNodeStatus[]; groups: ArbiterGroupStatus[] } {
    const view = this.#loop.view();
    const nodes = view.nodes.flatMap(({ name, role, state, lastHeardMs }): ArbiterNodeStatus[] => {
      if (role !== 'node') return [];
      const session = this.#sessions.get(name);
      const trip = session?.roundTrip;
      const roundTripMs = trip === undefined ? null : Math.round(trip * 10) / 10;
      return [{ name, state, lastHeardMs, connections: session?.connections ?? 0, roundTripMs }];
    });
    const groups = view.groups.map(({ name, holder, leaseLeftMs }) => ({ name, holder, leaseLeftMs }));
    return { silentMs: view.quorum.silentMs, nodes, groups };
  }

  stop(why: string): void {
    this.#loop.stop();
    for (const session of this.#sessions.values()) session.close(why);
  }
}
