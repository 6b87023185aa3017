import { Problem } from '../base/problem.ts';
import { isFrozen, setFrozen } from './cgroup.ts';
import { requireNode, waitForSsh } from './dial.ts';
import { fillDisk, freeDisk, isDiskFull } from './disk.ts';
import { readLoad, relieveMemory, setBusy, squeezeMemory } from './load.ts';
import { isOn, powerDown, powerUp } from './machine.ts';
import { addCuts, clearCuts, readSwitch, removeCuts, setLinks } from './network.ts';
import { continueStopped, processesWith, signal } from './processes.ts';
import { readSlow, setSlow } from './relay.ts';
import type { LabState } from './state.ts';
import type { LabFaults, LabPaths, SlowDirection, Slowness } from './types.ts';

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

  // The client, too, has a port: cutting it off shows what users behind a broken link would see.
  const requirePorts = async (ports: readonly string[]): Promise<void> => {
    for (const port of ports) if (port !== 'client') await requireNode(paths, port);
  };

  const powerOn = async (node: string): Promise<void> => {
    const known = await requireNode(paths, node);
    if (await isOn(paths, known)) return;
    await powerUp(paths, state.nodes.find(({ name }) => name === known)!);
    await waitForSsh(paths, known);
  };

  const slow = async (from: readonly string[], to: readonly string[], slowness: Slowness | null): Promise<void> => {
    await requirePorts([...from, ...to]);
    const others = (await readSlow(paths)).filter((way) => !(from.includes(way.from) && to.includes(way.to)));
    const pairs = from.flatMap((source) => to.filter((target) => target !== source).map((target) => [source, target]));
    const added =
      slowness === null ? [] : pairs.map(([source, target]) => ({ ...slowness, from: source!, to: target! }));
    await setSlow(paths, state, [...others, ...(added satisfies SlowDirection[])]);
  };

  const signalAll = async (node: string, word: string, name: 'SIGSTOP' | 'SIGCONT'): Promise<number> => {
    const pids = await processesWith(lab, node, word);
    return pids.filter((pid) => signal(pid, name)).length;
  };

  /** Ends what a running node suffers, its power and its cable aside. */
  const relieveNode = async (node: string): Promise<void> => {
    if (await isFrozen(lab, node)) await setFrozen(lab, node, false);
    await continueStopped(lab, node);
    const { busy, squeezed } = await readLoad(lab, node);
    if (busy) await setBusy(lab, node, 0);
    if (squeezed) await relieveMemory(lab, node);
  };

  return {
    powerOn,
    powerOff: async (node) => powerDown(paths, await requireNode(paths, node)),
    cut: async (from, to) => {
      await requirePorts([...from, ...to]);
      await addCuts(paths, from, to);
      // What the relay carries does not pass the switch's filter.
      if ((await readSlow(paths)).length > 0) await slow(from, to, null);
    },
    join: (from, to) => removeCuts(paths, from, to),
    slow,
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
    stop: async (node, word) => {
      await requireOn(node, 'stop processes of');
      if ((await signalAll(node, word, 'SIGSTOP')) > 0) return;
      throw new Problem('usage', `Cannot stop "${word}" on "${node}" as it must run there: no process has that name`);
    },
    resume: async (node, word) => {
      await signalAll(node, word, 'SIGCONT');
    },
    busy: async (node, processes) => {
      await requireOn(node, 'keep busy');
      await setBusy(lab, node, processes);
    },
    squeeze: async (node, on) => {
      await requireOn(node, 'squeeze');
      await (on ? squeezeMemory : relieveMemory)(lab, node);
    },
    fillDisk: async (node, full) => {
      const known = await requireNode(paths, node);
      await (full ? fillDisk : freeDisk)(paths, known);
    },
    heal: async () => {
      await clearCuts(paths);
      if ((await readSlow(paths)).length > 0) await setSlow(paths, state, []);
      for (const { name } of state.nodes) if (await isDiskFull(paths, name)) await freeDisk(paths, name);
      const on = await Promise.all(state.nodes.map(({ name }) => isOn(paths, name)));
      const running = state.nodes.filter((_, index) => on[index]).map(({ name }) => name);
      const { downPorts } = await readSwitch(paths);
      await setLinks(
        paths,
        running.filter((node) => downPorts.includes(node)),
        true,
      );
      for (const node of running) await relieveNode(node);
      await Promise.all(state.nodes.map(({ name }) => powerOn(name)));
    },
  };
}
