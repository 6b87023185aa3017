import type { Connection, Worker } from '../remote/types.ts';
import { buildExchange, type ExchangeAnswer, type ProgramStep, readExchange } from './exchange.ts';
import type { FactRequest } from './facts/fact.ts';
import type { Step, StepOutput } from './module.ts';
import { type PackageFeed, packageStep } from './packages.ts';
import { type ArmedUndo, disarmUndo } from './undo.ts';

export interface HostLinkOptions {
  readonly connection: Connection;
  /** A connection of its own, beside the first: for disarming. */
  readonly reconnect: () => Promise<Connection>;
  readonly feed: PackageFeed;
  /** On the node; where it appears, no further step is begun. */
  readonly stopFile: string;
}

/** How a change that was armed came out. */
export type ArmedOutcome =
  | { readonly kind: 'done'; readonly outputs: readonly StepOutput[] }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'rolled-back'; readonly why: string };

/** The way to one host: exchanges over one worker shell for each user, and what must not be lost on the way. */
export class HostLink {
  readonly #options: HostLinkOptions;
  readonly #workers = new Map<boolean, Worker>();

  constructor(options: HostLinkOptions) {
    this.#options = options;
  }

  /** One round trip. A step that ended without saying so (its shell was killed) counts as failed. */
  async exchange(
    steps: readonly Step[],
    requests: readonly FactRequest[],
    become: boolean,
    timeoutMs?: number,
  ): Promise<ExchangeAnswer> {
    const programs = await Promise.all(steps.map((step) => this.#program(step)));
    const exchange = buildExchange(programs, requests, { stopFile: this.#options.stopFile });
    const worker = await this.#worker(become);
    const { stdout, stderr, rc } = await worker.run(exchange.program, { stdin: exchange.stdin, timeoutMs });
    const answer = readExchange(exchange, stdout, stderr);
    const failed = answer.outputs.some((output) => output.rc !== 0);
    if (answer.stopped || failed || answer.outputs.length === steps.length) return answer;
    const said = stderr.toString('utf8').trim().split('\n').at(-1);
    const seen = said === undefined || said === '' ? 'its shell ended' : said;
    return { ...answer, outputs: [...answer.outputs, { rc: rc ?? 255, stdout: '', stderr: seen }] };
  }

  /** A change that may cut us off: armed, done, and disarmed over a new connection; or taken back by the node. */
  async armed(steps: readonly Step[], armed: ArmedUndo, become: boolean): Promise<ArmedOutcome> {
    const root = this.#needsSudo(become);
    let answer: ExchangeAnswer | undefined;
    let why = 'no new connection could be made after it';
    try {
      const arm: Step = { kind: 'program', ...armed.arm };
      answer = await this.exchange([arm, ...steps], [], become, (armed.afterSeconds * 1000) / 3);
    } catch (error) {
      why = (error as Error).message;
    }
    // The node's own timer runs since before this moment.
    const firesBy = performance.now() + armed.afterSeconds * 1000;
    const wrong = answer?.outputs.find((output) => output.rc !== 0);
    const complete = answer !== undefined && wrong === undefined && answer.outputs.length === steps.length + 1;
    if (complete && (await disarmUndo(armed, root, this.#options.reconnect))) {
      return { kind: 'done', outputs: answer!.outputs.slice(1) };
    }
    if (answer?.stopped === true && answer.outputs.length === 0) return { kind: 'stopped' };
    if (wrong !== undefined) why = wrong.stderr.trim() || `exit code ${wrong.rc}`;
    // A change that failed half-way is taken back too: the undo stays armed, and the node does it.
    await new Promise((resolve) => setTimeout(resolve, firesBy + 500 - performance.now()));
    const back = await this.#options.reconnect().then(
      (connection) => connection.close().then(() => true),
      () => false,
    );
    const ending = back
      ? 'the node took the change back by itself'
      : 'the node was to take the change back by itself, and still cannot be reached';
    return { kind: 'rolled-back', why: `${why}; ${ending}` };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.close().catch(() => {})));
  }

  async #program(step: Step): Promise<ProgramStep> {
    if (step.kind === 'program') return step;
    return packageStep(step.install, step.remove, await this.#options.feed.port());
  }

  /** Root needs no sudo, which a small system does not even have. */
  #needsSudo(become: boolean): boolean {
    return become && this.#options.connection.target.user !== 'root';
  }

  async #worker(become: boolean): Promise<Worker> {
    const sudo = this.#needsSudo(become);
    const known = this.#workers.get(sudo);
    if (known !== undefined) return known;
    const worker = await this.#options.connection.worker({ become: sudo });
    this.#workers.set(sudo, worker);
    return worker;
  }
}
