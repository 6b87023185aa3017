import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What one whole command cost, with all processes that it waited for. */
export interface Cost {
  /** Wall clock, seconds. */
  readonly seconds: number;
  /** User and system time, seconds. */
  readonly cpu: number;
  /** Of its biggest process, megabytes. */
  readonly rssMb: number;
}

let runs = 0;

/** Runs a command to its end, output thrown away; rejects where it ends with anything but 0. GNU time measures. */
export async function timed(
  words: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; signal?: AbortSignal } = {},
): Promise<Cost> {
  const report = join(tmpdir(), `muster-bench-${process.pid}-${runs++}`);
  const child = spawn('/usr/bin/time', ['-f', '%e %U %S %M', '-o', report, '--', ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    signal: options.signal,
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const text = readFileSync(report, 'utf8').trim().split('\n').at(-1)!;
  rmSync(report);
  if (code !== 0) throw new Error(`${words.slice(0, 4).join(' ')} ... ended with ${code}: ${tail(said)}`);
  const [seconds, user, system, kilobytes] = text.split(' ').map(Number) as [number, number, number, number];
  return { seconds, cpu: user + system, rssMb: kilobytes / 1024 };
}

/** Bytes that one command's own process wrote, to files and sockets alike; rejects where it ends with anything but 0. */
export async function written(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(words[0]!, words.slice(1), {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  let bytes = 0;
  // The kernel counts as long as there is a process; what it sends last is small.
  const timer = setInterval(() => {
    const io = existsSync(`/proc/${child.pid}/io`) ? readFileSync(`/proc/${child.pid}/io`, 'utf8') : '';
    bytes = Math.max(bytes, Number(/^wchar: (\d+)/m.exec(io)?.[1] ?? 0));
  }, 5);
  try {
    const code = await new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('close', resolve),
    );
    if (code !== 0) throw new Error(`${words.slice(0, 4).join(' ')} ... ended with ${code}`);
    return bytes;
  } finally {
    clearInterval(timer);
  }
}

function tail(said: readonly Buffer[]): string {
  return Buffer.concat(said).toString().trim().split('\n').slice(-3).join(' / ');
}

export interface Contender {
  readonly name: string;
  readonly run: () => Promise<Cost>;
  /** Rounds that it takes part in; a slow one that is only there to stand beside need not be in all. */
  readonly rounds?: number | undefined;
}

/** All contenders in turn, `n` rounds: what happens to the machine meanwhile happens to all of them. */
export async function race(contenders: readonly Contender[], n: number): Promise<Map<string, Cost[]>> {
  const costs = new Map<string, Cost[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < n; round++) {
    for (const { name, run, rounds = n } of contenders) if (round < rounds) costs.get(name)!.push(await run());
  }
  return costs;
}

/** The quotients of two contenders, round by round. */
export function ratios(
  costs: ReadonlyMap<string, readonly Cost[]>,
  left: string,
  right: string,
  of: (cost: Cost) => number,
): number[] {
  const below = costs.get(right)!;
  return costs.get(left)!.flatMap((cost, round) => (below[round] === undefined ? [] : of(cost) / of(below[round]!)));
}
