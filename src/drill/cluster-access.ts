/** Reaches the nodes of a cluster: one connection and shell each, made again after a node was away. */
import { Problem } from '../base/problem.ts';
import type { NodeName } from '../model/names.ts';
import type { Connection, RunResult, Worker } from '../remote/types.ts';
import type { Status } from '../wire/status.ts';
import type { Views } from './cluster-health.ts';

export type Connect = (node: NodeName) => Promise<Connection>;

/** How long a node may take for one small program before it counts as away. */
const patienceMs = 3000;

interface Open {
  readonly connection: Connection;
  readonly worker: Worker;
}

export class ClusterAccess {
  readonly nodes: readonly NodeName[];
  readonly #connect: Connect;
  readonly #open = new Map<NodeName, Promise<Open>>();

  constructor(nodes: readonly NodeName[], connect: Connect) {
    this.nodes = nodes;
    this.#connect = connect;
  }

  #reach(node: NodeName): Promise<Open> {
    const known = this.#open.get(node);
    if (known !== undefined) return known;
    const opening = this.#connect(node).then(async (connection) => ({
      connection,
      worker: await connection.worker({ become: true }),
    }));
    this.#open.set(node, opening);
    opening.catch(() => this.#open.delete(node));
    return opening;
  }

  /** Runs shell text as root on the node. A connection that fails is dropped, and made again by the next call. */
  async run(node: NodeName, program: string, timeoutMs: number = patienceMs): Promise<RunResult> {
    try {
      const { worker } = await withTimeout(this.#reach(node), timeoutMs, node);
      return await withTimeout(worker.run(program, { timeoutMs }), timeoutMs + 500, node);
    } catch (error) {
      this.forget(node);
      throw error;
    }
  }

  /** As `run`, for programs that have to succeed. Throws `Problem('hostFailed')` with what they said. */
  async must(node: NodeName, what: string, program: string, timeoutMs: number = 10_000): Promise<string> {
    const result = await this.run(node, program, timeoutMs);
    if (result.rc === 0) return result.stdout.toString();
    const said = result.stderr.toString().trim() || result.stdout.toString().trim() || `exit code ${result.rc}`;
    throw new Problem('hostFailed', `${node}: Cannot ${what}: ${said}`);
  }

  /** What musterd on the node says. Throws a `Problem` where the node is away or musterd does not run. */
  async status(node: NodeName, timeoutMs?: number): Promise<Status> {
    const program = 'musterd status --json';
    return JSON.parse(await this.must(node, 'read the status of musterd', program, timeoutMs)) as Status;
  }

  /** What every node says, or why it does not. Never rejects. */
  async views(nodes: readonly NodeName[] = this.nodes, timeoutMs?: number): Promise<Views> {
    const answers = await Promise.all(
      nodes.map((node) =>
        this.status(node, timeoutMs).catch((error: Error) => ({
          unreachable: error.message.split('\n')[0] ?? 'no answer',
        })),
      ),
    );
    return new Map(nodes.map((node, index) => [node, answers[index]!]));
  }

  /** Drops the connection of a node, as before its plug is pulled. */
  forget(node: NodeName): void {
    const open = this.#open.get(node);
    this.#open.delete(node);
    open?.then(
      ({ connection }) => connection.close(),
      () => undefined,
    );
  }

  close(): void {
    for (const node of [...this.#open.keys()]) this.forget(node);
  }
}

async function withTimeout<T>(work: Promise<T>, ms: number, node: NodeName): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new Problem('hostUnreachable', `Cannot reach host "${node}" as it must answer within ${ms} ms: it did not`),
      );
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
