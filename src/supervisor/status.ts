import { outageBound } from '../core/bound.ts';
import type { View } from '../core/describe.ts';
import type { Cluster } from '../model/cluster.ts';
import { leaseForRoundTrip, needsArbiter } from '../model/lease-floor.ts';
import type { GroupName } from '../model/names.ts';
import type { FencingStatus } from '../wire/fencing.ts';
import type {
  ArbiterLinkStatus,
  ArbiterStatus,
  GroupStatus,
  LinkStatus,
  PingStatus,
  ResourceStatus,
  ServiceBound,
  ServiceStatus,
  Status,
  WatchdogStatus,
} from '../wire/status.ts';

/** What a status says beside the core's view. */
export interface StatusFacts {
  readonly version: string;
  readonly cluster: string;
  readonly bundleHash: string;
  readonly configHash: string;
  readonly startedAt: number;
  readonly services: readonly ServiceStatus[];
  readonly arbiters: readonly ArbiterLinkStatus[];
  readonly bound: ServiceBound | null;
  /** Counters of the supervisor's own: datagrams dropped, by reason. */
  readonly counters: Readonly<Record<string, number>>;
  readonly protection: GroupStatus['protection'];
  /** What protects beside it: `watchdog`, `fencing`. */
  readonly layers: readonly string[];
  readonly links: readonly LinkStatus[];
  readonly watchdog?: WatchdogStatus | null | undefined;
  readonly fencing?: FencingStatus | null | undefined;
  readonly ping?: readonly PingStatus[] | undefined;
  /** The device whose MAC `nodes[].mac` shows. */
  readonly device: string | undefined;
  /** What agents run of a group on this node. */
  readonly resources: (group: GroupName) => readonly ResourceStatus[];
}

/** The core's view as `musterd status --json` prints it; `now` is monotonic, `wallClock` Unix milliseconds. */
export function buildStatus(view: View, facts: StatusFacts, now: number, wallClock: number): Status {
  return {
    version: facts.version,
    node: view.node,
    cluster: facts.cluster,
    bundleHash: facts.bundleHash,
    configHash: facts.configHash,
    uptimeMs: Math.round(now - facts.startedAt),
    quorum: { ...view.quorum, silentMs: Math.round(view.quorum.silentMs) },
    store: view.store,
    standby: view.standby,
    maintenance: view.maintenance,
    orders: view.orders,
    nodes: view.nodes
      .filter(({ role }) => role === 'node')
      .map(({ name, voter, state, standby, maintenance, lastHeardMs, macs, configHash, bundleHash }) => ({
        voter,
        name,
        state,
        standby,
        maintenance,
        lastHeardMs: lastHeardMs === null ? null : Math.round(lastHeardMs),
        mac: (facts.device === undefined ? Object.values(macs)[0] : macs[facts.device]) ?? null,
        configHash,
        bundleHash,
      })),
    arbiters: facts.arbiters.map((link) => ({ ...link, ...heardOf(view, link.name) })),
    bound: facts.bound,
    links: facts.links,
    watchdog: facts.watchdog,
    fencing: facts.fencing,
    ping: facts.ping,
    groups: view.groups.map((group) => ({
      name: group.name,
      addresses: group.addresses,
      preferred: group.preferred,
      holder: group.holder,
      since: group.since === null ? null : Math.round(wallClock - (now - group.since)),
      votes: group.votes,
      leaseLeftMs: group.leaseLeftMs === null ? null : Math.round(group.leaseLeftMs),
      gateOpen: group.gateOpen,
      pinned: group.pinned && {
        node: group.pinned.node,
        forMs: group.pinned.forMs === null ? null : Math.round(group.pinned.forMs),
      },
      leaseMs: group.leaseMs,
      protection: facts.protection,
      layers: facts.layers,
      reason: group.reason,
      waitsFor: group.waitsFor,
      candidates: group.candidates,
      resources: facts.resources(group.name),
      barredOn: group.barredOn,
    })),
    services: facts.services,
    counters: { ...view.counters, ...facts.counters },
  };
}

function heardOf(view: View, name: string): Pick<ArbiterStatus, 'state' | 'lastHeardMs'> {
  const found = view.nodes.find((node) => node.name === name);
  const heard = found?.lastHeardMs ?? null;
  return { state: found?.state ?? 'unknown', lastHeardMs: heard === null ? null : Math.round(heard) };
}

/** What users wait at most when a node dies; with the arbiters' round trips as configured and as measured. null with a store. */
export function boundOf(cluster: Cluster, arbiters: readonly ArbiterLinkStatus[]): ServiceBound | null {
  if (cluster.store !== undefined) return null;
  const { total, lease, attempt } = outageBound(cluster);
  // A little more than said is as said: a round trip is never twice the same.
  const trips = arbiters.map(({ roundTripMs, configuredRoundTripMs: said }) =>
    said !== null && (roundTripMs ?? 0) <= said * 1.1 + 2 ? said : (roundTripMs ?? 0),
  );
  const least = needsArbiter(cluster) ? leaseForRoundTrip(Math.max(0, ...trips)) : 0;
  return { totalMs: total, leaseMs: lease, attemptMs: attempt, leastLeaseMs: least };
}
