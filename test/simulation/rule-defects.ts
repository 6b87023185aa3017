import type { Defect } from './defect.ts';

/** What groups are to each other, disregarded. */
export const ruleDefects: readonly Defect[] = [
  {
    name: 'started-out-of-order',
    rule: 'a group in order waits for the one before it',
    where: 'rules',
    file: 'group-order.ts',
    find: 'if (before === undefined || isUp(state, before)) continue;',
    replace: 'if (before === undefined || state.self.length > 0) continue;',
  },
  {
    name: 'stopped-out-of-order',
    rule: 'of groups in order that are to be released the later one stops first',
    where: 'rules',
    file: 'group-order.ts',
    find: 'return later?.stopping === true &&',
    replace: 'return later?.stopping === undefined &&',
  },
  {
    name: 'broken-rule-not-repaired',
    rule: 'what a takeover broke is repaired',
    where: 'rules',
    file: 'core/placing/plan.ts',
    find: "if (then.broken < now.broken) return 'repair';",
    replace: 'if (then.broken < now.broken) return undefined;',
  },
  {
    name: 'never-is-forgotten',
    rule: 'a group is on no node that it must never be on',
    where: 'never',
    file: 'core/placing/judge.ts',
    find: 'if (piece.never.has(name))',
    replace: "if (piece.never.has(name) && name === '')",
  },
  {
    name: 'started-again-in-maintenance',
    rule: 'in maintenance what runs is let alone',
    where: ['agents', 'orders'],
    file: 'resource-wishes.ts',
    find: "if (wish === 'leave' || phase === 'running' ||",
    replace: "if (wish === 'leave' ||",
  },
];
