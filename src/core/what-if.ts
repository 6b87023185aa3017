/** What becomes of a cluster when some of its voters die or cannot reach each other: the rehearsal, asked and judged. */
import type { Cluster } from '../model/cluster.ts';
import type { GroupName, NodeName } from '../model/names.ts';
import { membersOf } from './members.ts';
import { Rehearsal } from './rehearsal.ts';

/** All that breaks, in one instant. `cuts` are pairs that hear nothing of each other any more. */
export interface Fault {
  readonly dead: readonly NodeName[];
  readonly cuts: readonly (readonly [NodeName, NodeName])[];
}

export interface GroupOutcome {
  readonly group: GroupName;
  readonly before: NodeName | null;
  readonly after: NodeName | null;
  /** Milliseconds from the fault to the open gate on another node; null where nothing moved, or nobody took it. */
  readonly outageMs: number | null;
  readonly takeovers: number;
}

export interface Outcome {
  /** The most votes that any node still hears, its own included. */
  readonly votes: number;
  readonly needed: number;
  readonly voters: number;
  readonly quorate: readonly NodeName[];
  readonly groups: readonly GroupOutcome[];
  /** Who was switched off on the way, by whom; each time as long as it takes comes to the outages. */
  readonly fenced: readonly { readonly node: NodeName; readonly by: NodeName }[];
  /** Sentences; empty where users would notice no more than a failover. */
  readonly warnings: readonly string[];
}

/** These hear nobody and are heard by nobody (with `together`: by nobody but each other), although they live. */
export function cutOff(cluster: Cluster, names: readonly NodeName[], together = false): Fault['cuts'] {
  const others = (name: NodeName): NodeName[] =>
    membersOf(cluster).filter((other) => other !== name && !(together && names.includes(other)));
  return names.flatMap((name) => others(name).map((other): readonly [NodeName, NodeName] => [name, other]));
}

/**
 * Plays one fault through: the cluster starts, settles, the fault comes at the worst moment, and it settles again. Throws RangeError where the
 * core refuses the cluster or a name is no voter.
 */
export function whatIf(cluster: Cluster, { dead, cuts }: Fault): Outcome {
  const rehearsal = new Rehearsal(cluster);
  rehearsal.settle();
  const before = new Map(cluster.groups.map(({ name }) => [name, rehearsal.holders(name)[0] ?? null]));
  awaitRenewal(rehearsal, cluster, [...dead, ...cuts.flat()]);
  const faultAt = rehearsal.now;
  for (const name of dead) rehearsal.kill(name);
  for (const [left, right] of cuts) rehearsal.cut(left, right);
  rehearsal.settle();

  const alive = cluster.nodes.filter((name) => rehearsal.isAlive(name));
  const quorums = alive.map((name) => ({ name, ...rehearsal.view(name).quorum }));
  const groups = cluster.groups.map(({ name }): GroupOutcome => {
    const takeovers = rehearsal.decisions.filter(
      ({ what, group, at }) => what === 'takeover' && group === name && at > faultAt,
    );
    const after = rehearsal.holders(name)[0] ?? null;
    const last = takeovers[takeovers.length - 1];
    const outageMs = after === null || last === undefined ? null : Math.round(last.at - faultAt);
    return { group: name, before: before.get(name) ?? null, after, outageMs, takeovers: takeovers.length };
  });
  const { needed, voters } = rehearsal.view(cluster.nodes[0]!).quorum;
  const votes = Math.max(0, ...quorums.map((quorum) => quorum.votes));
  const fenced = rehearsal.decisions.flatMap(({ what, node, by, at }) =>
    what === 'fence' && node !== undefined && at > faultAt ? [{ node, by }] : [],
  );
  const outcome = { votes, needed, voters: voters.length, groups, fenced };
  return {
    ...outcome,
    quorate: quorums.filter(({ quorate }) => quorate).map(({ name }) => name),
    warnings: [
      ...[...rehearsal.doubled].map((group) => `two nodes held ${group} in one instant: this is a defect of muster`),
      ...nobodyWarnings(cluster, outcome, alive.length),
      ...fencingNotes(cluster, outcome),
      ...fencingWarnings(cluster, outcome),
    ],
  };
}

