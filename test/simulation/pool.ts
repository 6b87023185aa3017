import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
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

function oneProcess(next: () => Job | undefined, note: (done: Done) => void): Promise<void> {
  const job = next();
  if (job === undefined) return Promise.resolve();
  const worker = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [], { execArgv: ['--import', 'tsx'] });
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    // One that is killed (by a kernel out of memory, say) takes what it was to find with it.
    worker.on('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`a worker ended: ${code ?? signal}`)),
    );
    worker.on('message', (done: Done) => {
      note(done);
      const more = next();
      if (more === undefined) worker.disconnect();
      else worker.send(more);
    });
    worker.send(job);
  });
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
