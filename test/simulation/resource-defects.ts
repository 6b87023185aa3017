import type { Defect } from './defect.ts';

/** What keeps resources and leases together, broken rule by rule. */
export const resourceDefects: readonly Defect[] = [
  {
    name: 'handed-over-while-running',
    rule: 'a group is offered only when its resources have stopped',
    where: 'agents',
    file: 'handover.ts',
    find: 'return stopsFirst(state, group, () => whyMoved(state, group, to)) ? to : undefined;',
    replace: 'return to;',
    also: [
      {
        file: 'handover.ts',
        find: 'if (!stopsFirst(state, group, () => whyMoved(state, group, to))) {',
        replace: "if (to === '') {",
      },
    ],
  },
  {
    name: 'dropped-while-running',
    rule: 'a node that leaves drops what nobody wants only when it has stopped',
    where: 'agents',
    file: 'operator.ts',
    find: "held.filter((group) => stopsFirst(state, group, () => 'this node leaves, and nobody is there to take it over'))",
    replace: "held.filter((group) => stopsFirst(state, group, () => 'this node leaves') || group.name !== '')",
  },
  {
    name: 'ends-while-it-stops',
    rule: 'a node that leaves says that it is done only when nothing is being stopped any more',
    where: 'agents',
    file: 'operator.ts',
    find: 'if ((busy.length > 0 || stopping) && now < until) {',
    replace: 'if (busy.length > 0 && now < until) {',
  },
  {
    name: 'lost-and-left-running',
    rule: 'whoever loses a lease stops what it ran for it',
    where: 'agents',
    file: 'resource-wishes.ts',
    find: "mayBeOurs(state, group, standing, now) ? 'wait' : 'stop';",
    replace: "mayBeOurs(state, group, standing, now) ? 'wait' : standing.wish;",
  },
  {
    name: 'found-and-left-running',
    rule: 'what runs when musterd starts, and is held elsewhere, is stopped',
    where: 'agents',
    file: 'resource-wishes.ts',
    find: 'if (live !== undefined && live.ballot.node !== state.self) return false;\n  if (group.holder !== undefined',
    replace: 'if (live !== undefined) return true;\n  if (group.holder !== undefined',
  },
  {
    name: 'probe-not-believed',
    rule: 'what is found running is not started again',
    where: 'agents',
    file: 'core/resources/outcome.ts',
    find: "  if (outcome.kind === 'ok') {\n    resource.run = 'running';\n    resource.monitorAt = now + resource.settings.monitorInterval;",
    replace:
      "  if (outcome.kind === 'ok') {\n    resource.run = 'stopped';\n    resource.monitorAt = now + resource.settings.monitorInterval;",
  },
  {
    name: 'half-started-is-started-again',
    rule: 'what a start that failed left behind is stopped before the next start',
    where: 'agents',
    file: 'core/resources/operation.ts',
    find: "if (action === 'start' || action === 'stop') resource.run = 'dirty';",
    replace: "if (action === 'stop') resource.run = 'dirty';",
  },
  {
    name: 'restarts-without-end',
    rule: 'a resource that goes on failing is given up',
    where: 'agents',
    file: 'core/resources/failures.ts',
    find: "return settings.onFail === 'restart' ? settings.migrationThreshold : 1;",
    replace: "return settings.onFail === 'restart' ? 1e9 : 1;",
  },
  {
    name: 'given-up-and-kept',
    rule: 'a node hands over what it gives up',
    where: 'agents',
    shownBy: 'given-up-is-handed-over',
    file: 'placement.ts',
    find: 'if (isAway(state) || whyBarredOn(state, group, state.self) !== undefined) {',
    replace: 'if (isAway(state)) {',
  },
];
