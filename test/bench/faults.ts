/** What is done to a node in a benchmark, and how it is undone. */
import type { NodeName } from '../../src/model/names.ts';
import type { BenchCluster } from './cluster.ts';

export interface Fault {
  readonly name: string;
  /** Whom it strikes: the holder, or a node that holds nothing. */
  readonly victim: 'holder' | 'other';
  /** Whether another node is to hold the address then. */
  readonly moves: boolean;
  readonly inject: (bench: BenchCluster, node: NodeName) => Promise<void>;
  readonly undo: (bench: BenchCluster, node: NodeName) => Promise<void>;
}

const pid = '"$(systemctl show --property MainPID --value musterd)"';

function shell(program: string): Fault['inject'] {
  return async ({ access }, node) => {
    await access.must(node, `run ${program}`, program);
  };
}

const plug: Pick<Fault, 'inject' | 'undo'> = {
  inject: async ({ lab, access }, node) => {
    access.forget(node);
    await lab.faults.powerOff(node);
  },
  undo: ({ lab }, node) => lab.faults.powerOn(node),
};

export const faults = {
  'plug-pull': { name: 'plug-pull', victim: 'holder', moves: true, ...plug },
  other: { name: 'plug-pull of a node that holds nothing', victim: 'other', moves: false, ...plug },
  switchover: {
    name: 'switchover',
    victim: 'holder',
    moves: true,
    inject: shell('musterd standby'),
    undo: shell('musterd online'),
  },
  kill: {
    name: 'kill -9',
    victim: 'holder',
    moves: true,
    inject: shell(`kill -KILL ${pid}`),
    undo: shell('systemctl start musterd'),
  },
  stop: {
    name: 'SIGSTOP',
    victim: 'holder',
    moves: true,
    inject: shell(`kill -STOP ${pid}`),
    undo: shell(`kill -CONT ${pid}`),
  },
  freeze: {
    name: 'freeze and thaw',
    victim: 'holder',
    moves: true,
    inject: ({ lab }, node) => lab.faults.freeze(node),
    undo: ({ lab }, node) => lab.faults.thaw(node),
  },
  /** From the other nodes, not from its clients: what makes two holders of those who have no quorum. */
  partition: {
    name: 'partition',
    victim: 'holder',
    moves: true,
    inject: async ({ lab, nodes }, node) => {
      const others = nodes.filter((other) => other !== node);
      await Promise.all([lab.faults.cut([node], others), lab.faults.cut(others, [node])]);
    },
    undo: async ({ lab, nodes }, node) => {
      const others = nodes.filter((other) => other !== node);
      await Promise.all([lab.faults.join([node], others), lab.faults.join(others, [node])]);
    },
  },
  cable: {
    name: 'cable out and in',
    victim: 'holder',
    moves: true,
    inject: ({ lab }, node) => lab.faults.link(node, false),
    undo: ({ lab }, node) => lab.faults.link(node, true),
  },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
