/**
 * Planted defects: each breaks one rule of the lease, the gate, membership or hand-over in the text of one file of the
 * core, once. The production code knows nothing of them. Each must be found by the simulation.
 */
export interface Defect {
  readonly name: string;
  /** The rule that it breaks, in words. */
  readonly rule: string;
  readonly file: string;
  /** Must stand in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Only clusters that have this can tell: others are not tried. */
  readonly where?: 'changes' | 'wire' | 'store' | undefined;
}

export const defects: readonly Defect[] = [
  {
    name: 'minority-suffices',
    rule: 'A lease is granted by a majority of the voters.',
    file: 'state.ts',
    find: 'return countBits(votes & state.voterMask) >= state.majority;',
    replace: 'return countBits(votes & state.voterMask) >= state.majority - 1;',
  },
  {
    name: 'promise-while-lease-lives',
    rule: 'A prepare is refused while a lease of somebody else lives.',
    file: 'voter.ts',
    find: 'if (live !== undefined && !own && live.reservedFor !== ballot.node)',
    replace: 'if (live === undefined && slot === undefined)',
  },
  {
    name: 'promise-forgotten',
    rule: 'After a promise nothing older is accepted.',
    file: 'voter.ts',
    find: 'if (slot.promised !== undefined && compareBallots(ballot, slot.promised) < 0) return refusal(slot, now);\n  slot.promised = ballot;\n  slot.accepted',
    replace: 'slot.promised = ballot;\n  slot.accepted',
  },
  {
    name: 'no-silence-after-restart',
    rule: 'A voter that restarts stays silent for the longest lease.',
    file: 'create.ts',
    find: 'longestLease({ lease, options }) * silence(cluster.driftBound)',
    replace: '0',
  },
  {
    name: 'no-drift-margin',
    rule: 'The gate shuts before the voters have counted to the end.',
    file: 'model/gate-margin.ts',
    find: 'return 2 * driftBound * lease',
    replace: 'return 0 * lease',
  },
  {
    name: 'count-from-the-answer',
    rule: 'The kernel has armed before the voters are asked.',
    file: 'lease.ts',
    find: "state.effects.push({ type: 'arm', token, groups: names, lifetime: state.gateLifetime, deadline });",
    replace:
      "state.effects.push({ type: 'arm', token, groups: names, lifetime: state.gateLifetime, deadline }); onArmed(state, token, true, now);",
  },
  {
    name: 'answers-of-any-round-count',
    rule: 'An answer counts only for the round whose nonce it repeats.',
    file: 'lease.ts',
    find: 'const round = state.rounds.find((candidate) => candidate.nonce === message.nonce);',
    replace: 'const round = state.rounds.at(-1);',
  },
  {
    name: 'release-before-the-gate-is-shut',
    rule: 'The voters are told of a release only when the kernel has acknowledged the close.',
    file: 'handover.ts',
    find: '  if (byToken.size === 0) return;',
    replace:
      "  for (const list of byToken.values()) { const claim = list[0]!.claim; if (claim.phase === 'closing') onClosed(state, claim.token, true, now); }\n  if (byToken.size === 0) return;",
  },
  {
    name: 'passing-outlives-the-token',
    rule: 'Frames are passed on only while the token of the last grant is armed.',
    file: 'handover.ts',
    find: 'passFor: until - now, passToken });',
    replace:
      "passFor: 5000, passToken: token });\n    state.effects.unshift({ type: 'arm', token, groups: names, lifetime: 5000, deadline: now + 5000 });",
  },
  {
    name: 'released-to-anybody',
    rule: 'A lease that is handed over is kept for its target until it would have run out.',
    file: 'voter.ts',
    find: 'if (to === undefined) slot.accepted = undefined;\n  else slot.accepted.reservedFor = to;',
    replace: 'slot.accepted = undefined;',
  },
  {
    name: 'freeze-forgives',
    rule: 'What time alone has ended is ended before the event is looked at.',
    file: 'lease.ts',
    find: "if (claim.phase === 'holding' && now >= claim.leaseEnd) {",
    replace: "if (claim.phase === 'holding' && now >= claim.leaseEnd + 5000) {",
  },
  {
    name: 'equal-rounds-are-one-ballot',
    rule: 'Ballots of different proposers differ, also where their rounds are the same.',
    file: 'ballot.ts',
    find: 'if (left.node !== right.node) return left.node < right.node ? -1 : 1;',
    replace: 'return 0;',
  },
  {
    name: 'attempts-never-end',
    rule: 'From prepare to arming takes a part of a lease at most: a restarted voter counts on it.',
    file: 'takeover.ts',
    find: 'if (now < claim.since + state.attempt) wakeBy(state, claim.since + state.attempt);',
    replace: 'if (now < claim.since + 100_000) wakeBy(state, claim.since + 100_000);',
  },
  {
    name: 'own-vote-twice',
    rule: 'Each voter counts once.',
    file: 'state.ts',
    find: 'bits++;',
    replace: 'bits += mask > 1 && bits === 0 ? 2 : 1;',
  },
  {
    name: 'never-announced',
    rule: 'A takeover is announced.',
    file: 'announcements.ts',
    find: 'if (series.next > before) due.push(group.name);',
    replace: 'if (series.next > before + 9) due.push(group.name);',
  },
  {
    name: 'no-retry-after-refusal',
    rule: 'A refused challenger tries again when the lease that it was told of is over.',
    file: 'lease.ts',
    find: 'group.knownUntil = Math.max(group.knownUntil, now + answer.remaining);',
    replace: 'group.knownUntil = Number.MAX_SAFE_INTEGER;',
  },
  {
    name: 'flush-is-ignored',
    rule: 'After somebody flushed the ruleset a fresh round opens the gate again.',
    file: 'lease.ts',
    find: "if (claim.phase !== 'holding' || claim.token !== token || claim.gateOpen || !ok) continue;",
    replace:
      "if (claim.phase !== 'holding' || claim.token !== token || claim.gateOpen || !ok || state.counters.takeovers! > 0) continue;",
  },
  {
    name: 'majority-of-those-heard',
    rule: 'The majority is of all voters, not of those that are heard.',
    file: 'state.ts',
    find: 'return countBits(votes & state.voterMask) >= state.majority;',
    replace:
      "return countBits(votes) > (1 + [...state.peers.values()].filter((peer) => peer.state !== 'dead').length) / 2;",
  },
  {
    name: 'promises-while-silent',
    rule: 'A voter that restarts is silent: it promises nothing.',
    file: 'voting.ts',
    find: "if (now < state.silentUntil) return;\n  send(state, from, { kind: 'promise'",
    replace: "send(state, from, { kind: 'promise'",
  },
  {
    name: 'renewals-come-late',
    rule: 'A lease is renewed every keepalive.',
    file: 'lease.ts',
    find: 'if (now >= renewalDue(state)) {',
    replace: 'if (now >= renewalDue(state) + state.gateLifetime) {',
  },
  {
    name: 'stuck-kernel-takes-offers',
    rule: 'A node asks for what it is offered only where its kernel answers.',
    file: 'handover.ts',
    find: 'if (now > state.kernelOwesSince + state.cluster.timings.keepalive) {',
    replace: 'if (now < 0) {',
  },
  {
    name: 'released-without-the-kernel',
    rule: 'Where the kernel refuses to shut the gate, nobody is told that it is shut.',
    file: 'handover.ts',
    find: 'if (!ok) return;',
    replace: '',
  },
  {
    name: 'replays-count',
    rule: 'A message counts once.',
    file: 'wire/authentication.ts',
    find: 'if (sequence > seen.newest) {',
    replace: 'if (sequence >= seen.newest) {',
  },
  {
    name: 'former-lives-count',
    rule: 'What a node said before its restart counts for nothing after it.',
    file: 'wire/authentication.ts',
    find: "if (incarnation < seen.incarnation) return 'old-incarnation';",
    replace: '',
  },
  {
    name: 'signature-unchecked',
    rule: 'Nothing that a stranger wrote is acted upon.',
    file: 'wire/codec.ts',
    find: "if (!tagHolds(datagram, secret, methodOf(this.keyring, datagram[3]!))) return drop('forged');",
    replace: '',
    where: 'wire',
  },
  {
    name: 'store-record-not-waited-for',
    rule: 'A record of the store is left alone for its lease from when it was seen.',
    file: 'store-record.ts',
    find: 'return since + (record?.lease ?? lease) * (1 + 2 * driftBound) + 1;',
    replace: 'return since;',
    where: 'store',
  },
  {
    name: 'store-refusal-ignored',
    rule: 'Only a write that the store took is a lease.',
    file: 'store-lease.ts',
    find: 'if (!answer.ok) onRefused(state, group, answer, now);\n    else if',
    replace: 'if',
    where: 'store',
  },
  {
    name: 'store-release-for-anybody',
    rule: 'A record that was released to a node is left to it for a lease.',
    file: 'store-record.ts',
    find: '(record.to === undefined || record.to === self)',
    replace: 'record.nonce.length > 0',
    where: 'store',
  },
  {
    name: 'unproven-counts',
    rule: 'A message counts only if it was sent after its receiver started.',
    file: 'wire/freshness.ts',
    find: 'echo !== this.self',
    replace: 'echo === undefined',
    where: 'wire',
  },
];
