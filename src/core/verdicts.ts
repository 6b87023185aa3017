import { showDuration } from '../base/duration.ts';
import type { NodeName } from '../model/names.ts';
import { gaveUpOn } from './gave-up.ts';
import { inMaintenance } from './maintenance.ts';
import { votesHeard } from './membership.ts';
import { candidates, isCandidate } from './placement.ts';
import { explainPlan } from './placing/explain.ts';
import type { Plan } from './placing/plan.ts';
import { whyBarredOn } from './resource-wishes.ts';
import type { Group, NodeState } from './state.ts';
import { isVoter } from './voters.ts';

/** Whether a node may take a group, in the words in which a person would ask. */
export interface Verdict {
  readonly node: NodeName;
  readonly able: boolean;
  /** Its place among those that may, 1 is the next in line; null where it may not. */
  readonly place: number | null;
  readonly why: string;
  /** What the rules of muster.yml count for it; null where it may not, undefined where there are none. */
  readonly score?: number | null | undefined;
}

/** What `candidates` decides, for every node of the cluster and with its reason; those that may come first, in their order. */
export function verdicts(state: NodeState, group: Group, now: number): Verdict[] {
  if (state.planned !== undefined) return plannedVerdicts(state, state.planned.plan, group, now);
  const able = candidates(state, group);
  const others = state.cluster.nodes.filter((name) => !able.includes(name));
  return [
    ...able.map((node, index) => ({ node, able: true, place: index + 1, why: whyAble(state, group, node) })),
    ...others.map((node) => ({ node, able: false, place: null, why: whyNotFor(state, group, node, now) })),
  ];
}

/** The same by the rules: each node's score, and what it is made of. */
function plannedVerdicts(state: NodeState, plan: Plan, group: Group, now: number): Verdict[] {
  const able = candidates(state, group);
  const scores = new Map(explainPlan(plan, group.name).map((score) => [score.node, score]));
  const others = state.cluster.nodes.filter((name) => !able.includes(name));
  return [
    ...able.map((node, index): Verdict => {
      const { score = null, why = '' } = scores.get(node) ?? {};
      return {
        node,
        able: true,
        place: index + 1,
        why: `score ${score}: ${why}, ${whyAble(state, group, node)}`,
        score,
      };
    }),
    ...others.map((node): Verdict => {
      const why = isCandidate(state, node) ? scores.get(node)?.why : undefined;
      return { node, able: false, place: null, why: why ?? whyNot(state, node, now), score: null };
    }),
  ];
}

function whyAble(state: NodeState, group: Group, node: NodeName): string {
  const holds = group.claim.phase === 'holding' ? node === state.self : node === group.holder && group.knownUntil > 0;
  const marks = [
    ...(state.orders.pins.get(group.name) === node ? ['an operator moved it there'] : []),
    ...(node === group.preferred ? ['its preferred node'] : []),
    ...(node === group.holder && !holds ? ['held it last'] : []),
    ...(gaveUpOn(state, group, node) ? ['gave it up before, so no failback to it until that is cleared'] : []),
    'alive and quorate',
    ...otherConfiguration(state, node),
  ];
  return marks.join(', ');
}

/** Voters refuse a group that means other addresses to who asks for it; whether this one does only its voters find out. */
function otherConfiguration(state: NodeState, node: NodeName): string[] {
  const hash = state.peers.get(node)?.beat?.configHash;
  return hash === undefined || hash === state.options.configHash ? [] : [`but runs on another configuration (${hash})`];
}

function whyNotFor(state: NodeState, group: Group, node: NodeName, now: number): string {
  return (isCandidate(state, node) ? whyBarredOn(state, group, node) : undefined) ?? whyNot(state, node, now);
}

function whyNot(state: NodeState, node: NodeName, now: number): string {
  if (!isVoter(state, node)) return 'it has no vote';
  if (isCandidate(state, node)) return 'maintenance: only the node that had it when that began may have it';
  const needed = `${state.majority} of ${state.voters.length} votes needed`;
  if (node === state.self) {
    if (state.leaving) return 'its musterd is about to end';
    if (state.standby) return 'it is in standby';
    if (inMaintenance(state, node)) return 'it is in maintenance';
    if (state.epochs.steppingDown) return 'it is about to be removed from the voters';
    return `no quorum: it hears ${votesHeard(state)} of ${state.voters.length} voters, ${state.majority} needed`;
  }
  const peer = state.peers.get(node);
  if (peer === undefined || peer.state === 'unknown') return 'never heard';
  if (peer.state === 'dead') return `dead: nothing heard of it for ${showDuration(now - peer.lastHeard)}`;
  if (peer.beat === undefined) return 'it has not said yet how it is';
  if (peer.beat.standby) return 'it is in standby';
  if (inMaintenance(state, node)) return 'it is in maintenance';
  return `no quorum: it does not hear a majority itself (${needed})`;
}
