import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../base/duration.ts';
import { Problem } from '../base/problem.ts';
import { bmcAddress, bmcPassword, bmcUser } from '../lab/bmc.ts';
import { labStatus, openLab } from '../lab/lab.ts';
import type { LabFaults } from '../lab/types.ts';
import { type LabOption, say, showStatus } from './lab-actions.ts';

/** Node names as `node1,node2`; a range like `node[1-3]` is the inventory's. */
function names(text: string): string[] {
  return text.split(',').filter((name) => name !== '');
}

/** `muster lab power` */
export async function power(state: string, node: string, { lab }: LabOption): Promise<void> {
  const { faults } = await openLab(lab);
  if (!['on', 'off', 'cycle'].includes(state)) {
    throw new Problem('usage', `Cannot turn power "${state}" as it must be on, off or cycle: it is not`);
  }
  if (state !== 'on') await faults.powerOff(node);
  if (state !== 'off') await faults.powerOn(node);
  say(`${node} is ${state === 'off' ? 'off' : 'on'}`);
}

/** `bmc on node1,node2` */
async function bmc(state: string, nodes: string, { lab }: LabOption): Promise<void> {
  if (state !== 'on' && state !== 'off')
    throw new Problem('usage', `Cannot turn a BMC "${state}" as it must be on or off: it is not`);
  const opened = await openLab(lab);
  for (const node of names(nodes)) {
    await opened.bmc(node, state === 'on');
    if (state === 'off') say(`the BMC of ${node} is off`);
    else say(`${node}: fence_ipmilan ip=${bmcAddress(node)} username=${bmcUser} password=${bmcPassword} lanplus=true`);
  }
}

/** `partition node1 node2,node3`: the two sides; `partition node1,node2`: each from each. */
export async function partition(
  left: string,
  right: string | undefined,
  options: LabOption & { oneWay?: boolean },
): Promise<void> {
  const { faults } = await openLab(options.lab);
  const from = names(left);
  const to = right === undefined ? from : names(right);
  if (right === undefined && (from.length < 2 || (options.oneWay && from.length !== 2))) {
    throw new Problem('usage', `Cannot cut "${left}" as two sides are needed: only one is named`, {
      hint: 'muster lab partition node1,node2   or   muster lab partition node1 node2,node3',
    });
  }
  if (options.oneWay && right === undefined) await faults.cut([from[0]!], [from[1]!]);
  else await faults.cut(from, to);
  if (!options.oneWay && right !== undefined) await faults.cut(to, from);
  showStatus(await labStatus(options.lab));
}

interface SlowOptions extends LabOption {
  readonly delay: number;
  readonly jitter: number;
  readonly loss: number;
  readonly oneWay?: boolean;
}

/** `slow node1 node2,node3 --delay 50ms --loss 1%`: frames between the two sides are late or lost. */
async function slow(left: string, right: string, { lab, oneWay, delay, jitter, loss }: SlowOptions): Promise<void> {
  const { faults } = await openLab(lab);
  const slowness = { delayMs: delay, jitterMs: jitter, loss };
  const none = delay === 0 && jitter === 0 && loss === 0 ? null : slowness;
  await faults.slow(names(left), names(right), none);
  if (!oneWay) await faults.slow(names(right), names(left), none);
  showStatus(await labStatus(lab));
}

function milliseconds(text: string): number {
  const ms = text === '0' ? 0 : parseDuration(text, 'ms');
  if (ms === undefined) throw new InvalidArgumentError('It must read 50ms or 1s.');
  return ms;
}

function share(text: string): number {
  const percent = Number(/^(\d+(?:\.\d+)?)%?$/.exec(text)?.[1] ?? Number.NaN);
  if (!(percent >= 0 && percent <= 100)) throw new InvalidArgumentError('It must read 1%, up to 100%.');
  return percent / 100;
}

function processCount(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 64)
    throw new InvalidArgumentError('It must be 1 to 64 processes.');
  return number;
}

/** A verb that does one thing to a node, and then shows the lab. */
function onNode<Options extends LabOption>(act: (faults: LabFaults, node: string, options: Options) => Promise<void>) {
  return async (node: string, options: Options): Promise<void> => {
    const { faults } = await openLab(options.lab);
    await act(faults, node, options);
    showStatus(await labStatus(options.lab));
  };
}

/** Adds the verbs that break a lab, and the one that mends it. */
export function addFaultVerbs(verb: (usage: string, description: string) => Command): void {
  verb('power <state> <node>', 'on, off (the loss of the whole machine at once) or cycle').action(power);
  verb(
    'bmc <state> <nodes>',
    "on or off: a BMC for a machine, which speaks IPMI and has the lab's own power switch",
  ).action(bmc);
  verb('partition <nodes> [others]', 'drop frames between nodes, both ways')
    .option('--one-way', 'only from the first to the second')
    .action(partition);
  verb('slow <nodes> <others>', 'delay or lose frames between nodes, both ways; without a measure: no longer')
    .option('--delay <duration>', 'what each frame waits', milliseconds, 0)
    .option('--jitter <duration>', 'what a frame may wait in addition; frames pass each other then', milliseconds, 0)
    .option('--loss <percent>', 'frames that are lost', share, 0)
    .option('--one-way', 'only from the first to the second')
    .action(slow);
  for (const [usage, up, description] of [
    ['unplug <node>', false, 'pull its cables at the switch'],
    ['plug <node>', true, 'plug its cables in again'],
  ] as const) {
    verb(usage, description)
      .option('--link <n>', 'only that of the first or the second network', Number)
      .action(onNode((faults, node, { link }: LabOption & { link?: number }) => faults.link(node, up, link)));
  }
  verb('freeze <node>', 'stop everything on it').action(onNode((faults, node) => faults.freeze(node)));
  verb('thaw <node>', 'let it go on').action(onNode((faults, node) => faults.thaw(node)));
  verb('busy <node>', 'processes on it that want all of the processors')
    .option('--processes <n>', 'how many', processCount, 4)
    .action(onNode((faults, node, { processes }: LabOption & { processes: number }) => faults.busy(node, processes)));
  verb('squeeze <node>', 'no more memory than it needs, and a process that wants more').action(
    onNode((faults, node) => faults.squeeze(node, true)),
  );
  verb('fill-disk <node>', 'nothing more fits on its disk').action(
    onNode((faults, node) => faults.fillDisk(node, true)),
  );
  verb('heal', 'undo all faults: power, cables, cuts, delays, freezes, load, full disks').action(
    async (options: LabOption) => {
      await (await openLab(options.lab)).faults.heal();
      showStatus(await labStatus(options.lab));
    },
  );
}
