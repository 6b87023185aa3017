import { setMaxListeners } from 'node:events';
import { foldHosts } from '../../base/host-range.ts';
import { forEachHost } from '../../remote/pool.ts';
import type { RunResult, Target } from '../../remote/types.ts';
import { FoldView } from '../fan-out/fold-view.ts';
import { type HostRecord, recordOf } from '../fan-out/host-record.ts';
import type { RemoteProgram } from '../fan-out/remote-program.ts';
import { Screen } from '../fan-out/screen.ts';
import { StreamView } from '../fan-out/stream-view.ts';
import { errorLines, summaryLines } from '../fan-out/summary.ts';
import type { OutputStream, View } from '../fan-out/view.ts';
import type { HeldHosts } from './held-hosts.ts';

export interface BroadcastOptions {
  readonly forks: number;
  readonly timeoutMs: number | undefined;
  readonly exact: boolean;
  readonly diff: boolean;
  /** Lines as they come instead of folded answers. */
  readonly stream: boolean;
}

/**
 * Runs a command on all hosts over the connections that are held, and shows what they say. Ctrl-C ends it there and comes
 * back; once more lets go of the hosts that do not end it. What is wrong with a host stands in its record.
 */
export async function broadcast(
  targets: readonly Target[],
  programs: ReadonlyMap<string, RemoteProgram>,
  held: HeldHosts,
  options: BroadcastOptions,
): Promise<HostRecord[]> {
  const names = targets.map(({ name }) => name);
  const screen = new Screen(names);
  const view: View = options.stream ? new StreamView(screen, names) : new FoldView(screen, options);
  const endings: Promise<void>[] = [];
  const give =
    (name: string, stream: OutputStream) =>
    (chunk: Buffer): Promise<void> | undefined =>
      view.output(name, stream, Buffer.from(chunk));
  const records = await untilInterrupted(screen, held, async (signal) => {
    const found: HostRecord[] = [];
    await forEachHost<RunResult>(
      targets,
      {
        forks: options.forks,
        signal,
        failed: ({ rc }) => rc !== 0,
        atOnce: async (target) => {
          const { command, as } = programs.get(target.name)!;
          const connection = await held.on(target, signal);
          return await connection.exec(command, {
            as,
            signal,
            timeoutMs: options.timeoutMs,
            collect: false,
            onStdout: give(target.name, 'stdout'),
            onStderr: give(target.name, 'stderr'),
          });
        },
        onOutcome: (outcome) => {
          const record = recordOf(outcome);
          found.push(record);
          screen.ended(record.host);
          const ending = view.ended(record) ?? Promise.resolve();
          ending.catch(() => {});
          endings.push(ending);
        },
      },
      unused,
    );
    return found;
  });
  await Promise.all(endings);
  const byName = new Map(records.map((record) => [record.host, record]));
  const inOrder = names.map((name) => byName.get(name)!);
  await view.finish(inOrder);
  const addresses = new Map(targets.map(({ name, address, port }) => [name, `${address}:${port}`]));
  const lines = [...errorLines(inOrder, (host) => addresses.get(host)), ...summaryLines(inOrder)];
  process.stderr.write(lines.map((line) => `${line}\n`).join(''));
  return inOrder;
}

function unused(): never {
  throw new Error('all is done over the connections that are held');
}

/** Ctrl-C aborts the signal, and once more cuts what is left; the program itself goes on. */
export async function untilInterrupted<T>(
  screen: Screen,
  held: HeldHosts,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const interrupt = (): void => {
    const left = screen.missing();
    const where = left.length === 0 ? '' : foldHosts(left);
    if (controller.signal.aborted) {
      process.stderr.write(`letting go of ${where}\n`);
      void held.cut(left);
      return;
    }
    process.stderr.write(`interrupted; ending what runs on ${where} (once more lets go of them)\n`);
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt);
    screen.stop();
  }
}
