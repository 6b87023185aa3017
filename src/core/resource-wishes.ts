/**
 * The lease decides, resources follow. Whoever has a group's gate open runs its resources; whoever loses the lease stops
 * them at once. On a release that is planned it is the other way round: the resources stop first, while the lease is still
 * renewed, and only then is the group offered, shut and released. After a start of musterd everything is looked at before
 * the group is asked for; what runs and whose lease this node gets again goes on as if nothing had been.
 *
 * A group of which nothing is run by agents has no standing, and nothing here concerns it.
 */
import type { GroupName, NodeName } from '../model/names.ts';
import type { Manner } from './effect.ts';
import type { Event } from './event.ts';
import { needsFencing } from './fencing/need.ts';
import { noteOwnGivenUp } from './gave-up.ts';
import { stopsAfterOthers, waitsFor } from './group-order.ts';
import { inMaintenance } from './maintenance.ts';
import type { Wish } from './resources/event.ts';
import type { ResourceStanding } from './resources/standing.ts';
import { decide, type Group, isAway, type NodeState, wakeBy } from './state.ts';
import { liveLease } from './voter.ts';

/** For how long a group that nobody took over stays where it is before it is stopped for another try; milliseconds. */
const stayFor = 60_000;
/** How many offers may come to nothing before that. */
export const mostFailedOffers = 3;
/** How long after its start a node waits at most to get the lease of what runs there again, beside the turns of others. */
export const adoptWithin = 5000;

/** What the driver says of a group's resources. */
export function noteResources(state: NodeState, event: Extract<Event, { type: 'resources' }>): void {
  const group = state.groups.get(event.group);
  const standing = group?.resources;
  if (group === undefined || standing === undefined) return;
  const before = { barred: standing.barred, phase: standing.phase, told: told(standing) };
  const { phase, dirty, barred, answers } = event;
  Object.assign(standing, { phase, dirty, barred, answered: answers });
  noteOwnGivenUp(state, group, before.barred);
  if (before.phase !== phase && (phase === 'running' || phase === 'stopped' || phase === 'stuck'))
    decide(state, { what: 'resources', group: group.name, how: wellIf(phase === 'running'), why: phaseWords[phase] });
  if (before.barred !== barred)
    decide(state, {
      what: 'resources',
      group: group.name,
      how: wellIf(barred === undefined),
      why: barred === undefined ? 'it may run here again' : `this node gives it up for now: ${barred}`,
    });
  // What was a reason to fence is none any more: an operator has mended it, or it stopped after all.
  if (phase !== 'stuck' && barred === undefined && state.fenceWanted.delete(group.name)) tellPeers(state);
  if (before.told !== told(standing)) tellPeers(state);
}

const wellIf = (is: boolean): Manner | undefined => (is ? 'well' : undefined);

const phaseWords = {
  running: 'all of it runs',
  stopped: 'nothing of it runs',
  stuck: 'something of it cannot be stopped',
} as const;

/** What peers are told of it, to be compared. */
function told(standing: ResourceStanding): string {
  return `${isStopped(standing)} ${standing.barred !== undefined} ${standing.phase === 'running'}`;
}

function tellPeers(state: NodeState): void {
  state.beat = undefined;
  state.beatNow = true;
}

/** Whether it is certain that nothing of it runs here. */
function isStopped({ phase, answered, surelyFrom }: ResourceStanding): boolean {
  return phase === 'stopped' && answered >= surelyFrom;
}

/** The groups of which something may still run here; undefined where agents run none. */
export function mayRunHere(state: NodeState): GroupName[] | undefined {
  return listed(state, (standing) => !isStopped(standing));
}

/** The groups that this node gives up for now; undefined where agents run none. */
export function barredHere(state: NodeState): GroupName[] | undefined {
  return listed(state, ({ barred }) => barred !== undefined);
}

/** The groups that this node holds and of which not all runs; undefined where agents run none. */
export function startingHere(state: NodeState): GroupName[] | undefined {
  const held = (name: GroupName): boolean => state.groups.get(name)?.claim.phase === 'holding';
  return listed(state, ({ phase }, name) => phase !== 'running' && held(name));
}

function listed(
  state: NodeState,
  of: (standing: ResourceStanding, name: GroupName) => boolean,
): GroupName[] | undefined {
  let names: GroupName[] | undefined;
  for (const { name, resources } of state.groups.values()) {
    if (resources === undefined) continue;
    names ??= [];
    if (of(resources, name)) names.push(name);
  }
  return names;
}

