import type { NodeName } from '../model/names.ts';
import { betterConnected, mayFailBack, reachOf } from './connectivity.ts';
import { othersWant } from './differences.ts';
import { gaveUpOn } from './gave-up.ts';
import { inMaintenance, leftTo } from './maintenance.ts';
import { isAlive } from './membership.ts';
import { leftRunningOn } from './no-quorum.ts';
import { rankNodes } from './placing/explain.ts';
import type { Plan } from './placing/plan.ts';
import { isReadyFor, mayRunOn, whyBarredOn } from './resource-wishes.ts';
import { type Group, isAway, type NodeState, type Planned } from './state.ts';
import { isVoter } from './voters.ts';

/**
 * The nodes that may take a group, best first, as this node sees it: a voter, alive, not standby, and hearing a majority; the
 * preferred node before the others, then the order of ha.cf; before all that, who reaches more ping nodes, and first of all whom an operator moved it to. The last holder stands at the end: it could not keep its lease; but where no majority was left and all was frozen, at the start.
 * No node needs to agree with another on this: it only decides who waits for whom.
 */
export function candidates(state: NodeState, group: Group): NodeName[] {
  const only = leftTo(state, group.name);
  if (only !== undefined) return only !== 'nobody' && isAble(state, only) ? [only] : [];
  if (state.planned !== undefined) return plannedCandidates(state, state.planned.plan, group);
  const able = state.cluster.nodes.filter((name) => mayHave(state, group, name));
  const running = leftRunningOn(state, group);
  const left = (name: NodeName): boolean => name === running || isLeftOver(state, group, name);
  const weight = (name: NodeName): number =>
    left(name) ? -1 : name === group.holder ? 2 : name === group.preferred ? 0 : 1;
  // Where it runs, or has just lost its lease, comes before whoever wants it elsewhere: there it goes by a hand-over.
  const pinned = able.some(left) ? undefined : state.orders.pins.get(group.name);
  const moved = (name: NodeName): number => (name === pinned && name !== group.holder ? 0 : 1);
  return able.sort(
    (one, other) =>
      moved(one) - moved(other) || reachOf(state, other) - reachOf(state, one) || weight(one) - weight(other),
  );
}

/** By the rules of muster.yml: the planned node first. Whoever lost the lease comes last here too, whatever it weighs. */
function plannedCandidates(state: NodeState, plan: Plan, group: Group): NodeName[] {
  const running = leftRunningOn(state, group);
  const held = plan.groups.some((one) => one.group === group.name && one.from !== undefined);
  const turn = (name: NodeName): number =>
    name === running || isLeftOver(state, group, name) ? -1 : name === group.holder && !held ? 1 : 0;
  return rankNodes(plan, group.name)
    .filter((name) => mayHave(state, group, name))
    .sort((left, right) => turn(left) - turn(right));
}

function mayHave(state: NodeState, group: Group, name: NodeName): boolean {
  return isCandidate(state, name) && whyBarredOn(state, group, name) === undefined;
}

/** Where nobody is known to have held the group since this node started, what still runs of it somewhere goes on there. */
function isLeftOver(state: NodeState, group: Group, name: NodeName): boolean {
  return group.holder === undefined && mayRunOn(state, group, name);
}

/** Whether a node may take groups at all. */
export function isCandidate(state: NodeState, name: NodeName): boolean {
  return isAble(state, name) && !inMaintenance(state, name);
}

/** The same, whatever maintenance says. */
function isAble(state: NodeState, name: NodeName): boolean {
  if (!isVoter(state, name)) return false;
  if (name === state.self) return state.role === 'node' && state.quorate && !isAway(state);
  const peer = state.peers.get(name);
  return peer !== undefined && isAlive(peer) && peer.beat !== undefined && !peer.beat.standby && peer.beat.quorate;
}

