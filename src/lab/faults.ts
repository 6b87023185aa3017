import { Problem } from '../base/problem.ts';
import { isFrozen, setFrozen } from './cgroup.ts';
import { inNamespace, must } from './command.ts';
import { requireNode, waitForSsh } from './dial.ts';
import { fillDisk, freeDisk, isDiskFull } from './disk.ts';
import { endClockStep, giveFakeClock, hasFakeClock, setOffset, takeFakeClock } from './fake-clock.ts';
import { runInNode } from './in-node.ts';
import { readLoad, relieveMemory, setBusy, squeezeMemory } from './load.ts';
import { isOn, powerDown, powerUp } from './machine.ts';
import { nodePaths, portOf } from './names.ts';
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
    await powerUp(paths, state.nodes.find(({ name }) => name === known)!, state.links);
    await waitForSsh(paths, known);
  };

  /** The ports of these machines, network by network: what is done between machines is done in each. */
  const portsOf = (names: readonly string[]): string[][] =>
    Array.from({ length: state.links }, (_, index) => names.map((name) => portOf(name, index + 1)));

  const slow = async (from: readonly string[], to: readonly string[], slowness: Slowness | null): Promise<void> => {
    await requirePorts([...from, ...to]);
    const sources = portsOf(from);
    const pairs = portsOf(to).flatMap((targets, network) =>
      sources[network]!.flatMap((source) =>
        targets.filter((target) => target !== source).map((target) => [source, target]),
      ),
    );
    const others = (await readSlow(paths)).filter(
      (way) => !pairs.some(([source, target]) => way.from === source && way.to === target),
    );
    const added =
      slowness === null ? [] : pairs.map(([source, target]) => ({ ...slowness, from: source!, to: target! }));
    await setSlow(paths, state, [...others, ...(added satisfies SlowDirection[])]);
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
      for (const [network, ports] of portsOf(from).entries()) await addCuts(paths, ports, portsOf(to)[network]!);
      // What the relay carries does not pass the switch's filter.
      if ((await readSlow(paths)).length > 0) await slow(from, to, null);
    },
    join: async (from, to) => removeCuts(paths, portsOf(from).flat(), portsOf(to).flat()),
    slow,
    link: async (node, up, network) => {
      await requireOn(node, up ? 'plug in' : 'unplug');
      if (network !== undefined && (network < 1 || network > state.links)) {
        throw new Problem(
          'usage',
          `Cannot ${up ? 'plug in' : 'unplug'} network ${network} of "${node}" as the lab must have it: it has ${state.links}`,
          { hint: 'muster lab up --links 2' },
        );
      }
      await setLinks(paths, network === undefined ? portsOf([node]).flat() : [portOf(node, network)], up);
    },
    freeze: async (node) => {
      await requireOn(node, 'freeze');
      await setFrozen(lab, node, true);
    },
    thaw: async (node) => {
      await requireOn(node, 'thaw');
      await setFrozen(lab, node, false);
    },
    signal: async (node, word, name) => {
      await requireOn(node, 'signal processes of');
      const pids = await processesWith(lab, node, word);
      if (pids.filter((pid) => signal(pid, name)).length > 0) return;
      throw new Problem('usage', `Cannot signal "${word}" on "${node}" as it must run there: no process has that name`);
    },
    giveClock: async (node, unit) => {
      await requireOn(node, 'step a clock of');
      await giveFakeClock(paths, node, unit);
    },
    stepClock: async (node, unit, ms) => {
      await requireOn(node, 'step a clock of');
      if (hasFakeClock(paths, node, unit)) return setOffset(paths, node, ms);
      throw new Problem(
        'usage',
        `Cannot step the clock of ${unit} on "${node}" as libfaketime must be under it: it is not`,
      );
    },
    takeClock: async (node, unit) => takeFakeClock(paths, node, unit, await isOn(paths, node)),
    flush: async (node) => {
      await requireOn(node, 'flush the rules of');
      await must(inNamespace(nodePaths(paths, node).namespace, ['nft', 'flush', 'ruleset']));
    },
    run: async (node, argv) => {
      const { rc, stdout, stderr } = await runInNode(paths, await requireNode(paths, node), argv);
      if (rc === 0) return;
      const said = stderr.trim() || stdout.trim() || 'nothing';
      throw new Problem('hostFailed', `${node}: Cannot run "${argv.join(' ')}": it ended with ${rc} and said ${said}`);
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
        portsOf(running)
          .flat()
          .filter((port) => downPorts.includes(port)),
        true,
      );
      for (const node of running) await relieveNode(node);
      for (const { name } of state.nodes) await endClockStep(paths, name);
      await Promise.all(state.nodes.map(({ name }) => powerOn(name)));
    },
  };
}
