/** Whether a cluster is whole, out of what each of its nodes says about it. Pure. */
import type { GroupName, NodeName } from '../model/names.ts';
import type { GroupStatus, Status } from '../wire/status.ts';

/** What each node answered, or why it did not. */
export type Views = ReadonlyMap<NodeName, Status | { readonly unreachable: string }>;

const isStatus = (view: Status | { readonly unreachable: string }): view is Status => 'groups' in view;

export function statusesOf(views: Views): readonly Status[] {
  return [...views.values()].filter(isStatus);
}

/** The group as the node that holds it sees it: the one whose gate is open. */
export function holderOf(views: Views, group: GroupName): NodeName | null {
  for (const status of statusesOf(views)) {
    if (status.groups.some((one) => one.name === group && one.holder === status.node && one.gateOpen)) {
      return status.node;
    }
  }
  return null;
}

function nodeComplaints(status: Status): readonly string[] {
  const complaints: string[] = [];
  if (!status.quorum.quorate) complaints.push(`${status.node} is not quorate`);
  if (status.quorum.silentMs > 0) complaints.push(`${status.node} is still silent as a voter after its start`);
  if (status.nodes.some(({ state, maintenance }) => state === 'self' && maintenance))
    complaints.push(`${status.node} is in maintenance`);
  if (status.standby) complaints.push(`${status.node} is in standby`);
  for (const node of status.nodes) {
    if (node.state !== 'self' && node.state !== 'up')
      complaints.push(`${status.node} sees ${node.name} as ${node.state}`);
  }
  for (const arbiter of status.arbiters) {
    if (arbiter.state !== 'up') complaints.push(`${status.node} sees arbiter ${arbiter.name} as ${arbiter.state}`);
  }
  if (status.store?.answers === false) complaints.push(`${status.node} gets no answer from ${status.store.where}`);
  for (const service of status.services) {
    for (const server of service.realServers) {
      if (server.alive === true || server.configuredWeight === 0) continue;
      const name = `${server.address}:${server.port}`;
      complaints.push(`${status.node} finds real server ${name} of ${service.key} not alive: ${server.lastCheck}`);
    }
  }
  return complaints;
}

function groupComplaints(group: GroupName, statuses: readonly Status[]): readonly string[] {
  const seen = statuses.flatMap((status) => {
    const found = status.groups.find((one) => one.name === group);
    return found === undefined ? [] : [{ node: status.node, group: found }];
  });
  const open = seen.filter((one) => one.group.gateOpen).map((one) => one.node);
  if (open.length === 0) return [`group ${group} is held by nobody: ${seen[0]?.group.reason ?? 'no node knows it'}`];
  if (open.length > 1) return [`group ${group} is held by ${open.join(' and ')}`];
  return seen
    .filter((one) => one.group.holder !== open[0])
    .map(
      (one) => `${one.node} takes ${one.group.holder ?? 'nobody'} for the holder of ${group}, which ${open[0]} holds`,
    );
}

/**
 * Why the cluster is not whole; empty where it is: every node answers, is quorate, sees all others and the arbiters up and
 * the lease store answer, nobody is in standby or maintenance, each group is held by exactly one node and all agree who, and every real server is alive.
 */
export function complaintsAbout(views: Views): readonly string[] {
  const silent = [...views].flatMap(([node, view]) =>
    isStatus(view) ? [] : [`${node} does not answer: ${view.unreachable}`],
  );
  const statuses = statusesOf(views);
  const groups = new Set<GroupName>(
    statuses.flatMap((status) => status.groups.map((group: GroupStatus) => group.name)),
  );
  const configurations = new Set(statuses.map((status) => status.configHash));
  return [
    ...silent,
    ...statuses.flatMap(nodeComplaints),
    ...[...groups].flatMap((group) => groupComplaints(group, statuses)),
    ...(configurations.size > 1 ? ['the nodes run on different configurations'] : []),
  ];
}

/**
 * Why the nodes have not yet coped with the fault of one; empty where they have. A `fatal` fault is one after which the
 * others must see the node dead; after any other it may even hold again.
 */
export function complaintsWithout(faulty: NodeName, group: GroupName, views: Views, fatal: boolean): readonly string[] {
  const statuses = statusesOf(views).filter((status) => status.node !== faulty);
  const complaints = statuses.flatMap((status) => {
    const state = status.nodes.find((node) => node.name === faulty)?.state;
    const gone = state === 'dead' || state === 'unknown';
    return gone || !fatal ? [] : [`${status.node} still sees ${faulty} as ${state ?? 'no node'}`];
  });
  if (statuses.length === 0) complaints.push('no other node answers');
  const holder = holderOf(views, group);
  if (holder === null || (fatal && holder === faulty)) {
    complaints.push(`group ${group} is held by ${holder ?? 'nobody'}`);
  }
  return complaints;
}
