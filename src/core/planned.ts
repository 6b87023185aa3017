/**
 * The plan of all groups, made from what this node knows, wherever muster.yml has rules for it. Every node makes its own;
 * from the same beats they are the same. The leases stay the authority on who holds what: the plan says who waits for whom
 * when a lease is over, and which of its groups a holder should hand over, once it has said so for a while.
 */

import type { GroupName, NodeName } from '../model/names.ts';
import type { Failback, Placement } from '../model/placement.ts';
import { reachOf } from './connectivity.ts';
import { gaveUpOn } from './gave-up.ts';
import { isAlive } from './membership.ts';
import { leftRunningOn } from './no-quorum.ts';
import { failbackDelay, isCandidate } from './placement.ts';
import { rankNodes } from './placing/explain.ts';
import type { GroupFacts, NodeFacts } from './placing/facts.ts';
import { makePlan, type Plan } from './placing/plan.ts';
import { whyBarredOn } from './resource-wishes.ts';
import { decide, type Group, holdingsChanged, type NodeState, wakeBy } from './state.ts';

/** Makes the plan anew where what it follows from has changed; to be called in every step, before groups are moved. */
export function followPlan(state: NodeState, now: number): void {
  const { placement } = state.cluster;
  if (placement === undefined || state.role !== 'node') return;
  const nodes = state.cluster.nodes.map((name) => nodeFacts(state, placement, name, now));
  const on = holders(state);
  const barred = new Map([...state.groups.values()].map((group) => [group.name, barredNodes(state, group)]));
  const said = [...barred].map(([, why]) => [...why]);
  const gaveUp = givenUp(state);
  const { pins } = state.orders;
  const left = [...gaveUp].map(([name, names]) => [name, ...names]);
  const from = JSON.stringify([nodes, [...on], state.minuteOfWeek, said, left, [...pins]]);
  if (state.planned?.from !== from) {
    const groups = state.cluster.groups.map(
      ({ name, preferred }): GroupFacts => ({
        name,
        preferred,
        on: on.get(name),
        barred: barred.get(name) ?? nobody,
        gaveUp: gaveUp.get(name),
        pinned: pins.get(name),
      }),
    );
    const { autoFailback } = state.cluster;
    const plan = makePlan({ placement, autoFailback, nodes, groups, minuteOfWeek: state.minuteOfWeek });
    const before = state.planned?.moves;
    const moves = new Map<GroupName, { to: NodeName; since: number }>();
    for (const { group, from: here, to } of plan.groups) {
      if (here === undefined || to === undefined || here === to) continue;
      const known = before?.get(group);
      moves.set(group, known?.to === to ? known : { to, since: now });
    }
    state.planned = { from, plan, moves };
  }
  letGo(state, state.planned.plan);
  const settled = failbackDelay(state);
  for (const { since } of state.planned.moves.values()) if (now < since + settled) wakeBy(state, since + settled);
}

/**
 * What is left running here although its lease was lost (`no_quorum: freeze`), and may not be here by a strict rule while there
 * is a majority: nobody who may have it could start it.
 */
function letGo(state: NodeState, plan: Plan): void {
  if (!state.quorate) return;
  let stopped = false;
  for (const group of state.groups.values()) {
    if (!group.frozen) continue;
    const may = rankNodes(plan, group.name);
    if (may.length === 0 || may.includes(state.self)) continue;
    group.frozen = false;
    stopped = true;
    decide(state, {
      what: 'release',
      group: group.name,
      why: 'the rules between groups do not let it be here: what was left running stops',
    });
  }
  if (stopped) holdingsChanged(state);
}

const nobody: GroupFacts['barred'] = new Map();

/** The groups that nodes gave up, with these nodes. */
function givenUp(state: NodeState): Map<GroupName, ReadonlySet<NodeName>> {
  const found = new Map<GroupName, ReadonlySet<NodeName>>();
  for (const group of state.groups.values()) {
    if (group.gaveUp.size === 0) continue;
    found.set(group.name, new Set([...group.gaveUp.keys()].filter((name) => gaveUpOn(state, group, name))));
  }
  return found;
}

function barredNodes(state: NodeState, group: Group): GroupFacts['barred'] {
  if (group.resources === undefined) return nobody;
  return new Map(
    state.cluster.nodes.flatMap((name) => {
      const why = whyBarredOn(state, group, name);
      return why === undefined ? [] : [[name, why] as const];
    }),
  );
}

/** What is known to be held: by this node, and by peers that say so themselves; and what was left running where nobody does. */
function holders(state: NodeState): Map<GroupName, NodeName> {
  const on = new Map<GroupName, NodeName>();
  for (const group of state.groups.values()) {
    const running = leftRunningOn(state, group);
    if (running !== undefined) on.set(group.name, running);
  }
  for (const peer of state.peers.values())
    if (isAlive(peer)) for (const name of peer.beat?.holds ?? []) on.set(name, peer.name);
  for (const { name, claim } of state.groups.values()) if (claim.phase === 'holding') on.set(name, state.self);
  return on;
}

/** A node, with its time rounded down to what some rule waits for, so that time alone changes nothing in between. */
function nodeFacts(state: NodeState, placement: Placement, name: NodeName, now: number): NodeFacts {
  const unable = isCandidate(state, name) ? undefined : 'it may not take groups now';
  const peer = state.peers.get(name);
  const up = now - (peer?.upSince ?? state.startedAt);
  let upFor = 0;
  for (const delay of delays(placement)) {
    if (up >= delay) upFor = Math.max(upFor, delay);
    else if (unable === undefined) wakeBy(state, now + delay - up);
  }
  return { name, unable, upFor, reach: reachOf(state, name) };
}

function delays({ failback, groups }: Placement): number[] {
  const of = (said: Failback | undefined): number[] => (said?.kind === 'after' ? [said.delay] : []);
  return [...of(failback), ...Object.values(groups).flatMap((group) => of(group.failback))];
}
