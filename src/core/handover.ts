/**
 * Moving a group on purpose: the holder offers, the target gets ready for passed frames and asks for it, the holder shuts
 * its gate and releases, the target runs a ballot of its own. At no point does one node act for another, so that a lost
 * message costs at most the rest of a lease.
 */
import { send, sendTo, sendToAll } from './beats.ts';
import { noteMoved, whyBetter } from './connectivity.ts';
import { voidRounds } from './lease.ts';

import type { Ballot, Message } from './message.ts';
import { nextNonce } from './nonce.ts';
import { handoverTarget, isCandidate } from './placement.ts';
import { mayAskFor, mayBeReleased, noteFailedOffer, staysHere, stopsFirst } from './resource-wishes.ts';
import {
  decide,
  type Group,
  type Holding,
  holdingsChanged,
  isAway,
  longestLease,
  type NodeState,
  nextToken,
  ownBallot,
  type Peer,
  wakeBy,
} from './state.ts';
import { liveLease, noteRelease } from './voter.ts';

/** What has to be left of a lease for a hand-over to begin: the passing on of late frames ends with it. */
const leastLeft = 20;

/** Offers what should be elsewhere, repeats what was not answered, and waits for those that take over. */
export function moveGroups(state: NodeState, now: number): void {
  const offers = new Map<string, Group[]>();
  for (const group of state.groups.values()) {
    const { claim } = group;
    if (claim.phase === 'holding') {
      const to = offerDue(state, group, claim, now);
      if (to === undefined) continue;
      const list = offers.get(to);
      if (list === undefined) offers.set(to, [group]);
      else list.push(group);
    } else if (claim.phase === 'released') awaitTarget(state, group, now);
    else if (claim.phase === 'closing') wakeBy(state, claim.until);
    if (group.expecting !== undefined && now >= group.expecting.until) group.expecting = undefined;
  }
  for (const [to, groups] of offers) offer(state, to, groups, now);
}

/** To whom the group is to be offered now; undefined: to nobody, or not yet. */
function offerDue(state: NodeState, group: Group, claim: Holding, now: number): string | undefined {
  if (claim.offer !== undefined) {
    if (now >= claim.offer.until) {
      claim.offer = undefined;
      claim.failedOffers++;
      if (noteFailedOffer(state, group, claim.failedOffers, now)) claim.failedOffers = 0;
    } else {
      const { to } = claim.offer;
      // What has to start again where it is, is offered to nobody any more.
      if (!stopsFirst(state, group, () => whyMoved(state, group, to))) {
        claim.offer = undefined;
        return undefined;
      }
      if (now < claim.offer.resendAt) {
        wakeBy(state, claim.offer.resendAt);
        return undefined;
      }
      return to;
    }
  }
  if (staysHere(state, group, now)) return undefined;
  const to = handoverTarget(state, group, claim.failedOffers, now);
  if (to === undefined || !claim.gateOpen) return undefined;
  // Frames that the last holder passes on may still come for one lease of its own: they must not have to go a second hop.
  const settled = claim.since + longestLease(state);
  if (now >= settled) return stopsFirst(state, group, () => whyMoved(state, group, to)) ? to : undefined;
  wakeBy(state, settled);
  return undefined;
}

function offer(state: NodeState, to: string, groups: readonly Group[], now: number): void {
  const nonce = nextNonce(state.random);
  const { keepalive } = state.cluster.timings;
  for (const group of groups) {
    const { claim } = group;
    if (claim.phase !== 'holding') continue;
    const until = claim.offer?.until ?? now + 3 * keepalive;
    claim.offer = { to, nonce, until, resendAt: now + keepalive };
    wakeBy(state, now + keepalive);
  }
  sendTo(state, to, { kind: 'offer', nonce, groups: groups.map((group) => group.name) }, now);
}

/**
 * The target's side: ready for what the holder passes on, it asks the holder to yield. Not where its own kernel has not
 * acknowledged the last command for a while: it could not open its gate, so the holder would be asked again and again, each
 * time for a lease without service. Then it gives the kernel something harmless to acknowledge, and leaves the offer.
 */
export function onOffer(state: NodeState, from: Peer, message: Extract<Message, { kind: 'offer' }>, now: number): void {
  if (!isCandidate(state, state.self)) return;
  const groups = message.groups.filter((name) => {
    const group = state.groups.get(name);
    if (group?.claim.phase !== 'idle' || !mayAskFor(group)) return false;
    return liveLease(group.slot, now)?.ballot.node === from.name;
  });
  if (groups.length === 0) return;
  if (now > state.kernelOwesSince + state.cluster.timings.keepalive) {
    if (now < state.kernelAskedAt + state.lease) return;
    state.kernelAskedAt = now;
    state.effects.push({ type: 'close', token: nextToken(state), groups });
    return;
  }
  for (const name of groups) {
    const group = state.groups.get(name)!;
    group.expecting = { from: from.name, until: now + state.lease, ballot: undefined };
  }
  const deadline = now + state.lease / 2;
  state.effects.push({ type: 'acceptPassed', from: from.name, groups, lifetime: state.lease, deadline });
  send(state, from, { kind: 'take', nonce: message.nonce, groups }, now);
}

/** The holder's side: whoever was offered a group and asks for it gets it, with the frames that are still under way. */
export function onTake(state: NodeState, from: Peer, message: Extract<Message, { kind: 'take' }>, now: number): void {
  const yielded = message.groups
    .map((name) => state.groups.get(name))
    .filter((group): group is Group => {
      if (group?.claim.phase !== 'holding') return false;
      const { offer: offered, leaseEnd } = group.claim;
      return offered?.nonce === message.nonce && offered.to === from.name && leaseEnd - now >= leastLeft;
    });
  shut(state, yielded, from.name, now);
}

