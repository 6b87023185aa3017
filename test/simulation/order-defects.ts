import type { Defect, Edit } from './defect.ts';

const everybodyMay: readonly Edit[] = [
  {
    file: 'placement.ts',
    find: 'return isAble(state, name) && !inMaintenance(state, name);',
    replace: 'return isAble(state, name);',
  },
  {
    file: 'placement.ts',
    find: "if (only !== undefined) return only !== 'nobody' && isAble(state, only) ? [only] : [];",
    replace: '',
  },
];

/** What operators ordered, disobeyed. */
export const orderDefects: readonly Defect[] = [
  {
    name: 'taken-over-in-maintenance',
    rule: 'in maintenance nobody takes over but who had the group when it began',
    where: 'orders',
    shownBy: 'nobody-takes-over-in-maintenance',
    file: 'takeover.ts',
    find: 'if (left !== undefined) return left === state.self',
    replace: "if (left === 'no such node') return left === state.self",
    also: everybodyMay,
  },
  {
    name: 'handed-over-in-maintenance',
    rule: 'in maintenance nothing is handed over',
    where: 'orders',
    file: 'placement.ts',
    find: 'if (inMaintenance(state, state.self) && !state.epochs.steppingDown) return undefined;',
    replace: '',
    also: everybodyMay,
  },
  {
    name: 'end-of-a-move-not-told',
    rule: 'who finds the time of a move over tells the others, or the group is tossed about',
    where: 'orders',
    shownBy: 'the-end-of-a-move-is-told',
    file: 'operator.ts',
    find: '    giveOrders(state, over, now);\n    applyOrders(state, now);',
    replace: '    for (const { about } of over) state.orders.pins.delete(about);\n    state.orders.endsAt = now + 1e9;',
  },
];
