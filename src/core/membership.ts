import type { MacAddress } from '../model/names.ts';
import { announceAgain } from './announcements.ts';
import type { Beat } from './message.ts';
import { countBits, decide, type NodeState, type Peer, wakeBy } from './state.ts';
import { storeAnswers } from './store-record.ts';

/** Whether a peer counts as alive. */
export function isAlive(peer: Peer): boolean {
  return peer.state === 'up' || peer.state === 'late';
}

/** An authentic message is a sign of life, whatever it says. */
export function heard(state: NodeState, peer: Peer, now: number): void {
  const before = peer.state;
  peer.lastHeard = now;
  if (before === 'up') return;
  peer.state = 'up';
  if (before === 'late') return;
  peer.upSince = now;
  decide(state, {
    what: 'node-up',
    node: peer.name,
    why: before === 'dead' ? 'it is heard again' : 'it is heard for the first time',
  });
  state.peersMoved = true;
  announceAgain(state, now, `${peer.name} appeared`);
  countQuorum(state, now);
}

/** What a peer says about itself. */
export function noteBeat(peer: Peer, beat: Beat, epoch: number): void {
  peer.beat = beat;
  peer.beatEpoch = epoch;
}

/**
 * Silence after which a peer counts as dead. Between a far arbiter and a node a lost packet costs several round trips, which
 * the lease is made for and a LAN's deadtime is not.
 */
function silencePatience(state: NodeState, peer: Peer): number {
  const { deadtime } = state.cluster.timings;
  return peer.role === 'arbiter' || state.role === 'arbiter' ? Math.max(deadtime, state.lease) : deadtime;
}

/** Grows late and dead with silence; counts the quorum where that changed. */
export function watchPeers(state: NodeState, now: number): void {
  const { warntime, deadtime } = state.cluster.timings;
  let changed = false;
  for (const peer of state.peers.values()) {
    if (!isAlive(peer)) continue;
    const patience = silencePatience(state, peer);
    // Compared as the very numbers that are woken for: a difference may round to just below its bound at its own time.
    const deadAt = peer.lastHeard + patience;
    const lateAt = Math.min(peer.lastHeard + (patience * warntime) / deadtime, deadAt);
    if (now >= deadAt) {
      peer.state = 'dead';
      changed = true;
      const silence = Math.round(now - peer.lastHeard);
      decide(state, { what: 'node-dead', node: peer.name, why: `nothing heard of it for ${silence} ms` });
    } else if (now >= lateAt) peer.state = 'late';
    if (peer.state === 'up') wakeBy(state, lateAt);
    else if (peer.state === 'late') wakeBy(state, deadAt);
  }
  if (!changed) return;
  state.peersMoved = true;
  countQuorum(state, now);
}

/** Last in a step: what follows the peers takes a while, and nothing that a takeover needs waits for it. */
export function followPeers(state: NodeState): void {
  if (!state.peersMoved) return;
  state.peersMoved = false;
  state.effects.push({ type: 'followPeers' });
}

/** Voters that are heard, this one included where it is one. */
export function votesHeard(state: NodeState): number {
  let votes = state.selfBit;
  for (const peer of state.peers.values()) if (isAlive(peer)) votes |= peer.bit;
  return countBits(votes & state.voterMask & ~state.fencing.subtracted);
}

/** Quorate means: a majority of the voters is heard. It says whether an attempt is worth making; leases need votes. */
export function countQuorum(state: NodeState, now: number): void {
  const votes = votesHeard(state);
  const { store } = state;
  const quorate = store === undefined ? votes >= state.majority : storeAnswers(store, state.lease, now);
  if (quorate === state.quorate) return;
  state.quorate = quorate;
  state.quorateSince = now;
  state.beat = undefined;
  state.beatNow = true;
  const why =
    store === undefined
      ? `${votes} of ${state.voters.length} voters heard, ${state.majority} needed`
      : `${store.name} ${quorate ? 'answers' : 'has not answered for a lease'}`;
  decide(state, { what: quorate ? 'quorum-gained' : 'quorum-lost', why });
  if (quorate) announceAgain(state, now, 'quorum is back');
}

/** What the peers hold against their own configuration. */
export function noteConfiguration(state: NodeState, configHash: string): void {
  if (state.options.configHash === configHash) return;
  state.options = { ...state.options, configHash };
  state.beat = undefined;
  state.beatNow = true;
}

/** A cable: its MAC is told to the peers, and what this node holds is announced again. */
export function noteLink(
  state: NodeState,
  device: string,
  up: boolean,
  mac: MacAddress | undefined,
  now: number,
): void {
  if (mac !== undefined && state.macs[device] !== mac) {
    state.macs = { ...state.macs, [device]: mac };
    state.beat = undefined;
    state.beatNow = true;
  }
  decide(state, { what: up ? 'link-up' : 'link-down', device, why: `${device} ${up ? 'has' : 'lost'} its carrier` });
  if (up) announceAgain(state, now, `${device} is up`);
}
