import type { Defect, Edit } from './defect.ts';

/** Whoever is no voter votes, and is voted for. */
const everybodyVotes: Edit = {
  file: 'voting.ts',
  find: 'return (state.voterMask & state.selfBit) !== 0 && (state.voterMask & from.bit) !== 0;',
  replace: 'return from.bit > 0 && state.selfBit > 0;',
};

/** A promise or an acceptance goes out with the write that it has to wait for. */
const writesAreNotWaitedFor = (kinds: string): Edit => ({
  file: 'node.ts',
  find: '  happen(state, event, now);\n  watchPeers',
  replace: `  happen(state, event, now);
  for (const [id, { kind }] of [...state.epochs.writes])
    if (${kinds}) onEpochPersisted(state, id, true, now);
  watchPeers`,
});

/**
 * Each rule of the epochs broken once. Most of them are kept in more than one place, as one mistake must not be enough: here
 * all of these are taken away.
 */
export const epochDefects: readonly Defect[] = [
  {
    name: 'two-voters-at-once',
    rule: 'Voters change one at a time.',
    file: 'epoch-register.ts',
    find: 'large.length - small.length <= 1 && small.every((name) => large.includes(name))',
    replace: 'large.length > 0',
    also: [
      {
        file: 'epoch-change.ts',
        find: 'const kept = voters.filter((name) => name !== remove);',
        replace:
          'const gone = add === undefined && remove === undefined ? undefined : voters.find((name) => name !== remove);\n  const kept = voters.filter((name) => name !== remove && name !== gone);',
      },
    ],
    where: 'changes',
  },
  {
    name: 'older-epochs-count',
    rule: 'What was asked or answered by another set of voters counts for nothing.',
    file: 'epoch.ts',
    find: 'if (epoch === state.epoch) return true;',
    replace: 'if (state.epoch >= 0) return true;',
    also: [everybodyVotes],
    where: 'changes',
  },
  {
    name: 'outsiders-votes-count',
    rule: 'Who is no voter has no vote.',
    file: 'state.ts',
    find: 'return countBits(votes & state.voterMask & ~state.fencing.subtracted) >= state.majority;',
    replace: 'return countBits(votes) >= state.majority;',
    also: [
      everybodyVotes,
      {
        file: 'beats.ts',
        find: 'if ((peer.bit & state.voterMask) !== 0) send(state, peer, message, now);',
        replace: 'send(state, peer, message, now);',
      },
    ],
    where: 'changes',
  },
  {
    name: 'removed-holder-goes-on',
    rule: 'Who is no voter holds nothing.',
    file: 'epoch.ts',
    find: 'if (!votes) shut(',
    replace: 'if (state.epoch < 0) shut(',
    also: [
      everybodyVotes,
      {
        file: 'epoch-change.ts',
        find: 'return peer === undefined || !isAlive(peer) || (peer.beat?.standby === true && peer.beat.holds.length === 0);',
        replace: 'return peer === undefined || isAlive(peer) || !isAlive(peer);',
      },
    ],
    where: 'changes',
  },
  {
    name: 'in-force-before-it-is-written',
    rule: 'A set is in force on a node when it is on its disk.',
    ...writesAreNotWaitedFor("kind === 'adopt'"),
    where: 'changes',
  },
  {
    name: 'promised-before-it-is-written',
    rule: 'A voter of a change promises only what is on its disk.',
    ...writesAreNotWaitedFor("kind === 'promise'"),
    where: 'changes',
  },
  {
    name: 'accepted-before-it-is-written',
    rule: 'A voter of a change accepts only what is on its disk.',
    ...writesAreNotWaitedFor("kind === 'accept'"),
    where: 'changes',
  },
  {
    name: 'epoch-forgotten-in-a-crash',
    rule: 'A restarted voter counts by the set that it has recorded.',
    file: 'create.ts',
    find: 'return recorded?.epoch === 0 && recorded.accepted === undefined ? undefined : recorded;',
    replace: 'return recorded === undefined ? recorded : undefined;',
    where: 'changes',
  },
  {
    name: 'vote-forgotten-in-a-crash',
    rule: 'A restarted voter keeps what it has promised and accepted of a change.',
    file: 'epoch-state.ts',
    find: 'promised: recorded?.promised,\n    accepted: recorded?.accepted,',
    replace: 'promised: undefined,\n    accepted: undefined,',
    where: 'changes',
  },
  {
    name: 'older-changes-accepted',
    rule: 'A voter of a change accepts nothing older than what it has promised.',
    file: 'epoch-register.ts',
    find: "if (epochs.promised !== undefined && compareBallots(ballot, epochs.promised) < 0) {\n    const round = epochs.promised.round;\n    sendTo(state, from, { kind: 'changeAccept'",
    replace: "if (epochs.lastWrite < 0) {\n    const round = 0;\n    sendTo(state, from, { kind: 'changeAccept'",
    where: 'changes',
  },
  {
    name: 'accepted-not-told',
    rule: 'A voter of a change says with its promise what it has accepted.',
    file: 'epoch-change.ts',
    find: "({ kind: 'changePromise', nonce, ok: true, round: 0, accepted: then.accepted } as const)",
    replace: "({ kind: 'changePromise', nonce, ok: true, round: 0, accepted: undefined } as const)",
    where: 'changes',
  },
  {
    name: 'own-wish-over-what-was-found',
    rule: 'What may have been chosen before is proposed again, rather than the own wish.',
    file: 'epoch-change.ts',
    find: 'attempt.voters = attempt.found?.voters ?? wish(state.voters, change);',
    replace: 'attempt.voters = wish(state.voters, change);',
    where: 'changes',
  },
  {
    name: 'older-found-over-newer',
    rule: 'Of several proposals that were found, the one of the newest ballot is proposed again.',
    file: 'epoch-change.ts',
    find: 'return compareBallots(left.ballot, right.ballot) < 0 ? right : left;',
    replace: 'return compareBallots(left.ballot, right.ballot) < 0 ? left : right;',
    where: 'changes',
  },
  {
    name: 'promises-of-a-minority',
    rule: 'A change is proposed when a majority of the voters in force has promised.',
    file: 'epoch-change.ts',
    find: 'if (!isMajorityOf(state, state.voters, attempt.promised)) return;',
    replace: 'if (attempt.promised === 0) return;',
    where: 'changes',
  },
  {
    name: 'old-voters-suffice',
    rule: 'A set is chosen when a majority of the new voters has it on the disk.',
    file: 'epoch-change.ts',
    find: 'if (isMajorityOf(state, state.voters, accepted) && isMajorityOf(state, voters, accepted))',
    replace: 'if (isMajorityOf(state, state.voters, accepted))',
    where: 'changes',
  },
  {
    name: 'new-voters-suffice',
    rule: 'A set is chosen when a majority of the old voters has it on the disk.',
    file: 'epoch-change.ts',
    find: 'if (isMajorityOf(state, state.voters, accepted) && isMajorityOf(state, voters, accepted))',
    replace: 'if (isMajorityOf(state, voters, accepted))',
    where: 'changes',
  },
  {
    name: 'proposed-taken-for-chosen',
    rule: 'A set that was only proposed is not in force.',
    file: 'epoch-register.ts',
    find: "write(state, state, ballot, epochs.accepted, { kind: 'accept', to: from, nonce, epoch: state.epoch });",
    replace:
      "const set = { epoch: state.epoch + 1, voters };\n  epochs.adopting = set;\n  write(state, set, undefined, undefined, { kind: 'adopt', set });",
    where: 'changes',
  },
  {
    name: 'changes-follow-at-once',
    rule: 'The next set is chosen only when all leases of the set before are over.',
    file: 'epoch.ts',
    find: 'return Math.max(state.epochs.since + longestLease(state) * silence(state.driftBound), state.silentUntil);',
    replace: 'return state.epochs.since;',
    where: 'changes',
  },
  {
    name: 'new-voters-answer-at-once',
    rule: 'A new voter, and one that has missed an epoch, stays silent for the longest lease.',
    file: 'epoch.ts',
    find: 'if (votes && (!voted || skipped))',
    replace: 'if (votes && !voted && skipped && now < 0)',
    where: 'changes',
  },
  {
    name: 'nobody-is-told',
    rule: 'Whoever counts by older voters is told of the newer ones.',
    file: 'epoch.ts',
    find: 'if (now >= from.taughtAt + state.cluster.timings.keepalive / 2) {',
    replace: 'if (now < 0) {',
    where: 'changes',
  },
];
