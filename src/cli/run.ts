import { Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../base/duration.ts';
import { foldHosts } from '../base/host-range.ts';
import { exitCodes } from '../base/problem.ts';
import { loadInventory } from '../inventory/load.ts';
import { forEachHost, type HostOutcome } from '../remote/pool.ts';
import type { HostKeyChecking, RunResult } from '../remote/types.ts';
import { foldOutputs, outputTitle } from './fold-output.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { selectHosts } from './select-hosts.ts';
import { withSshOptions } from './ssh-options.ts';
import { targetsOf } from './targets.ts';

export interface FanOutOptions {
  readonly inventory: string;
  readonly json?: boolean;
  readonly forks: number;
  readonly timeout?: number;
  readonly connectTimeout?: number;
  readonly hostKeyChecking?: HostKeyChecking;
  readonly lab?: string;
}

/** The options of every command that works on many hosts at once. */
export function withFanOutOptions(command: Command): Command {
  return withSshOptions(command)
    .addOption(inventoryOption())
    .option('--json', 'one JSON object a host and line')
    .option('--forks <n>', 'hosts at once', positive, 64)
    .option('--connect-timeout <duration>', 'how long a login may take', duration)
    .addOption(labOption());
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return value;
}

/** Milliseconds. */
export function duration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined || value <= 0) throw new InvalidArgumentError('It must be a duration like 500ms, 10s or 2m.');
  return value;
}

/** Ctrl-C once: says who is left and aborts the signal, so that their programs die; twice: leaves. */
export async function withInterrupt<T>(missing: () => readonly string[], work: (signal: AbortSignal) => Promise<T>) {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    process.stderr.write(`interrupted; ending what runs on ${foldHosts(missing())}\n`);
    controller.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** The exit code of a run on many hosts; the worst that happened to one of them wins. */
export function exitCodeOf(outcomes: readonly { readonly state: string }[]): number {
  const any = (state: string): boolean => outcomes.some((outcome) => outcome.state === state);
  if (any('interrupted')) return exitCodes.interrupted;
  if (any('unreachable')) return exitCodes.hostUnreachable;
  return any('failed') ? exitCodes.hostFailed : exitCodes.ok;
}

async function run(pattern: string, words: string[], options: FanOutOptions): Promise<void> {
  const inventory = await loadInventory(options.inventory);
  const targets = await targetsOf(selectHosts(inventory, pattern), {
    lab: options.lab,
    hostKeyChecking: options.hostKeyChecking,
    connectTimeoutMs: options.connectTimeout,
  });
  const missing = new Set(targets.map((target) => target.name));
  // As ssh does it: the words make one line, and the shell there takes it apart.
  const command = words.join(' ');
  const outcomes = await withInterrupt(
    () => [...missing],
    (signal) =>
      forEachHost<RunResult>(
        targets,
        {
          forks: options.forks,
          signal,
          onOutcome: (outcome) => {
            missing.delete(outcome.target.name);
            if (options.json) process.stdout.write(`${JSON.stringify(record(outcome))}\n`);
          },
        },
        (connection) => connection.exec(command, { signal, timeoutMs: options.timeout }),
      ),
  );
  if (!options.json) show(outcomes);
  process.exitCode = exitCodeOf(outcomes.map(record));
}

/** A line of `--json`. A program that ends with anything but 0 has failed. */
function record(outcome: HostOutcome<RunResult>): Record<string, unknown> & { state: string } {
  const { name: host } = outcome.target;
  const seconds = Number(outcome.seconds.toFixed(3));
  if (outcome.state !== 'ok') {
    const { message, hint } = outcome.problem;
    return { host, state: outcome.state, rc: null, seconds, stdout: '', stderr: '', error: message, hint };
  }
  const { rc, signal, stdout, stderr, timedOut } = outcome.value;
  const state = rc === 0 ? 'ok' : 'failed';
  const end = { ...(signal === null ? {} : { signal }), ...(timedOut ? { timedOut } : {}) };
  return { host, state, rc, ...end, seconds, stdout: stdout.toString(), stderr: stderr.toString() };
}

function show(outcomes: readonly HostOutcome<RunResult>[]): void {
  const ended = outcomes.flatMap((outcome) => {
    if (outcome.state !== 'ok') return [];
    return [{ ...outcome.value, host: outcome.target.name, timedOut: outcome.value.timedOut ?? false }];
  });
  for (const group of foldOutputs(ended)) {
    process.stdout.write(`${outputTitle(group)}\n`);
    writeLines(process.stdout, group.stdout);
    writeLines(process.stderr, group.stderr);
  }
  for (const outcome of outcomes) {
    if (outcome.state === 'ok') continue;
    const { message, hint } = outcome.problem;
    process.stderr.write(`${outcome.target.name}: ${message}${hint === undefined ? '' : `\n  hint: ${hint}`}\n`);
  }
}

function writeLines(stream: NodeJS.WriteStream, output: Buffer): void {
  if (output.length === 0) return;
  stream.write(output);
  if (output.at(-1) !== 0x0a) stream.write('\n');
}

/** `muster run PATTERN -- COMMAND`. */
export function runCommand(): Command {
  return withFanOutOptions(
    new Command('run')
      .description('Run one command on many hosts at once; equal outputs are shown once.')
      .argument('<pattern>', "hosts as node[1-3], @group, all, a,b!c ('!' not, '&' and, '^' either)")
      .argument('<command...>', 'what to run there, after --'),
  )
    .option('--timeout <duration>', 'how long the command may take', duration)
    .addHelpText(
      'after',
      `
Examples:
  muster run -i inventory/lab.yml all -- uptime
  muster run -i inventory/lab.yml 'node[1-3]!node2' -- 'systemctl is-active musterd || true'
  muster run -i inventory/lab.yml @web --json -- uname -r | jq .`,
    )
    .action(run);
}
