/** What an earlier musterd had under way when it ended: it is waited for, so that nothing is done to a resource twice at once. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ending = '.operation';
const lookEvery = 20;
/** What is still there so long after it was killed may stay: the kernel waits for a disk or a server. Milliseconds. */
const diesWithin = 2000;

/** Where the process that does something to a resource is written down while it does. */
export function recordFile(directory: string, instance: string): string {
  return join(directory, `${instance}${ending}`);
}

/** The process of a line of /proc/PID/stat (proc(5)): its id, and the tick since boot at which it started. */
function processOf(stat: string): { readonly pid: number; readonly started: string } | undefined {
  // The name is in brackets and may have anything in it, brackets and blanks too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const pid = Number.parseInt(stat, 10);
  const started = fields[19];
  return Number.isInteger(pid) && pid > 1 && started !== undefined ? { pid, started } : undefined;
}

function stillRuns({ pid, started }: { readonly pid: number; readonly started: string }): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // A zombie has done all that it will.
    return processOf(stat)?.started === started && !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

/**
 * Waits for every process that is written down in the directory, and kills what takes longer than `patience` milliseconds,
 * with its process group. What not even that ends is told to `onStuck`, and waited for. Resolves to the instances that
 * something was done to, for the journal.
 */
export async function finishLeftovers(
  directory: string,
  patience: number,
  onStuck: (instance: string) => void = () => {},
): Promise<string[]> {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith(ending));
  const until = performance.now() + patience;
  return (await Promise.all(names.map((name) => finish(join(directory, name), until, onStuck)))).flat().sort();
}

/** Empty where it is gone: what it speaks of has just ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function finish(file: string, until: number, onStuck: (instance: string) => void): Promise<string[]> {
  const found = processOf(textOf(file));
  const instance = file.slice(file.lastIndexOf('/') + 1, -ending.length);
  const seen = found !== undefined && stillRuns(found) ? [instance] : [];
  let killed = false;
  let told = false;
  while (found !== undefined && stillRuns(found)) {
    const late = performance.now() - until;
    if (!killed && late >= 0) {
      killed = true;
      try {
        process.kill(-found.pid, 'SIGKILL');
      } catch {
        // It ended in this very moment.
      }
    } else if (!told && late >= diesWithin) {
      told = true;
      onStuck(instance);
    }
    await new Promise((resolve) => setTimeout(resolve, lookEvery));
  }
  rmSync(file, { force: true });
  return seen;
}
