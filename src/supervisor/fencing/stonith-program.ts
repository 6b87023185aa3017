/**
 * cluster-glue's stonith(8), which heartbeat's devices are for. Parameters go in through a file that only root may read, or
 * through the environment: on the command line everybody could read passwords.
 */
import type { FenceDevice, StonithLine } from '../../model/fencing.ts';
import { lineAction } from '../../model/fencing.ts';
import type { NodeName } from '../../model/names.ts';
import { describeEnd, type FenceResult, type FenceTools, type FenceWay } from './way.ts';

interface Options {
  readonly name: string;
  readonly type: string;
  readonly nodes: readonly NodeName[] | undefined;
  readonly action: FenceDevice['action'];
  readonly timeout: number;
  /** Where it finds its parameters, for a fencing of this node; without one, for a test. */
  readonly parameters: (node: NodeName | undefined) => {
    readonly args: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
  };
  /** What the device calls a node. */
  readonly nameOf: (node: NodeName) => string;
  /** Other devices have to fence the node too: none may switch it on again before all have switched it off. */
  readonly joint: boolean;
}

const done = { off: 'switched', on: 'switched', reset: 'reset' } as const;

/** For a test. */
const longestTest = 30_000;

export class StonithProgram implements FenceWay {
  readonly name: string;
  readonly agent: string;
  readonly nodes: readonly NodeName[] | undefined;
  readonly revive: FenceWay['revive'];
  readonly #options: Options;
  readonly #tools: FenceTools;
  readonly #mask: (text: string) => string;

  constructor(options: Options, tools: FenceTools, mask: (text: string) => string) {
    this.name = options.name;
    this.agent = `stonith:${options.type}`;
    this.nodes = options.nodes;
    this.#options = options;
    this.#tools = tools;
    this.#mask = mask;
    if (options.action === 'reboot' && options.joint) this.revive = (node, signal) => this.#ask('on', node, signal);
  }

  /** Its exit code is all that there is: a plug-in confirms by itself, or does not. */
  fence(node: NodeName, signal?: AbortSignal): Promise<FenceResult> {
    const { action, joint } = this.#options;
    return this.#ask(action === 'off' || joint ? 'off' : 'reset', node, signal);
  }

  async test(signal?: AbortSignal): Promise<FenceResult> {
    const timeout = Math.min(this.#options.timeout, longestTest);
    const end = await this.#run(['-S'], undefined, timeout, signal);
    if (end === undefined) return missing;
    if (end.code === 0) return { ok: true, text: 'answers' };
    return { ok: false, text: `does not answer: it ${describeEnd(end, timeout, this.#mask)}` };
  }

  async #ask(verb: keyof typeof done, node: NodeName, signal: AbortSignal | undefined): Promise<FenceResult> {
    const { timeout, nameOf } = this.#options;
    const end = await this.#run(['-T', verb, nameOf(node)], node, timeout, signal);
    if (end === undefined) return missing;
    if (end.code !== 0) return { ok: false, text: describeEnd(end, timeout, this.#mask) };
    return { ok: true, text: `has ${done[verb]} ${node}${verb === 'reset' ? '' : ` ${verb}`}` };
  }

  #run(words: readonly string[], node: NodeName | undefined, timeout: number, signal: AbortSignal | undefined) {
    const program = this.#tools.find('stonith');
    if (program === undefined) return undefined;
    const { args, environment } = this.#options.parameters(node);
    const command = { program, args: ['-t', this.#options.type, ...args, ...words], environment };
    return this.#tools.run(command, { timeout, signal });
  }
}

const missing: FenceResult = {
  ok: false,
  text: 'needs the program stonith of cluster-glue, which this machine has not',
};

/** A device of muster.yml whose agent is `stonith:TYPE`. */
export function stonithDevice(
  device: FenceDevice,
  joint: boolean,
  tools: FenceTools,
  mask: (text: string) => string,
): StonithProgram {
  const nodes = Object.keys(device.nodes);
  const of = (node: NodeName): Readonly<Record<string, string>> => device.nodes[node] ?? {};
  const { name, action, timeout } = device;
  const options: Options = {
    name,
    type: device.agent.slice('stonith:'.length),
    nodes,
    action,
    joint,
    timeout,
    parameters: (node = nodes[0]!) => {
      const { plug: _, ...own } = of(node);
      return { args: ['-E'], environment: { ...device.options, ...own } };
    },
    nameOf: (node) => of(node).plug ?? node,
  };
  return new StonithProgram(options, tools, mask);
}

/** A line of ha.cf; `fileOf` keeps its parameters in a file. Milliseconds. */
export function stonithLine(
  line: StonithLine,
  index: number,
  timeout: number,
  fileOf: (name: string, parameters: string) => string,
  tools: FenceTools,
  mask: (text: string) => string,
): StonithProgram {
  const name = `${line.directive}-${index + 1}`;
  const file = line.directive === 'stonith' ? line.file : fileOf(name, line.parameters);
  const options: Options = {
    name,
    type: line.type,
    nodes: undefined,
    action: lineAction,
    joint: false,
    timeout,
    parameters: () => ({ args: ['-F', file], environment: {} }),
    nameOf: (node) => node,
  };
  return new StonithProgram(options, tools, mask);
}
