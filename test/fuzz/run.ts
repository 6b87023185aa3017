import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/base/random.ts';
import { mutate } from './mutate.ts';
import { type FuzzTarget, targets } from './targets.ts';

/*
 * npm run fuzz -- [--seconds 60] [--only ha.cf] [--seed N] [--case I]
 *
 * Every input is a function of (seed, case), so that what fails can be run again alone. The parsers run in a child, so that
 * one that does not end can be told and ended.
 */

/** More CPU time for one input of at most 20,000 characters means that something grows faster than its input. */
const slowMs = 3000;
/** Without a sign of life for this much of its own CPU time the child hangs: how long that takes is others' business. */
const hangMs = 30_000;

const inputOf = (target: FuzzTarget, seed: number, index: number): string =>
  mutate(target.seeds, target.words, seededRandom(seed * 1_000_003 + index));

/** What is wrong with the parser on this input, or undefined. */
function judge(target: FuzzTarget, text: string): string | undefined {
  const before = process.cpuUsage();
  try {
    target.parse(text);
  } catch (error) {
    if (!target.allowed(error))
      return error instanceof Error ? (error.stack ?? error.message) : `threw ${String(error)}`;
  }
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000;
  return ms > slowMs ? `took ${Math.round(ms)} ms of CPU` : undefined;
}

function child(name: string, seed: number, seconds: number, only: number | undefined): void {
  const target = targets.find((candidate) => candidate.name === name)!;
  const end = performance.now() + seconds * 1000;
  let index = only ?? 0;
  for (
    let checked = 0;
    only === undefined ? checked % 50 !== 0 || performance.now() < end : checked < 1;
    checked++, index++
  ) {
    if (checked % 50 === 0) process.send?.({ index });
    const text = inputOf(target, seed, index);
    const wrong = judge(target, text);
    if (wrong !== undefined) {
      process.send?.({ index, wrong, text });
      return;
    }
  }
  process.send?.({ index, done: true });
}

interface Report {
  readonly index: number;
  readonly wrong?: string;
  readonly text?: string;
  readonly done?: boolean;
}

/** Runs one target in a child; the number of inputs that it read, or a failure in words. */
/** CPU time of a process so far, by proc(5): ticks of 10 ms; 0 once it is gone. */
function cpuMs(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return 0;
  }
}

function runTarget(name: string, seed: number, seconds: number, only: number | undefined): Promise<number | string> {
  return new Promise((resolve) => {
    const args = ['--child', name, '--seed', String(seed), '--seconds', String(seconds)];
    const worker = fork(fileURLToPath(import.meta.url), only === undefined ? args : [...args, '--case', String(only)]);
    let last = only ?? 0;
    let spent = 0;
    const watch = (): NodeJS.Timeout =>
      setTimeout(() => {
        if (cpuMs(worker.pid) < spent + hangMs) {
          timer = watch();
          return;
        }
        worker.kill('SIGKILL');
        resolve(`hangs on one of the cases ${last} to ${last + 49}`);
      }, hangMs);
    let timer = watch();
    worker.on('message', (report: Report) => {
      last = report.index;
      spent = cpuMs(worker.pid);
      clearTimeout(timer);
      if (report.wrong !== undefined)
        resolve(`case ${report.index}: ${report.wrong}\ninput: ${JSON.stringify(report.text)}`);
      else if (report.done === true) resolve(report.index);
      else timer = watch();
    });
    worker.on('exit', (code) => {
      clearTimeout(timer);
      resolve(`ended by itself with code ${code} near case ${last}`);
    });
  });
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      only: { type: 'string' },
      seed: { type: 'string' },
      case: { type: 'string' },
      child: { type: 'string' },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const single = values.case === undefined ? undefined : Number(values.case);
  if (values.child !== undefined) {
    child(values.child, seed, Number(values.seconds), single);
    return 0;
  }
  const chosen = targets.filter(({ name }) => values.only === undefined || name === values.only);
  if (chosen.length === 0) {
    process.stderr.write(
      `Cannot fuzz "${values.only}" as it must be one of: ${targets.map(({ name }) => name).join(', ')}\n`,
    );
    return 64;
  }
  let failed = 0;
  for (const { name } of chosen) {
    const outcome = await runTarget(name, seed, Number(values.seconds) / chosen.length, single);
    if (typeof outcome === 'string') failed++;
    const shown = typeof outcome === 'number' ? `ok, ${outcome} inputs` : `FAILED, seed ${seed}, ${outcome}`;
    process.stdout.write(`${name.padEnd(14)} ${shown}\n`);
  }
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
