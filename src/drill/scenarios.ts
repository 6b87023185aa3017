/** The faults that a drill knows, by name. */
import { nearest } from '../base/nearest.ts';
import { Problem } from '../base/problem.ts';
import type { NodeName } from '../model/names.ts';

/**
 * What a drill may do to machines. The lab is one implementation (lab-injector.ts); a power switch would be another.
 * Every call returns once the fault is there, or gone.
 */
export interface Injector {
  powerOff(node: NodeName): Promise<void>;
  powerOn(node: NodeName): Promise<void>;
  freeze(node: NodeName): Promise<void>;
  thaw(node: NodeName): Promise<void>;
  link(node: NodeName, up: boolean): Promise<void>;
  /** Undoes every fault there is, of this drill or of an earlier one. */
  heal(): Promise<void>;
}

/** With what a scenario works: the machines' injector, and a root shell on the nodes that answer. */
export interface Hands {
  readonly injector: Injector;
  readonly run: (node: NodeName, program: string) => Promise<void>;
}

export interface Scenario {
  readonly name: string;
  /** As in "Pull the plug of node1". */
  readonly title: (node: NodeName) => string;
  /** True where the other nodes must see the node dead, or the fault did not take effect. */
  readonly fatal: boolean;
  readonly inject: (hands: Hands, node: NodeName) => Promise<void>;
  readonly undo: (hands: Hands, node: NodeName) => Promise<void>;
}

const scenarios: readonly Scenario[] = [
  {
    name: 'plug-pull',
    title: (node) => `Pull the plug of ${node}`,
    fatal: true,
    inject: ({ injector }, node) => injector.powerOff(node),
    undo: ({ injector }, node) => injector.powerOn(node),
  },
  {
    name: 'freeze',
    title: (node) => `Freeze ${node}`,
    fatal: true,
    inject: ({ injector }, node) => injector.freeze(node),
    undo: ({ injector }, node) => injector.thaw(node),
  },
  {
    name: 'cable-pull',
    title: (node) => `Pull the cable of ${node}`,
    fatal: true,
    inject: ({ injector }, node) => injector.link(node, false),
    undo: ({ injector }, node) => injector.link(node, true),
  },
  {
    name: 'switchover',
    title: (node) => `Set ${node} standby`,
    fatal: false,
    inject: ({ run }, node) => run(node, 'musterd standby'),
    undo: ({ run }, node) => run(node, 'musterd online'),
  },
  {
    name: 'kill',
    title: (node) => `Kill musterd of ${node}`,
    fatal: false,
    inject: ({ run }, node) => run(node, 'kill -KILL "$(systemctl show --property MainPID --value musterd)"'),
    undo: ({ run }, node) => run(node, 'systemctl start musterd'),
  },
];

export const scenarioNames: readonly string[] = scenarios.map((scenario) => scenario.name);

/** The scenario of that name. Throws a usage `Problem` with the nearest known one where there is none. */
export function scenarioNamed(name: string): Scenario {
  const scenario = scenarios.find((candidate) => candidate.name === name);
  if (scenario !== undefined) return scenario;
  const near = nearest(name, scenarioNames);
  throw new Problem(
    'usage',
    `Cannot drill scenario "${name}" as it must be a known one: known are ${scenarioNames.join(', ')}`,
    {
      hint: near === undefined ? undefined : `did you mean ${near}?`,
    },
  );
}