/**
 * The worst moment for a holder to fail is right after it renewed: then its lease has longest to go. One holder's moment
 * is waited for; where several fail, the others have less to go.
 */
function awaitRenewal(rehearsal: Rehearsal, cluster: Cluster, failing: readonly NodeName[]): void {
  for (const { name } of cluster.groups) {
    const [holder] = rehearsal.holders(name);
    if (holder === undefined || !failing.includes(holder)) continue;
    const left = (): number => rehearsal.view(holder).groups.find((group) => group.name === name)?.leaseLeftMs ?? 0;
    for (let waited = 0; waited < cluster.timings.lease; waited++) {
      const before = left();
      rehearsal.run(1);
      if (left() > before) return;
    }
  }
}

/** Why nobody holds a group, and what would help. */
function nobodyWarnings(cluster: Cluster, outcome: Omit<Outcome, 'quorate' | 'warnings'>, alive: number): string[] {
  const { groups, votes, needed, voters } = outcome;
  const unheld = groups.filter(({ after }) => after === null).map(({ group }) => group);
  if (unheld.length === 0) return [];
  const which = unheld.length === groups.length ? 'every group' : unheld.join(', ');
  if (alive === 0) return [`nobody holds ${which}: no node is left`];
  if (cluster.store !== undefined && votes < needed)
    return [`nobody holds ${which}: no node reaches the store that has the leases`];
  const needs = unheld.filter((group) => cluster.resources?.groups[group]?.needsFencing === true);
  if (votes >= needed && needs.length === unheld.length)
    return [`nobody holds ${which}: fencing has to be confirmed first, and no device is configured that could do it`];
  if (votes >= needed) return [`nobody holds ${which}: no node that is quorate may take it`];
  const frozen = cluster.noQuorum === 'freeze' ? '; what runs is left running (no-quorum policy freeze)' : '';
  const help =
    voters === 2 && cluster.fencing !== undefined
      ? '; only a confirmed fencing of the other lets one go on: two could hold it without fencing'
      : voters === 2
        ? '; a third vote (an arbiter, a quorum disk, etcd) or fencing would help'
        : voters % 2 === 0 && votes * 2 === voters
          ? '; an even number of voters can be split in halves: an arbiter would decide'
          : '';
  return [
    `nobody holds ${which}: at most ${votes} of ${voters} voters hear each other, ${needed} needed${frozen}${help}`,
  ];
}

/** Who is switched off, and what waits for it. */
function fencingNotes(cluster: Cluster, { groups, fenced }: Pick<Outcome, 'groups' | 'fenced'>): string[] {
  return fenced.map(({ node, by }) => {
    const moved = groups.filter(({ before, after }) => before === node && after !== null && after !== node);
    const waits = moved.filter(({ group }) => cluster.resources?.groups[group]?.needsFencing === true);
    const names = (waits.length > 0 ? waits : moved).map(({ group }) => group).join(', ');
    const time = 'what that takes comes to the outage';
    return names === ''
      ? `${by} fences ${node} first`
      : `${names} starts elsewhere only once ${by} has fenced ${node}: ${time}`;
  });
}

/** What the gate cannot stop: programs on a node that nobody hears, which may only hang or be cut off. */
function fencingWarnings(cluster: Cluster, { groups }: Pick<Outcome, 'groups'>): string[] {
  return groups.flatMap(({ group, before, after }) => {
    if (before === null || after === null || before === after) return [];
    if (cluster.resources?.groups[group]?.needsFencing === true) return [];
    const resources = cluster.groups.find(({ name }) => name === group)?.resources ?? [];
    const agents = resources.flatMap((resource) =>
      resource.kind === 'agent' && resource.agent !== 'ldirectord' ? [resource.agent] : [],
    );
    if (agents.length === 0) return [];
    return [
      `two could run ${[...new Set(agents)].join(', ')} of ${group} without fencing: the gate silences the addresses of ` +
        `${before}, not its programs`,
    ];
  });
}
