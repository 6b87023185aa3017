/**
 * The programs of fence-agents: they read `name=value` lines from their standard input, so that no password is in a list of
 * processes (FenceAgentAPI of ClusterLabs' fence-agents: actions, and what their exit codes mean).
 */
import type { FenceDevice } from '../../model/fencing.ts';
import type { NodeName } from '../../model/names.ts';
import { describeEnd, type FenceResult, type FenceTools, type FenceWay, inSeconds } from './way.ts';

type Action = 'off' | 'on' | 'status' | 'monitor' | 'metadata';

/** Of `status`: the power is off, which is neither success nor failure of the agent. */
const isOff = 2;
/** Between two questions whether a node is off by now. */
const askEvery = 500;
/** For what is asked beside a fencing. */
const longestTest = 30_000;
const longestMetadata = 10_000;
/** Of a fencing's time, how much switching off may take; the rest is for confirmation. */
const offShare = 0.75;

/** The lines of an agent's standard input. What the node says wins. */
export function agentInput(device: FenceDevice, action: Action, node: NodeName | undefined): string {
  const own = node === undefined ? {} : (device.nodes[node] ?? {});
  const options = { ...device.options, ...own };
  return [`action=${action}`, ...Object.entries(options).map(([name, value]) => `${name}=${value}`), ''].join('\n');
}

/** The names of the actions in an agent's metadata. */
export function actionsOf(metadata: string): Set<string> {
  return new Set([...metadata.matchAll(/<action\s[^>]*?name="([^"]+)"/g)].map((match) => match[1]!));
}

export class FenceAgent implements FenceWay {
  readonly name: string;
  readonly agent: string;
  readonly nodes: readonly NodeName[];
  readonly revive: FenceWay['revive'];
  readonly #device: FenceDevice;
  readonly #tools: FenceTools;
  readonly #mask: (text: string) => string;
  /** Whom the device has to be able to fence from here: everybody else. */
  readonly #others: readonly NodeName[];
  #actions: Set<string> | undefined;

  constructor(device: FenceDevice, self: NodeName, tools: FenceTools, mask: (text: string) => string) {
    this.name = device.name;
    this.agent = device.agent;
    this.nodes = Object.keys(device.nodes);
    this.#others = this.nodes.filter((node) => node !== self);
    this.#device = device;
    this.#tools = tools;
    this.#mask = mask;
    if (device.action === 'reboot') this.revive = (node, signal) => this.#switchOn(node, signal);
  }

  async fence(node: NodeName, signal?: AbortSignal): Promise<FenceResult> {
    const { timeout } = this.#device;
    const deadline = this.#tools.now() + timeout;
    const off = await this.#run('off', node, timeout * offShare, signal);
    if (off === undefined) return this.#missing();
    const trouble = off.code === 0 ? undefined : describeEnd(off, timeout * offShare, this.#mask);
    // The power may be off all the same: an answer can be lost where the command was not.
    if (!(await this.#knows('status'))) return trouble === undefined ? said : { ok: false, text: trouble };
    for (;;) {
      const left = Math.max(1000, deadline - this.#tools.now());
      const status = await this.#run('status', node, left, signal);
      // A package that is being upgraded takes its programs away for a moment.
      if (status === undefined) return this.#missing();
      if (status.code === isOff) return { ok: true, text: `says that ${node} is off` };
      const seen = status.code === 0 ? `says that ${node} is on` : describeEnd(status, left, this.#mask);
      const over = this.#tools.now() + askEvery >= deadline || signal?.aborted === true;
      // What failed at once and left the power on will not switch it off later.
      if (over || (trouble !== undefined && status.code === 0))
        return { ok: false, text: trouble ?? `switched off, and then ${seen} for ${inSeconds(timeout)}` };
      await this.#tools.sleep(askEvery);
    }
  }

  /**
   * What a fencing needs is asked for: the state of each node's power, as only that shows a plug that is not there, or that
   * nobody has named. Where the agent does not know it, its own test, once for each node's options where they differ.
   */
  async test(signal?: AbortSignal): Promise<FenceResult> {
    const action = (await this.#knows('status')) ? 'status' : 'monitor';
    const timeout = Math.min(this.#device.timeout, longestTest);
    const asked = new Set<string>();
    for (const node of this.#others) {
      const { plug: _, port: __, ...options } = this.#device.nodes[node] ?? {};
      const key = action === 'status' ? node : JSON.stringify(options);
      if (asked.has(key)) continue;
      asked.add(key);
      const end = await this.#run(action, node, timeout, signal);
      if (end === undefined) return this.#missing();
      if (end.code === 0 || (action === 'status' && end.code === isOff)) continue;
      return { ok: false, text: `does not answer for ${node}: it ${describeEnd(end, timeout, this.#mask)}` };
    }
    return { ok: true, text: 'answers' };
  }

  async #switchOn(node: NodeName, signal?: AbortSignal): Promise<FenceResult> {
    const { timeout } = this.#device;
    // Agents of switches and disks leave a node running: it would have back what it was cut off from.
    if (!(await this.#knows('reboot')))
      return { ok: false, text: `does not let ${node} back in: its agent cannot reboot, so it only cuts nodes off` };
    const end = await this.#run('on', node, timeout, signal);
    if (end === undefined) return this.#missing();
    return end.code === 0
      ? { ok: true, text: `has switched ${node} on again` }
      : { ok: false, text: `could not switch ${node} on again: it ${describeEnd(end, timeout, this.#mask)}` };
  }

  #run(action: Action, node: NodeName | undefined, timeout: number, signal: AbortSignal | undefined) {
    const program = this.#tools.find(this.agent);
    if (program === undefined) return undefined;
    const input = agentInput(this.#device, action, node);
    return this.#tools.run({ program, args: [], environment: {}, input }, { timeout, signal });
  }

  /** Where an agent does not say what it can do, it is taken to be able: then nothing counts before it is confirmed. */
  async #knows(action: 'status' | 'reboot'): Promise<boolean> {
    if (this.#actions === undefined) {
      const end = await this.#run('metadata', undefined, longestMetadata, undefined);
      const actions = end?.code === 0 ? actionsOf(end.output) : new Set<string>();
      if (actions.size === 0) return true;
      this.#actions = actions;
    }
    return this.#actions.has(action);
  }

  #missing(): FenceResult {
    return { ok: false, text: `needs the program ${this.agent}, which this machine has not` };
  }
}

const said: FenceResult = { ok: true, text: 'says that it has switched it off, and cannot be asked more' };
