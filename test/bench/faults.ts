/** What is done to a node in a benchmark, as the drills' own faults: the same injector makes and ends them (src/drill/lab-injector.ts). */
import type { Fault } from '../../src/drill/fault.ts';
import type { NodeName } from '../../src/model/names.ts';

export interface BenchFault {
  readonly name: string;
  /** Whom it strikes: the holder, or a node that holds nothing. */
  readonly victim: 'holder' | 'other';
  /** Whether another node is to hold the address then. */
  readonly moves: boolean;
  readonly of: (node: NodeName) => Fault;
}

export const faults = {
  'plug-pull': { name: 'plug-pull', victim: 'holder', moves: true, of: (node) => ({ kind: 'power', node }) },
  other: {
    name: 'plug-pull of a node that holds nothing',
    victim: 'other',
    moves: false,
    of: (node) => ({ kind: 'power', node }),
  },
  switchover: { name: 'switchover', victim: 'holder', moves: true, of: (node) => ({ kind: 'standby', node }) },
  kill: { name: 'kill -9', victim: 'holder', moves: true, of: (node) => ({ kind: 'kill', node }) },
  stop: { name: 'SIGSTOP', victim: 'holder', moves: true, of: (node) => ({ kind: 'stop', node }) },
  freeze: { name: 'freeze and thaw', victim: 'holder', moves: true, of: (node) => ({ kind: 'freeze', node }) },
  /** From the other nodes, not from its clients: what makes two holders of those who have no quorum. */
  partition: { name: 'partition', victim: 'holder', moves: true, of: (node) => ({ kind: 'partition', side: [node] }) },
  cable: { name: 'cable out and in', victim: 'holder', moves: true, of: (node) => ({ kind: 'link', node }) },
} as const satisfies Record<string, BenchFault>;

export type FaultName = keyof typeof faults;
