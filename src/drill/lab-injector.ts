import { Problem } from '../base/problem.ts';
import type { LabFaults, LabNode } from '../lab/types.ts';
import type { NodeName } from '../model/names.ts';
import type { Fault, Injector } from './fault.ts';

/** Whose process is killed, stopped and given another clock. */
export interface StruckService {
  /** Of systemd. */
  readonly unit: string;
  /** In the command line of its daemon, and of nothing else. */
  readonly daemon: string;
}

const musterd: StruckService = { unit: 'musterd', daemon: 'musterd.cjs run' };

/**
 * The lab's switch and machines as a drill's injector; it checks that each fault is really there. `service` is another
 * than musterd where a benchmark strikes what stands beside it.
 */
export function labInjector(
  faults: LabFaults,
  nodes: () => readonly LabNode[] | Promise<readonly LabNode[]>,
  { unit, daemon }: StruckService = musterd,
): Injector & { prepare(fault: Fault): Promise<boolean>; tidy(fault: Fault): Promise<void> } {
  const check = async (node: NodeName, what: string, holds: (state: LabNode) => boolean): Promise<void> => {
    const state = (await nodes()).find((candidate) => candidate.name === node);
    if (state !== undefined && holds(state)) return;
    throw new Problem('drillRefused', `Cannot drill node "${node}" as the fault must take effect: it is not ${what}`);
  };
  const others = async (side: readonly NodeName[]): Promise<NodeName[]> =>
    (await nodes()).map(({ name }) => name).filter((name) => !side.includes(name));

  return {
    begin: async (fault) => {
      switch (fault.kind) {
        case 'power':
          await faults.powerOff(fault.node);
          return check(fault.node, 'powered off', (state) => state.power === 'off');
        case 'kill':
          return faults.signal(fault.node, daemon, 'SIGKILL');
        case 'stop':
          return faults.signal(fault.node, daemon, 'SIGSTOP');
        case 'freeze':
          await faults.freeze(fault.node);
          return check(fault.node, 'frozen', (state) => state.frozen);
        case 'link':
          return faults.link(fault.node, false);
        case 'one-link':
          return faults.link(fault.node, false, fault.link);
        case 'cut':
          return faults.cut([fault.from], [fault.to]);
        case 'partition':
          await faults.cut(fault.side, await others(fault.side));
          return faults.cut(await others(fault.side), fault.side);
        case 'slow': {
          const { delayMs, jitterMs, loss } = fault;
          await faults.slow(fault.side, await others(fault.side), { delayMs, jitterMs, loss });
          return faults.slow(await others(fault.side), fault.side, { delayMs, jitterMs, loss });
        }
        case 'flush':
          return faults.flush(fault.node);
        case 'nftables':
          return faults.run(fault.node, ['systemctl', 'restart', 'nftables.service']);
        case 'clock':
          return faults.stepClock(fault.node, unit, fault.byMs);
        case 'disk':
          return faults.fillDisk(fault.node, true);
        case 'memory':
          return faults.squeeze(fault.node, true);
        case 'busy':
          return faults.busy(fault.node, fault.processes);
        case 'standby':
          return faults.run(fault.node, ['musterd', 'standby']);
      }
    },
    end: async (fault) => {
      switch (fault.kind) {
        case 'power':
          await faults.powerOn(fault.node);
          return check(fault.node, 'powered on', (state) => state.power === 'on');
        case 'kill':
          return faults.run(fault.node, ['systemctl', 'start', unit]);
        case 'stop':
          // The service manager's watchdog may have put another in its place meanwhile.
          return faults.signal(fault.node, daemon, 'SIGCONT').catch(() => undefined);
        case 'freeze':
          return faults.thaw(fault.node);
        case 'link':
          return faults.link(fault.node, true);
        case 'one-link':
          return faults.link(fault.node, true, fault.link);
        case 'cut':
          return faults.join([fault.from], [fault.to]);
        case 'partition':
          await faults.join(fault.side, await others(fault.side));
          return faults.join(await others(fault.side), fault.side);
        case 'slow':
          await faults.slow(fault.side, await others(fault.side), null);
          return faults.slow(await others(fault.side), fault.side, null);
        case 'flush':
        case 'nftables':
          return;
        case 'clock':
          return faults.stepClock(fault.node, unit, 0);
        case 'disk':
          return faults.fillDisk(fault.node, false);
        case 'memory':
          return faults.squeeze(fault.node, false);
        case 'busy':
          return faults.busy(fault.node, 0);
        case 'standby':
          return faults.run(fault.node, ['musterd', 'online']);
      }
    },
    heal: () => faults.heal(),
    /** What a fault needs before anything is watched; `tidy` takes it away again. Both restart musterd for a clock. */
    prepare: async (fault) => {
      if (fault.kind !== 'clock') return false;
      await faults.giveClock(fault.node, unit);
      return true;
    },
    tidy: async (fault) => {
      if (fault.kind === 'clock') await faults.takeClock(fault.node, unit);
    },
  };
}
