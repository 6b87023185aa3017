import type { Defect } from './defect.ts';

/** What holds while nodes have different configurations: each sentence of the rule broken once. */
export const differenceDefects: readonly Defect[] = [
  {
    name: 'only-the-own-configuration-needs-fencing',
    rule: 'A group needs fencing where the configuration of any node says so.',
    where: 'unaware',
    file: 'core/fencing/need.ts',
    find: 'return says ?? unsaidBy(state, group);',
    replace: "return says === '' ? unsaidBy(state, group) : undefined;",
  },
  {
    name: 'wanted-moves-do-not-wait',
    rule: 'No group moves for being wanted elsewhere while nodes want it in different places.',
    where: 'divided',
    file: 'differences.ts',
    find: 'said !== wants && isAlive(peer)',
    replace: 'said !== wants && !isAlive(peer)',
  },
  {
    name: 'only-the-own-drift-bound-counts',
    rule: 'The largest drift bound of all configurations counts for all.',
    where: 'trusting',
    file: 'drift.ts',
    find: 'if (driftBound === state.driftBound) return;',
    replace: 'if (driftBound !== state.cluster.driftBound || driftBound === state.driftBound) return;',
  },
];
