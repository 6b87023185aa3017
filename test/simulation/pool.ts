import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { Done, Job } from './job.ts';

export const processors = availableParallelism();

/**
 * Hands jobs out to so many processes, until `next` gives none; `note` gets each result as it comes. Rejects where a process
 * ends by itself: that is a defect of the simulation.
 */
export async function inParallel(
  processes: number,
  next: () => Job | undefined,
  note: (done: Done) => void,
): Promise<void> {
  await Promise.all(Array.from({ length: processes }, () => oneProcess(next, note)));
}

async function oneProcess(next: () => Job | undefined, note: (done: Done) => void): Promise<void> {
  const job = next();
  if (job === undefined) return;
  const worker = startWorker();
  const ended = once(worker, 'exit');
  worker.on('message', (done: Done) => {
    note(done);
    const more = next();
    if (more === undefined) worker.disconnect();
    else worker.send(more);
  });
  worker.send(job);
  const [code, signal] = await ended;
  // One that is killed (by a kernel out of memory, say) takes what it was to find with it.
  if (code !== 0) throw new Error(`a worker ended: ${code ?? signal}`);
}

/** `worker.ts` and all that it imports, as one JavaScript text. */
let program: string | undefined;

/**
 * A process of `worker.ts`, which gets its program by standard input. Loading TypeScript file by file would take each of them
 * most of a second, and gives functions names at every call, which costs a tenth of the speed.
 */
function startWorker(): ChildProcess {
  program ??= buildSync({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external', write: false },
    sourcemap: 'inline',
    define: { 'import.meta.url': JSON.stringify(import.meta.url) },
  }).outputFiles[0]!.text;
  const worker = spawn(process.execPath, ['--enable-source-maps', '--input-type=module', '-'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
  });
  worker.stdin!.on('error', () => {}).end(program);
  return worker;
}

/** The chunks of seeds from `first` on, until there were `count` or `over` says so. */
export function seedJobs(first: number, count: number, over: () => boolean, resources = false): () => Job | undefined {
  const chunk = 10;
  let at = first;
  return () => {
    if (at >= first + count || over()) return undefined;
    const job: Job = { kind: 'seeds', resources, first: at, count: Math.min(chunk, first + count - at) };
    at += chunk;
    return job;
  };
}
