import { Problem } from '../base/problem.ts';
import type { LabFaults, LabNode } from '../lab/types.ts';
import type { NodeName } from '../model/names.ts';
import type { Injector } from './scenarios.ts';

/** The lab's switch and machines as a drill's injector; it checks that each fault is really there. */
export function labInjector(
  faults: LabFaults,
  nodes: () => readonly LabNode[] | Promise<readonly LabNode[]>,
): Injector {
  const check = async (node: NodeName, what: string, holds: (state: LabNode) => boolean): Promise<void> => {
    const state = (await nodes()).find((candidate) => candidate.name === node);
    if (state !== undefined && holds(state)) return;
    throw new Problem('drillRefused', `Cannot drill node "${node}" as the fault must take effect: it is not ${what}`);
  };
  return {
    powerOff: async (node) => {
      await faults.powerOff(node);
      await check(node, 'powered off', (state) => state.power === 'off');
    },
    powerOn: async (node) => {
      await faults.powerOn(node);
      await check(node, 'powered on', (state) => state.power === 'on');
    },
    freeze: async (node) => {
      await faults.freeze(node);
      await check(node, 'frozen', (state) => state.frozen);
    },
    thaw: (node) => faults.thaw(node),
    link: (node, up) => faults.link(node, up),
    heal: () => faults.heal(),
  };
}