/** Why a node gives the group up for now, as the end of a sentence; undefined where it may have it. */
export function whyBarredOn(state: NodeState, group: Group, name: NodeName): string | undefined {
  if (group.resources === undefined) return undefined;
  if (name === state.self)
    return group.resources.barred === undefined ? undefined : `it gave it up: ${group.resources.barred}`;
  const barred = state.peers.get(name)?.beat?.barred?.includes(group.name) === true;
  return barred ? 'it gave it up, as it failed there' : undefined;
}

/** Whether something of the group may run on a node now, as far as that has said. */
export function mayRunOn(state: NodeState, group: Group, name: NodeName): boolean {
  if (group.resources === undefined) return false;
  if (name === state.self) return !isStopped(group.resources);
  return state.peers.get(name)?.beat?.mayRun?.includes(group.name) === true;
}

/** Whether a node could start the group as soon as it has it: nothing of it runs there, or is in an unknown state. */
export function isReadyFor(state: NodeState, group: Group, name: NodeName): boolean {
  if (group.resources === undefined) return true;
  // Whoever says nothing about it is of a version that knows no resources.
  if (state.peers.get(name)?.beat?.mayRun === undefined) return !needsFencing(state, group.name);
  return !mayRunOn(state, group, name);
}

/** Whether this node may ask for the group: it knows what runs of it, and could start all of it. */
export function mayAskFor({ resources }: Group): boolean {
  if (resources === undefined) return true;
  if (resources.barred !== undefined) return false;
  if (isStopped(resources)) return true;
  switch (resources.phase) {
    case 'left':
      return true;
    case 'running':
    case 'changing':
      return resources.wish === 'wait' && !resources.dirty;
    default:
      return false;
  }
}

/**
 * Whether a held group may be released as far as its resources are concerned. Where something may run it begins to stop,
 * for `why`; to be asked again in every step for as long as there is a reason, else it is started again.
 */
export function stopsFirst(state: NodeState, group: Group, why: () => string): boolean {
  const { resources: standing } = group;
  if (standing === undefined) return true;
  standing.reason = true;
  if (standing.stopping) {
    if (isStopped(standing)) return true;
    // The gate silences what is left of it; without one, somebody has to see to it that this node runs nothing.
    return standing.phase === 'stuck' && !needsFencing(state, group.name);
  }
  standing.stopping = true;
  if (standing.phase !== 'stopped')
    decide(state, { what: 'resources', group: group.name, why: `they are stopped first, as ${why()}` });
  return false;
}

/** An offer came to nothing. After some the group goes on running here, and is not stopped for another try for a while. */
export function noteFailedOffer(state: NodeState, group: Group, failedOffers: number, now: number): boolean {
  const { resources: standing } = group;
  if (standing === undefined || standing.barred !== undefined || state.leaving) return false;
  if (failedOffers < mostFailedOffers) return false;
  standing.staysUntil = now + stayFor;
  decide(state, { what: 'resources', group: group.name, why: 'nobody took it over: it is started again here' });
  return true;
}

/** Whether it was stopped in vain not long ago. */
export function staysHere(state: NodeState, { resources: standing }: Group, now: number): boolean {
  if (standing === undefined || standing.barred !== undefined || now >= standing.staysUntil) return false;
  wakeBy(state, standing.staysUntil);
  return !state.leaving;
}

/**
 * Whether a release that is said to the voters would be true: nothing of it runs any more, but for what cannot be stopped and
 * need not be. Who votes no more lets go at once; what it ran till then has the rest of the lease to stop.
 */
export function mayBeReleased(state: NodeState, { name, resources }: Group): boolean {
  if (resources === undefined || isStopped(resources)) return true;
  return resources.phase === 'stuck' && !needsFencing(state, name);
}

/**
 * Whether any group's resources are being stopped: so that it can be released, or as its lease was lost. Who ends meanwhile
 * would leave them half stopped, and nobody to go on with it.
 */
export function areStopping(state: NodeState): boolean {
  for (const { claim, frozen, resources } of state.groups.values()) {
    if (resources === undefined || isStopped(resources) || resources.phase === 'stuck') continue;
    if (claim.phase === 'holding' ? resources.stopping : !frozen) return true;
  }
  return false;
}

