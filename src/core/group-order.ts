/**
 * What starts first and stops last among groups, as the `order` rules of muster.yml say. It concerns resources: a group's
 * addresses come with its lease at once, and whoever holds it waits with the rest for the groups before it. A rule that is
 * not strict waits only for what is on its way, and not for ever. When a node is to release several groups, the later ones
 * stop first. Whoever loses a lease stops at once, and asks nobody.
 */
import type { GroupName } from '../model/names.ts';
import { isAlive } from './membership.ts';
import { type Group, type NodeState, wakeBy } from './state.ts';

/** For how long a start waits for a group that does not come up, where the rule is not strict; milliseconds. */
const patience = 120_000;

/** The first group before this one that does not run yet and is to be waited for; undefined: it may start. */
export function waitsFor(state: NodeState, group: Group, now: number): GroupName | undefined {
  if (!hasOrders(state)) return undefined;
  for (const { name, strict } of neighbours(state, group.name, -1)) {
    const before = state.groups.get(name);
    if (before === undefined || isUp(state, before)) continue;
    if (strict) return name;
    const until = Math.max(group.holderSince, state.startedAt) + patience;
    if (now >= until || !isComing(state, before)) continue;
    wakeBy(state, until);
    return name;
  }
  return undefined;
}

/** Whether a group that is to stop here has to wait until a later one has: that stops here, too. */
export function stopsAfterOthers(state: NodeState, group: Group): boolean {
  if (!hasOrders(state)) return false;
  return neighbours(state, group.name, 1).some(({ name }) => {
    const later = state.groups.get(name)?.resources;
    return later?.stopping === true && later.phase !== 'stopped' && later.phase !== 'stuck';
  });
}

function hasOrders({ cluster }: NodeState): boolean {
  return cluster.placement?.rules.some(({ kind }) => kind === 'order') === true;
}

/** The groups right before (-1) or after (1) this one. */
function neighbours({ cluster }: NodeState, group: GroupName, step: 1 | -1): { name: GroupName; strict: boolean }[] {
  return (cluster.placement?.rules ?? []).flatMap(({ kind, groups, strict }) => {
    const at = kind === 'order' ? groups.indexOf(group) : -1;
    const name = at < 0 ? undefined : groups[at + step];
    return name === undefined ? [] : [{ name, strict }];
  });
}

/** Whether all of a group runs, wherever that is. */
function isUp(state: NodeState, { name, claim, resources }: Group): boolean {
  if (claim.phase === 'holding') return claim.gateOpen && (resources === undefined || resources.phase === 'running');
  for (const peer of state.peers.values())
    if (isAlive(peer) && peer.beat?.holds.includes(name)) return peer.beat.starting?.includes(name) !== true;
  return false;
}

/** Whether it may be expected to run soon: nobody who has it gives it up. */
function isComing(state: NodeState, { name, claim, resources }: Group): boolean {
  if (claim.phase === 'holding') return resources?.barred === undefined;
  for (const peer of state.peers.values())
    if (isAlive(peer) && peer.beat?.holds.includes(name)) return peer.beat.barred?.includes(name) !== true;
  return state.quorate;
}