/** Whether all nodes of the cluster (arbiters apart) have been heard since this node's start. */
export function allNodesSeen(state: NodeState): boolean {
  return state.cluster.nodes.every(
    (name) => name === state.self || !isVoter(state, name) || state.peers.get(name)?.state !== 'unknown',
  );
}

/** How long an auto_failback waits until the preferred node has been up, so that a node that flaps moves nothing. */
export function failbackDelay(state: NodeState): number {
  return Math.max(1000, 5 * state.cluster.timings.deadtime);
}

/** The node that a held group should be handed to now, or undefined where it should stay. */
export function handoverTarget(
  state: NodeState,
  group: Group,
  failedOffers: number,
  now: number,
): NodeName | undefined {
  // Whoever is about to vote no more has to let go.
  if (inMaintenance(state, state.self) && !state.epochs.steppingDown) return undefined;
  if (isAway(state) || whyBarredOn(state, group, state.self) !== undefined) {
    const others = candidates(state, group).filter((name) => name !== state.self && isReadyFor(state, group, name));
    return others.length === 0 ? undefined : others[failedOffers % others.length];
  }
  const better = betterTarget(state, group, now);
  if (better !== undefined && waitsForOthers(state, group, better)) return undefined;
  return better !== undefined && isReadyFor(state, group, better) ? better : undefined;
}

/** Where nodes want groups elsewhere than this one does, only what an operator or the network wants is done. */
function waitsForOthers(state: NodeState, group: Group, to: NodeName): boolean {
  return (
    movedTo(state, group) !== to && reachOf(state, to) <= reachOf(state, state.self) && othersWant(state).length > 0
  );
}

/** The nodes whose other configuration keeps a group from where it is wanted; empty where none does. */
export function keptBy(state: NodeState, group: Group, now: number): { to: NodeName; others: NodeName[] } | undefined {
  if (group.claim.phase !== 'holding' || isAway(state) || inMaintenance(state, state.self)) return undefined;
  const to = betterTarget(state, group, now);
  return to !== undefined && waitsForOthers(state, group, to) ? { to, others: othersWant(state) } : undefined;
}

/** Where a group that may stay should be rather. */
function betterTarget(state: NodeState, group: Group, now: number): NodeName | undefined {
  const moved = movedTo(state, group);
  if (moved !== undefined) return moved === state.self ? undefined : moved;
  if (state.reach.betterSince.size > 0) {
    const better = betterConnected(state, candidates(state, group), now);
    if (better !== undefined) return better;
  }
  if (state.planned !== undefined) return plannedTarget(state, state.planned, group, now);
  if (!state.cluster.autoFailback || group.preferred === state.self) return undefined;
  const preferred = state.peers.get(group.preferred);
  if (preferred === undefined || now - preferred.upSince < failbackDelay(state)) return undefined;
  if (gaveUpOn(state, group, group.preferred)) return undefined;
  return mayHave(state, group, group.preferred) && mayFailBack(state, group.preferred, now)
    ? group.preferred
    : undefined;
}

/** The node that an operator moved the group to, where it may have it now: nothing that anybody weighs is asked then. */
function movedTo(state: NodeState, group: Group): NodeName | undefined {
  const pinned = state.orders.pins.get(group.name);
  if (pinned === undefined || !mayHave(state, group, pinned)) return undefined;
  if (state.planned === undefined) return pinned;
  return state.planned.plan.groups.find((one) => one.group === group.name)?.to === pinned ? pinned : undefined;
}

/** Where the plan has the group, once it has had it there for a while, on a node that has been there for a while. */
function plannedTarget(state: NodeState, { moves }: Planned, group: Group, now: number): NodeName | undefined {
  const move = moves.get(group.name);
  const peer = move === undefined ? undefined : state.peers.get(move.to);
  const settled = failbackDelay(state);
  if (move === undefined || peer === undefined || now - move.since < settled || now - peer.upSince < settled)
    return undefined;
  return mayHave(state, group, move.to) && mayFailBack(state, move.to, now) ? move.to : undefined;
}
