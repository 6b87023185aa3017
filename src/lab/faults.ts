import { Problem } from '../base/problem.ts';
import { isFrozen, setFrozen } from './cgroup.ts';
import { requireNode, waitForSsh } from './dial.ts';
import { isOn, powerDown, powerUp } from './machine.ts';
import { addCuts, clearCuts, readSwitch, setLinks } from './network.ts';
import type { LabState } from './state.ts';
import type { LabFaults, LabPaths } from './types.ts';

/** Makes the faults of one lab that is up. Each resolves when its effect is there, and is idempotent. */
export function labFaults(paths: LabPaths, state: LabState): LabFaults {
  const { name: lab } = paths;

  const requireOn = async (node: string, verb: string): Promise<void> => {
    await requireNode(paths, node);
    if (await isOn(paths, node)) return;
    throw new Problem('usage', `Cannot ${verb} "${node}" as it must be on: its power is off`, {
      hint: `muster lab power on ${node}`,
    });
  };

  const powerOn = async (node: string): Promise<void> => {
    const known = await requireNode(paths, node);
    if (await isOn(paths, known)) return;
    await powerUp(paths, state.nodes.find(({ name }) => name === known)!);
    await waitForSsh(paths, known);
  };

  return {
    powerOn,
    powerOff: async (node) => powerDown(paths, await requireNode(paths, node)),
    cut: async (from, to) => {
      // The client, too, has a port: cutting it off shows what users behind a broken link would see.
      for (const name of [...from, ...to]) if (name !== 'client') await requireNode(paths, name);
      await addCuts(paths, from, to);
    },
    link: async (node, up) => {
      await requireOn(node, up ? 'plug in' : 'unplug');
      await setLinks(paths, [node], up);
    },
    freeze: async (node) => {
      await requireOn(node, 'freeze');
      await setFrozen(lab, node, true);
    },
    thaw: async (node) => {
      await requireOn(node, 'thaw');
      await setFrozen(lab, node, false);
    },
    heal: async () => {
      await clearCuts(paths);
      const on = await Promise.all(state.nodes.map(({ name }) => isOn(paths, name)));
      const running = state.nodes.filter((_, index) => on[index]).map(({ name }) => name);
      const { downPorts } = await readSwitch(paths);
      await setLinks(
        paths,
        running.filter((node) => downPorts.includes(node)),
        true,
      );
      for (const node of running) if (await isFrozen(lab, node)) await setFrozen(lab, node, false);
      await Promise.all(state.nodes.map(({ name }) => powerOn(name)));
    },
  };
}
