import type { GroupSetup } from '../../src/core/resources/state.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { defaultFencing, type StonithLine } from '../../src/model/fencing.ts';
import { leaseForRoundTrip } from '../../src/model/lease-floor.ts';
import { type GroupPlacement, noGroupPlacement, noPlacement } from '../../src/model/placement.ts';
import type { GroupResourceRules } from '../../src/model/resource-settings.ts';
import { groupSetups, runnableResources } from '../../src/supervisor/resources/runnable.ts';
import { failureTimeout, migrationThreshold } from './checkers/resources.ts';
import type { Plan } from './plan.ts';

const lanTimings = { keepalive: 50, deadtime: 200, warntime: 100, initdead: 400, lease: 200 };
const fastTimings = { keepalive: 20, deadtime: 80, warntime: 40, initdead: 400, lease: 80 };

/** Milliseconds to a far arbiter and back; faults are drawn for the lease that DESIGN asks for then: 5 round trips and 500 ms. */
export const farRoundTrip = 200;
const farTimings = { keepalive: 100, deadtime: 300, warntime: 200, initdead: 600, lease: 5 * farRoundTrip + 500 };
const storeTimings = { keepalive: 100, deadtime: 300, warntime: 200, initdead: 600, lease: 2000 };

const noDevices = { lines: [], devices: [], levels: {}, delays: {}, ...defaultFencing };
const anyNode = { directive: 'stonith_host', from: '*', type: 'external/ipmi', parameters: '' } as const;

type Sizes = Pick<Plan, 'nodes' | 'arbiters' | 'groups' | 'autoFailback' | 'driftBound' | 'fast'> &
  Partial<Pick<Plan, 'far' | 'store' | 'changes' | 'keeps' | 'agents' | 'rules' | 'never' | 'needs' | 'fencers'>>;

/** Which intervals the nodes of a plan keep. */
export function timingsOf({ fast, far, store }: Pick<Sizes, 'fast' | 'far' | 'store'>): Cluster['timings'] {
  if (store !== undefined) return storeTimings;
  if (far) return farTimings;
  return fast ? fastTimings : lanTimings;
}

/** The model of a cluster that a plan asks for; with far arbiters it has the shortest lease that its rule allows. */
export function clusterOf(plan: Sizes, leaseFor = leaseForRoundTrip): Cluster {
  const timings = timingsOf(plan);
  const nodes = Array.from({ length: plan.nodes }, (_, index) => `node${index + 1}`);
  return {
    name: 'simulated',
    nodes,
    nodeAddresses: {},
    fencing:
      plan.changes || plan.needs !== undefined ? { ...noDevices, lines: linesOf(nodes, plan.fencers) } : undefined,
    arbiters: Array.from({ length: plan.arbiters }, (_, index) => ({
      name: `arbiter${index + 1}`,
      address: `10.77.1.${index + 1}`,
      port: 694,
      roundTrip: plan.far ? farRoundTrip : undefined,
    })),
    links: [],
    udpPort: 694,
    timings: plan.far ? { ...timings, lease: leaseFor(farRoundTrip) } : timings,
    autoFailback: plan.autoFailback,
    noQuorum: plan.keeps === true ? 'freeze' : 'stop',
    pingNodes: [],
    groups: Array.from({ length: plan.groups }, (_, index) => ({
      name: `web${index + 1}`,
      preferred: nodes[index % nodes.length]!,
      resources: Array.from({ length: plan.agents ?? 0 }, () => ({ kind: 'agent' as const, agent: 'Delay', args: [] })),
    })),
    services: [],
    driftBound: plan.driftBound,
    resources: plan.agents === undefined ? undefined : { defaults: agentSettings, groups: needing(plan.needs ?? 0) },
    store: storeOf(plan.store),
    placement: placementOf(nodes, plan),
  };
}

/** A node's own configuration, where they differ. */
export function configurationOf(cluster: Cluster, plan: Plan, place: number): Cluster {
  const { unaware, divided, trusting } = plan;
  if (unaware === undefined && divided === undefined && trusting === undefined) return cluster;
  const { nodes, groups, resources } = cluster;
  const next = (name: string): string => nodes[(nodes.indexOf(name) + place + 1) % nodes.length]!;
  return {
    ...cluster,
    resources: resources !== undefined && unaware?.includes(place) ? { ...resources, groups: {} } : resources,
    driftBound: trusting?.includes(place) ? 0 : cluster.driftBound,
    autoFailback: divided || cluster.autoFailback,
    groups: divided ? groups.map((group) => ({ ...group, preferred: next(group.preferred) })) : groups,
  };
}

function placementOf(nodes: readonly string[], { rules, never }: Pick<Sizes, 'rules' | 'never'>): Cluster['placement'] {
  if (rules === undefined && never === undefined) return undefined;
  const groups = (never ?? []).map((places, index): [string, GroupPlacement] => [
    `web${index + 1}`,
    { ...noGroupPlacement, never: places.map((place) => nodes[place]!) },
  ]);
  return { ...noPlacement, rules: rules ?? [], groups: Object.fromEntries(groups) };
}

function linesOf(nodes: readonly string[], fencers: Plan['fencers']): StonithLine[] {
  return fencers === undefined ? [anyNode] : fencers.map((place) => ({ ...anyNode, from: nodes[place]! }));
}

function needing(groups: number): Record<string, GroupResourceRules> {
  const rules = { needsFencing: true, agents: {} };
  return Object.fromEntries(Array.from({ length: groups }, (_, index) => [`web${index + 1}`, rules]));
}

function storeOf(kind: Plan['store']): Cluster['store'] {
  if (kind === undefined) return undefined;
  return kind === 'etcd'
    ? { kind, endpoints: ['http://10.77.2.1:2379'] }
    : { kind, device: '/dev/disk/by-id/shared', reservation: 'none' };
}

/** Short times, so that much happens in a run. */
const agentSettings = {
  startTimeout: 300,
  stopTimeout: 300,
  monitorTimeout: 200,
  monitorInterval: 150,
  migrationThreshold,
  failureTimeout,
};

/** The same for the machine of resources. */
export function setupsOf(cluster: Cluster): GroupSetup[] {
  return groupSetups(cluster, runnableResources(cluster));
}
