/** The voter's side: what this node answers when it is asked, and what it learns from being asked. */
import { askedGroup } from './arbiter.ts';
import { ownBeat, send } from './beats.ts';
import { meansTheSame } from './group-addresses.ts';
import { learnHolder } from './lease.ts';
import type { Answer, Ballot, Message, Request } from './message.ts';
import { type Group, longestLease, type NodeState, type Peer } from './state.ts';
import { lookAgain } from './store-ask.ts';
import { judgePrepare, judgePropose, noteRelease, type Verdict } from './voter.ts';

export function onPrepare(
  state: NodeState,
  from: Peer,
  message: Extract<Message, { kind: 'prepare' }>,
  now: number,
): void {
  if (!bothVote(state, from)) return;
  // Whoever asks for a longer lease may take longer from here to arming than this voter would be silent after a restart, by
  // which it would have forgotten the promise. It would not get the lease of this voter either, so it keeps nobody waiting.
  if (message.lease !== undefined && message.lease > longestLease(state)) return;
  const answers = answerAll(state, from, message, now, (group, request, ballot) =>
    judgePrepare(group.slot, ballot, request.released, now),
  );
  // Silent after a restart: what was promised before it is forgotten, so nothing is answered until it is over.
  if (now < state.silentUntil) return;
  send(state, from, { kind: 'promise', nonce: message.nonce, answers }, now);
}

export function onPropose(
  state: NodeState,
  from: Peer,
  message: Extract<Message, { kind: 'propose' }>,
  now: number,
): void {
  if (!bothVote(state, from)) return;
  // After a restart this voter would be silent too short for a lease that is longer than all of its own configurations'. It
  // is not noted either (the first phase of an older version did not say the lease): a node that nobody grants such a lease would keep those from their turn that could have a shorter one.
  if (message.lease > longestLease(state)) return;
  const answers = answerAll(state, from, message, now, (group, _request, ballot) => {
    const verdict = judgePropose(group.slot, ballot, message.lease, now);
    if (verdict.ok) learnHolder(group, from.name, now);
    return verdict;
  });
  if (now < state.silentUntil) return;
  send(state, from, { kind: 'accept', nonce: message.nonce, answers, beat: ownBeat(state) }, now);
}

/** A node that votes no more, or not yet, gives no votes and gets none. */
function bothVote(state: NodeState, from: Peer): boolean {
  return (state.voterMask & state.selfBit) !== 0 && (state.voterMask & from.bit) !== 0;
}

/** The verdicts on all groups of a request that this voter can answer for; of others it says nothing. */
function answerAll(
  state: NodeState,
  from: Peer,
  message: { readonly incarnation: string; readonly requests: readonly Request[] },
  now: number,
  judge: (group: Group, request: Request, ballot: Ballot) => Verdict,
): Answer[] {
  const answers: Answer[] = [];
  for (const request of message.requests) {
    const group = askedGroup(state, request.group, now);
    if (group === undefined) continue;
    if (!meansTheSame(state, group, request, now)) {
      state.counters.otherAddresses = (state.counters.otherAddresses ?? 0) + 1;
      continue;
    }
    group.topRound = Math.max(group.topRound, request.round);
    const ballot = { round: request.round, node: from.name, incarnation: message.incarnation };
    answers.push({ group: request.group, ...judge(group, request, ballot) });
  }
  return answers;
}

/** A holder has shut its gate: for this node, for another one, or for whoever comes first. */
export function onRelease(
  state: NodeState,
  from: Peer,
  message: Extract<Message, { kind: 'release' }>,
  now: number,
): void {
  lookAgain(state);
  for (const { group: name, ballot } of message.releases) {
    const group = state.groups.get(name);
    if (group === undefined || ballot.node !== from.name) continue;
    noteRelease(group.slot, ballot, message.to);
    group.topRound = Math.max(group.topRound, ballot.round);
    if (message.to === undefined) group.knownUntil = now;
    if (message.to !== state.self || group.claim.phase !== 'idle') continue;
    learnHolder(group, from.name, now);
    group.expecting = { from: from.name, until: now + state.lease, ballot };
    group.retryAt = now;
  }
}
