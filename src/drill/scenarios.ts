/** The faults that a drill knows, by name. */
import { nearest } from '../base/nearest.ts';
import { Problem } from '../base/problem.ts';
import type { NodeName } from '../model/names.ts';
import type { Fault } from './fault.ts';

export interface Scenario {
  readonly name: string;
  /** As in "Pull the plug of node1". */
  readonly title: (node: NodeName) => string;
  /** True where the other nodes must see the node dead, or the fault did not take effect. */
  readonly fatal: boolean;
  /**
   * True where even the node that holds the address has to keep it, and nobody may miss an answer. What happens to a
   * node that holds nothing must never be felt, whatever the scenario.
   */
  readonly harmless: boolean;
  /** Whose turn comes: each node's; each arbiter's; each machine's that a lease store runs on. */
  readonly victims: 'nodes' | 'arbiters' | 'store';
  /**
   * What goes wrong with the node, in order; ended in reverse. `others` are the cluster's other nodes. `Node` is how the
   * injector names machines.
   */
  readonly faults: <Node>(node: Node, others: readonly Node[]) => readonly Fault<Node>[];
}

const fatal = { fatal: true, harmless: false, victims: 'nodes' } as const;
const passing = { fatal: false, harmless: false, victims: 'nodes' } as const;
const harmless = { fatal: false, harmless: true, victims: 'nodes' } as const;

const hour = 3_600_000;

const scenarios: readonly Scenario[] = [
  {
    name: 'plug-pull',
    title: (node) => `Pull the plug of ${node}`,
    ...fatal,
    faults: (node) => [{ kind: 'power', node }],
  },
  {
    name: 'freeze',
    title: (node) => `Freeze ${node}`,
    ...fatal,
    faults: (node) => [{ kind: 'freeze', node }],
  },
  {
    name: 'cable-pull',
    title: (node) => `Pull the cable of ${node}`,
    ...fatal,
    faults: (node) => [{ kind: 'link', node }],
  },
  {
    name: 'one-link',
    title: (node) => `Pull the second network's cable of ${node}`,
    ...harmless,
    faults: (node) => [{ kind: 'one-link', node, link: 2 }],
  },
  {
    name: 'partition',
    title: (node) => `Part ${node} from all others`,
    ...fatal,
    faults: (node) => [{ kind: 'partition', side: [node] }],
  },
  {
    name: 'deaf',
    title: (node) => `Let ${node} hear no other node`,
    ...passing,
    faults: (node, others) => others.map((from) => ({ kind: 'cut', from, to: node })),
  },
  {
    name: 'mute',
    title: (node) => `Let no other node hear ${node}`,
    ...fatal,
    faults: (node, others) => others.map((to) => ({ kind: 'cut', from: node, to })),
  },
  {
    name: 'latency',
    title: (node) => `Delay all between ${node} and the others by 15 to 30 ms`,
    ...harmless,
    faults: (node) => [{ kind: 'slow', side: [node], delayMs: 15, jitterMs: 15, loss: 0 }],
  },
  {
    name: 'loss',
    title: (node) => `Lose a tenth of all between ${node} and the others`,
    ...passing,
    faults: (node) => [{ kind: 'slow', side: [node], delayMs: 0, jitterMs: 0, loss: 0.1 }],
  },
  {
    name: 'switchover',
    title: (node) => `Set ${node} standby`,
    ...passing,
    faults: (node) => [{ kind: 'standby', node }],
  },
  {
    name: 'kill',
    title: (node) => `Kill musterd of ${node}`,
    ...passing,
    faults: (node) => [{ kind: 'kill', node }],
  },
  {
    name: 'stop',
    title: (node) => `Stop musterd of ${node} (SIGSTOP)`,
    ...fatal,
    faults: (node) => [{ kind: 'stop', node }],
  },
  {
    name: 'flush',
    title: (node) => `Flush the ruleset of ${node}`,
    ...passing,
    faults: (node) => [{ kind: 'flush', node }],
  },
  {
    name: 'nftables-restart',
    title: (node) => `Restart nftables.service of ${node}`,
    ...passing,
    faults: (node) => [{ kind: 'nftables', node }],
  },
  {
    name: 'clock-forward',
    title: (node) => `Set the clock of ${node} an hour forward`,
    ...harmless,
    faults: (node) => [{ kind: 'clock', node, byMs: hour }],
  },
  {
    name: 'clock-back',
    title: (node) => `Set the clock of ${node} an hour back`,
    ...harmless,
    faults: (node) => [{ kind: 'clock', node, byMs: -hour }],
  },
  {
    name: 'disk-full',
    title: (node) => `Fill the disk of ${node}`,
    ...harmless,
    faults: (node) => [{ kind: 'disk', node }],
  },
  {
    name: 'memory',
    title: (node) => `Take all spare memory of ${node}`,
    ...passing,
    faults: (node) => [{ kind: 'memory', node }],
  },
  {
    name: 'busy',
    title: (node) => `Keep the processors busy from ${node}, with four processes`,
    ...harmless,
    faults: (node) => [{ kind: 'busy', node, processes: 4 }],
  },
  {
    name: 'arbiter-loss',
    title: (node) => `Pull the plug of ${node}, an arbiter`,
    ...harmless,
    victims: 'arbiters',
    faults: (node) => [{ kind: 'power', node }],
  },
  {
    name: 'store-loss',
    title: (node) => `Pull the plug of ${node}, where etcd runs`,
    ...harmless,
    victims: 'store',
    faults: (node) => [{ kind: 'power', node }],
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

/** A line a scenario, for `--help`. */
export function listScenarios(): string {
  const width = Math.max(...scenarioNames.map((name) => name.length));
  return scenarios.map(({ name, title }) => `  ${name.padEnd(width)}  ${title('a node')}`).join('\n');
}
