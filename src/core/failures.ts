/** The failures that `what-if` tries by itself: each member, and each two of them. */
import type { Cluster } from '../model/cluster.ts';
import type { NodeName } from '../model/names.ts';
import { membersOf } from './members.ts';
import { cutOff, type Fault, type Outcome, whatIf } from './what-if.ts';

/** How members fail: they are gone, they live and nobody hears them, or they hear only each other. */
export type Manner = 'dead' | 'cut off' | 'cut off together';

export interface Failure {
  readonly names: readonly NodeName[];
  readonly manner: Manner;
  readonly fault: Fault;
}

function failure(cluster: Cluster, names: readonly NodeName[], manner: Manner): Failure {
  const fault =
    manner === 'dead'
      ? { dead: names, cuts: [] }
      : { dead: [], cuts: cutOff(cluster, names, manner === 'cut off together') };
  return { names, manner, fault };
}

/** Each member dead, and each cut off from all others. */
export function singleFailures(cluster: Cluster): Failure[] {
  return membersOf(cluster).flatMap((name) => [failure(cluster, [name], 'dead'), failure(cluster, [name], 'cut off')]);
}

/** Each two members dead, each cut off alone, and the two cut off together. */
export function pairFailures(cluster: Cluster): Failure[] {
  const voters = membersOf(cluster);
  const pairs = voters.flatMap((left, index) => voters.slice(index + 1).map((right) => [left, right]));
  return pairs.flatMap((pair) => [
    failure(cluster, pair, 'dead'),
    failure(cluster, pair, 'cut off'),
    failure(cluster, pair, 'cut off together'),
  ]);
}

/** Failures with one outcome. */
export interface FoldedOutcome {
  readonly failures: readonly Failure[];
  readonly outcome: Outcome;
}

/** What people would see of an outcome; how long it took differs by a beat from node to node. */
function faceOf({ votes, groups, warnings }: Outcome, pairs: boolean): string {
  const owners = groups.map(({ group, before, after }) => [group, before === after, after]);
  return JSON.stringify([pairs, votes, owners, warnings]);
}

/** Plays all failures through and puts those together that end the same; in the order of the first of each. */
export function playAll(cluster: Cluster, failures: readonly Failure[]): FoldedOutcome[] {
  const folded = new Map<string, { failures: Failure[]; outcome: Outcome }>();
  for (const one of failures) {
    const outcome = whatIf(cluster, one.fault);
    const face = faceOf(outcome, one.names.length > 1);
    const known = folded.get(face);
    if (known === undefined) folded.set(face, { failures: [one], outcome });
    else {
      known.failures.push(one);
      known.outcome = slower(known.outcome, outcome);
    }
  }
  return [...folded.values()];
}

/** Of two outcomes with one face, the longer outage of each group. */
function slower(left: Outcome, right: Outcome): Outcome {
  const groups = left.groups.map((group, index) => {
    const other = right.groups[index]!;
    return (other.outageMs ?? 0) > (group.outageMs ?? 0) ? { ...group, outageMs: other.outageMs } : group;
  });
  return { ...left, groups };
}