/** Shuts the gate of groups that are held: first the kernel, then (`onClosed`) the voters are told. */
export function shut(state: NodeState, groups: readonly Group[], to: string | undefined, now: number): void {
  const byToken = new Map<number, Group[]>();
  for (const group of groups) {
    if (group.claim.phase !== 'holding') continue;
    const list = byToken.get(group.claim.token);
    if (list === undefined) byToken.set(group.claim.token, [group]);
    else list.push(group);
  }
  for (const [passToken, list] of byToken) {
    const token = nextToken(state);
    let until = Number.POSITIVE_INFINITY;
    for (const group of list) {
      if (group.claim.phase !== 'holding') continue;
      const ballot = ownBallot(state, group.claim.round);
      until = Math.min(until, group.claim.leaseEnd);
      voidRounds(state, group);
      group.claim = { phase: 'closing', token, to, ballot, until: group.claim.leaseEnd };
      decide(
        state,
        to === undefined
          ? { what: 'release', group: group.name, why: whyReleased(state) }
          : { what: 'handover', group: group.name, node: to, why: whyMoved(state, group, to) },
      );
    }
    const names = list.map((group) => group.name);
    if (to === undefined) state.effects.push({ type: 'close', token, groups: names });
    else state.effects.push({ type: 'close', token, groups: names, passTo: to, passFor: until - now, passToken });
  }
  if (byToken.size === 0) return;
  holdingsChanged(state);
  if (to !== undefined && !isAway(state) && whyBetter(state, to) !== undefined) noteMoved(state, now);
}

function whyReleased(state: NodeState): string {
  return (state.selfBit & state.voterMask) === 0
    ? 'this node votes no more'
    : 'this node leaves, and nobody is there to take it over';
}

function whyMoved(state: NodeState, group: Group, to: string): string {
  if (state.leaving) return 'this node leaves';
  if (state.epochs.steppingDown) return 'this node is about to be removed from the voters';
  if (state.standby) return 'this node is standby';
  if (group.resources?.barred !== undefined) return `this node gives it up for now: ${group.resources.barred}`;
  if (state.orders.pins.get(group.name) === to) return `an operator moved it to ${to}`;
  const better = whyBetter(state, to);
  if (better !== undefined) return better;
  const reason = state.planned?.plan.groups.find((one) => one.group === group.name)?.reason;
  if (reason === 'repair') return `the rules between groups want it on ${to}`;
  if (reason === 'failback' && to !== group.preferred) return `${to} weighs more`;
  return to === group.preferred ? `${to} is its preferred node and is back` : `it was offered to ${to}`;
}

/** The kernel says that the gate is shut: only now may anybody else be told so. */
export function onClosed(state: NodeState, token: number, ok: boolean, now: number): void {
  // Where the kernel refused, the gate shuts itself when its token times out, and the voters wait for that.
  if (!ok) return;
  const releases: { group: string; ballot: Ballot }[] = [];
  let to: string | undefined;
  for (const group of state.groups.values()) {
    const { claim } = group;
    if (claim.phase !== 'closing' || claim.token !== token) continue;
    if (!mayBeReleased(state, group)) {
      group.claim = { phase: 'idle' };
      continue;
    }
    to = claim.to;
    releases.push({ group: group.name, ballot: claim.ballot });
    noteRelease(group.slot, claim.ballot, to);
    group.claim =
      to === undefined
        ? { phase: 'idle' }
        : {
            phase: 'released',
            to,
            ballot: claim.ballot,
            until: now + state.lease,
            resendAt: now + state.cluster.timings.keepalive,
          };
    group.knownUntil = to === undefined ? now : group.knownUntil;
  }
  if (state.store !== undefined) {
    const until = now + state.lease;
    for (const { group, ballot } of releases)
      state.store.releasing.set(group, { to, ballot, until, nonce: undefined, askedAt: now });
    return;
  }
  if (releases.length > 0) sendToAll(state, { kind: 'release', to, releases }, now);
}

/** Done when the target says that it holds the group; until then the release may have been lost. */
function awaitTarget(state: NodeState, group: Group, now: number): void {
  const { claim } = group;
  if (claim.phase !== 'released') return;
  const target = state.peers.get(claim.to);
  if (now >= claim.until || target?.beat?.holds.includes(group.name)) {
    group.claim = { phase: 'idle' };
    return;
  }
  if (state.store?.releasing.has(group.name)) {
    wakeBy(state, claim.until);
    return;
  }
  if (now >= claim.resendAt) {
    claim.resendAt = now + state.cluster.timings.keepalive;
    const releases = [{ group: group.name, ballot: claim.ballot }];
    sendToAll(state, { kind: 'release', to: claim.to, releases }, now);
  }
  wakeBy(state, Math.min(claim.resendAt, claim.until));
}

/**
 * A lease whose gate does not open helps nobody: after a whole lease of trying it is released, so that another node
 * can serve.
 */
export function abandonShut(state: NodeState, now: number): void {
  for (const group of state.groups.values()) {
    const { claim } = group;
    if (claim.phase !== 'holding' || claim.gateOpen) continue;
    if (now < claim.shutSince + state.lease) {
      wakeBy(state, claim.shutSince + state.lease);
      continue;
    }
    if (!stopsFirst(state, group, () => 'its gate does not open')) continue;
    group.retryAt = now + 5 * state.lease;
    shut(state, [group], undefined, now);
  }
}