/** Says what the resources of each group are to do, wherever that has changed; last in a step, when all is decided. */
export function followLeases(state: NodeState, now: number): void {
  for (const group of state.groups.values()) {
    const { resources: standing } = group;
    if (standing === undefined) continue;
    if (group.claim.phase !== 'holding') standing.stopping = false;
    // What has begun to stop stops, whatever becomes of the reason: nothing is tossed about by somebody who comes and goes.
    // A node that is about to end starts nothing any more, even if nobody is left who could take the group over.
    else if (!standing.reason && !state.leaving && (isStopped(standing) || standing.phase === 'stuck'))
      standing.stopping = false;
    standing.reason = false;
    want(state, group, standing, wishFor(state, group, standing, now));
  }
}

function wishFor(state: NodeState, group: Group, standing: ResourceStanding, now: number): Wish {
  const { claim } = group;
  if (group.frozen) return 'leave';
  if (inMaintenance(state, state.self)) return wishInMaintenance(state, group, standing, now);
  if (claim.phase !== 'holding')
    return standing.wish === 'wait' && mayBeOurs(state, group, standing, now) ? 'wait' : 'stop';
  if (standing.stopping) return standing.wish !== 'stop' && stopsAfterOthers(state, group) ? standing.wish : 'stop';
  return wishToRun(state, group, standing, now);
}

function wishToRun(state: NodeState, group: Group, standing: ResourceStanding, now: number): Wish {
  const { claim } = group;
  // The gate of a lease that lives may be shut for a moment: what runs goes on.
  if (claim.phase !== 'holding' || !claim.gateOpen || standing.wish === 'run') return standing.wish;
  // What runs already has waited.
  const missing = standing.phase === 'running' ? undefined : waitsFor(state, group, now);
  noteMissing(state, group, standing, missing);
  return missing === undefined ? 'run' : standing.wish;
}

function noteMissing(
  state: NodeState,
  { name }: Group,
  standing: ResourceStanding,
  missing: GroupName | undefined,
): void {
  if (standing.waitsFor === missing) return;
  standing.waitsFor = missing;
  if (missing !== undefined)
    decide(state, { what: 'resources', group: name, why: `they wait for ${missing}, which comes first` });
}

/** What runs is let alone; what was begun before comes to its end first, so that nothing is left half done. */
function wishInMaintenance(state: NodeState, group: Group, standing: ResourceStanding, now: number): Wish {
  const { wish, phase, barred } = standing;
  if (group.claim.phase !== 'holding') return isStopped(standing) || wish === 'stop' ? wish : 'leave';
  if (wish === 'leave' || phase === 'running' || phase === 'stuck' || barred !== undefined) return 'leave';
  return wishToRun(state, group, standing, now);
}

/** After a start: whether what runs here may wait for this node to get its lease (again). */
function mayBeOurs(state: NodeState, group: Group, standing: ResourceStanding, now: number): boolean {
  if (standing.phase === 'unknown' || isStopped(standing)) return true;
  if (standing.dirty || standing.barred !== undefined || isAway(state)) return false;
  if (group.claim.phase !== 'idle') return true;
  const live = liveLease(group.slot, now);
  if (live !== undefined && live.ballot.node !== state.self) return false;
  if (group.holder !== undefined && group.holder !== state.self && now < group.knownUntil) return false;
  const { timings, nodes } = state.cluster;
  const until = Math.max(state.silentUntil, state.startedAt + timings.initdead) + adoptWithin + 1000 * nodes.length;
  if (now >= until) return false;
  wakeBy(state, until);
  return true;
}

function want(state: NodeState, group: Group, standing: ResourceStanding, wish: Wish): void {
  // Whoever has lost the lease does not wait for a start to end.
  const urgently = wish === 'stop' && group.claim.phase !== 'holding';
  const more = urgently && !standing.urgently && !isStopped(standing);
  if (wish === standing.wish && !more) return;
  const before = told(standing);
  standing.asked++;
  // Until they are asked to stop, they may start at any moment.
  if (wish === 'run' || wish === 'leave') standing.surelyFrom = Number.POSITIVE_INFINITY;
  else if (standing.surelyFrom === Number.POSITIVE_INFINITY) standing.surelyFrom = standing.asked;
  standing.wish = wish;
  standing.urgently = urgently;
  state.effects.push({ type: 'want', group: group.name, wish, urgently, id: standing.asked });
  if (before !== told(standing)) tellPeers(state);
}
