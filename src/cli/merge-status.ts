/** One picture of a cluster out of what each of its nodes says. Pure. */
import { foldHosts } from '../base/host-range.ts';
import type { GroupStatus, NodeStatus, Status } from '../wire/status.ts';

/** The view that knows most: of a quorate node, and there of one that holds something (it knows votes and lease). */
export function bestView(statuses: readonly Status[]): Status | undefined {
  const worth = (status: Status): number =>
    (status.quorum.quorate ? 2 : 0) + (status.groups.some((group) => group.gateOpen) ? 1 : 0);
  return [...statuses].sort((left, right) => worth(right) - worth(left))[0];
}

/**
 * The best view, with each group as its holder sees it (only that one knows votes and gate), each node's hashes as it
 * says them itself, the links of all, and what all have counted. Undefined where nobody answered.
 */
export function mergeStatuses(statuses: readonly Status[]): Status | undefined {
  const best = bestView(statuses);
  if (best === undefined) return undefined;
  const own = new Map(statuses.map((status) => [status.node, status]));
  const groups = best.groups.map((group): GroupStatus => {
    const holders = statuses.flatMap(({ groups: seen }) =>
      seen.filter(({ name, gateOpen }) => name === group.name && gateOpen),
    );
    // Only who tried to get it knows what it waits for.
    const waiting = statuses.flatMap(({ groups: seen }) =>
      seen.filter(({ name, holder, waitsFor = [] }) => name === group.name && holder === null && waitsFor.length > 0),
    );
    const found = holders[0] ?? (group.holder === null ? waiting[0] : undefined) ?? group;
    // Each node knows best why it gives a group up.
    const barredOn = statuses.flatMap(({ node, groups: seen }) =>
      seen
        .filter(({ name }) => name === group.name)
        .flatMap(({ barredOn: known = [] }) => known.filter((one) => one.node === node)),
    );
    const others = (found.barredOn ?? []).filter(({ node }) => !own.has(node));
    return found.barredOn === undefined ? found : { ...found, barredOn: [...barredOn, ...others] };
  });
  const nodes = best.nodes.map((node): NodeStatus => {
    const itself = own.get(node.name);
    if (itself === undefined) return node;
    return { ...node, configHash: itself.configHash, bundleHash: itself.bundleHash, standby: itself.standby };
  });
  const links = statuses.flatMap(({ node, links: seen = [] }) => seen.map((link) => ({ ...link, owner: node })));
  return { ...best, groups, nodes, links, fencing: fencingOf(statuses), counters: countersOf(statuses) };
}

/** Each node tests the devices for itself, as each has to reach them. */
function fencingOf(statuses: readonly Status[]): Status['fencing'] {
  const said = statuses.flatMap(({ node, fencing }) => (fencing == null ? [] : [{ node, ...fencing }]));
  if (said.length === 0) return null;
  const latest = said.flatMap((one) => one.latest).sort((left, right) => left.time - right.time);
  const devices = said.flatMap(({ node, devices: tested }) => tested.map((device) => ({ ...device, tester: node })));
  return { devices, underWay: said.flatMap(({ underWay }) => underWay), latest: latest.slice(-5) };
}

/** Each node counts for itself: sums, and the least of what was ever left of a lease. */
function countersOf(statuses: readonly Status[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const [name, count] of statuses.flatMap(({ counters }) => Object.entries(counters)))
    all[name] = name === 'leastLeft' ? Math.min(all[name] ?? count, count) : (all[name] ?? 0) + count;
  return all;
}

/** Where nodes say different things about who is there and who holds what; empty where they agree. */
export function disagreements(statuses: readonly Status[]): string[] {
  return [holderWord, quorumWord, arbiterWord].flatMap((word) => differing(statuses, word));
}

type Word = (status: Status) => readonly (readonly [subject: string, word: string])[];

const holderWord: Word = ({ groups }) =>
  groups.map(({ name, holder }) => [name, holder === null ? 'held by nobody' : `held by ${holder}`]);

const quorumWord: Word = ({ quorum, nodes }) => {
  const gone = nodes.filter(({ state }) => state === 'dead' || state === 'unknown').map(({ name }) => name);
  // Who counts by other voters may still see as many of them.
  const epoch = (quorum.epoch ?? 0) === 0 ? '' : `, by epoch ${quorum.epoch}`;
  const missing = gone.length === 0 ? 'all nodes there' : `without ${foldHosts(gone)}`;
  return [
    [
      'the cluster',
      `${quorum.quorate ? 'quorate' : 'NOT quorate'} (${quorum.votes} of ${quorum.voters.length} votes), ${missing}${epoch}`,
    ],
  ];
};

const arbiterWord: Word = ({ arbiters = [] }) =>
  arbiters.map(({ name, problem }) => [
    `arbiter ${name}`,
    problem === null ? 'connected' : `NOT connected (${problem})`,
  ]);

function differing(statuses: readonly Status[], word: Word): string[] {
  const subjects = new Map<string, Map<string, string[]>>();
  for (const status of statuses) {
    for (const [subject, said] of word(status)) {
      const sides = subjects.get(subject) ?? new Map<string, string[]>();
      sides.set(said, [...(sides.get(said) ?? []), status.node]);
      subjects.set(subject, sides);
    }
  }
  return [...subjects]
    .filter(([, sides]) => sides.size > 1)
    .map(([subject, sides]) => {
      const list = [...sides].map(([said, nodes]) => `${said} says ${foldHosts(nodes)}`);
      return `${subject}: ${list.join('; ')}`;
    });
}
