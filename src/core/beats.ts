import type { NodeName } from '../model/names.ts';
import { driftSaid } from './differences.ts';
import { needsHere } from './fencing/need.ts';
import type { Beat, Message } from './message.ts';
import { barredHere, mayRunHere, startingHere } from './resource-wishes.ts';
import { isAway, type NodeState, openGroups, type Peer, wakeBy } from './state.ts';

/** What this node says about itself now. */
export function ownBeat(state: NodeState): Beat {
  state.beat ??= {
    configHash: state.options.configHash,
    bundleHash: state.options.bundleHash,
    macs: state.macs,
    standby: isAway(state),
    quorate: state.quorate,
    holds: openGroups(state),
    reach: state.reach.reached,
    mayRun: mayRunHere(state),
    barred: barredHere(state),
    starting: startingHere(state),
    fenced: state.fencing.fenced.size === 0 ? undefined : [...state.fencing.fenced.values()],
    fenceMe: whyFenceMe(state),
    waitsFor: state.fencing.waitsFor.length === 0 ? undefined : state.fencing.waitsFor,
    orders: state.orders.digest === 0 ? undefined : state.orders.digest,
    needs: needsHere(state),
    wants: state.wants,
    drift: state.role === 'node' ? driftSaid(state.cluster) : undefined,
  };
  return state.beat;
}

/** Why this node wants to be fenced, short enough for a beat. */
function whyFenceMe(state: NodeState): string | undefined {
  for (const why of state.fenceWanted.values()) return why.slice(0, 60);
  return undefined;
}

/** One message to one voter. Those that carry a beat spare the next one. */
export function send(state: NodeState, to: Peer, message: Message, now: number): void {
  if (message.kind === 'beat' || message.kind === 'propose' || message.kind === 'accept') to.lastSent = now;
  state.effects.push({ type: 'send', to: to.name, epoch: state.epoch, message });
}

/** To everybody whose vote counts. */
export function sendToAll(state: NodeState, message: Message, now: number): void {
  for (const peer of state.peers.values()) if ((peer.bit & state.voterMask) !== 0) send(state, peer, message, now);
}

export function sendTo(state: NodeState, to: NodeName, message: Message, now: number): void {
  const peer = state.peers.get(to);
  if (peer !== undefined) send(state, peer, message, now);
}

/** How much earlier or later than planned a beat may go, in keepalives. */
const slack = 0.2;

/**
 * Beats where nothing else says that this node lives. Between a holder and a voter the renewal and its answer do, so there
 * a beat waits a while longer than a keepalive for them.
 */
export function beat(state: NodeState, now: number): void {
  const { keepalive } = state.cluster.timings;
  const holding = ownBeat(state).holds.length > 0;
  for (const peer of state.peers.values()) {
    const renewing = holding || (peer.beat !== undefined && peer.beat.holds.length > 0);
    const patience = renewing ? keepalive * 1.5 : keepalive;
    // A beat goes out with whatever else wakes this node around its time, and wakes it only a little after that: an
    // awakening costs more than the beat.
    if (state.beatNow || now >= peer.lastSent + patience - keepalive * slack)
      send(state, peer, { kind: 'beat', beat: ownBeat(state) }, now);
    wakeBy(state, peer.lastSent + patience + keepalive * slack);
  }
  state.beatNow = false;
}
