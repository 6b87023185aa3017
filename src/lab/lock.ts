import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { waitUntil } from './wait.ts';

/** When the process began, in clock ticks since boot (proc(5), field 22): with the id it names a process for good. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote the lock file still lives; a file that is half written counts as held. */
async function isHeld(file: string): Promise<boolean> {
  try {
    const [pid, start] = (await readFile(file, 'utf8')).split(' ');
    return start === undefined || start === '' || (await startOf(Number(pid))) === start;
  } catch {
    return false;
  }
}

/**
 * Runs `work` while holding the lock file, waiting for whoever holds it. The holder is named by process id and start
 * time, so that the lock of a killed process is taken over and a reused id is not mistaken for it.
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options: { onWait?: (() => void) | undefined; signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const me = `${process.pid} ${await startOf(process.pid)}`;
  let told = false;
  await waitUntil(
    async () => {
      try {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, me, { flag: 'wx' });
        return true;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
      }
      if (await isHeld(file)) {
        if (!told) options.onWait?.();
        told = true;
      } else {
        await rm(file, { force: true });
      }
      return false;
    },
    { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 100, signal: options.signal },
  );
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}
