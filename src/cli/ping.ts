import { Command } from 'commander';
import { Problem } from '../base/problem.ts';
import type { HostOutcome } from '../remote/pool.ts';
import type { Connection } from '../remote/types.ts';
import { exitCodeOf } from './fan-out/host-record.ts';
import { type FanOutOptions, withFanOutOptions } from './fan-out/options.ts';
import { reach } from './fan-out/reach.ts';
import { paint, Screen } from './fan-out/screen.ts';
import { plainJson, workOnHosts } from './fan-out/work.ts';

interface Pong {
  readonly user: string;
  /** Whether we are root, or become it through sudo. */
  readonly root: boolean;
  /** Why not. */
  readonly sudoError: string | undefined;
  /** The host's wall clock less ours, in milliseconds; as exact as half a round trip. */
  readonly clockOffsetMs: number;
  /** One command in a shell that is open already. */
  readonly roundTripMs: number;
  /** From nothing to a root shell; 0 for root itself. */
  readonly sudoMs: number;
  /** All of it but the login. */
  readonly workMs: number;
}

/** GNU date knows nanoseconds; where it does not, the seconds have to do. */
const clockProbe = 'date +%s.%N';
/** Of several questions for the time the quickest is the most exact. */
const clockProbes = 3;

async function pong(connection: Connection, signal: AbortSignal): Promise<Pong> {
  const started = performance.now();
  const worker = await connection.worker({ signal });
  let clock = { roundTripMs: Number.POSITIVE_INFINITY, offset: 0 };
  for (let probe = 0; probe < clockProbes; probe++) {
    const before = Date.now();
    const { stdout, seconds } = await worker.run(clockProbe, { signal, timeoutMs: 10_000 });
    const offset = Number.parseFloat(stdout.toString()) * 1000 - (before + seconds * 500);
    if (seconds * 1000 < clock.roundTripMs) clock = { roundTripMs: seconds * 1000, offset };
  }
  const beforeSudo = performance.now();
  const sudoError = connection.target.user === 'root' ? undefined : await trySudo(connection, signal);
  return {
    user: connection.target.user,
    root: sudoError === undefined,
    sudoError,
    clockOffsetMs: Math.round(clock.offset),
    roundTripMs: Number(clock.roundTripMs.toFixed(2)),
    sudoMs: connection.target.user === 'root' ? 0 : Math.round(performance.now() - beforeSudo),
    workMs: performance.now() - started,
  };
}

/** Why sudo does not let us, or undefined where it does. */
async function trySudo(connection: Connection, signal: AbortSignal): Promise<string | undefined> {
  try {
    await (await connection.worker({ become: true, signal })).close();
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.reason === 'hostFailed') return error.message;
    throw error;
  }
}

async function ping(pattern: string, options: FanOutOptions): Promise<void> {
  const hosts = await reach(pattern, options);
  const names = hosts.targets.map((target) => target.name);
  const width = Math.max(...names.map((name) => name.length));
  const screen = new Screen(names);
  const show = options.json ? record : line;
  const outcomes = await workOnHosts<Pong>(
    hosts,
    options,
    screen,
    (connection, _target, signal) => pong(connection, signal),
    (outcome) => screen.out(`${show(outcome, width)}\n`),
  );
  process.exitCode = exitCodeOf(outcomes);
}

/** What the login took: all that was not work. */
function loginMs(outcome: HostOutcome<Pong>): number | undefined {
  return outcome.state === 'ok' ? Math.round(outcome.seconds * 1000 - outcome.value.workMs) : undefined;
}

function record(outcome: HostOutcome<Pong>): string {
  if (outcome.state !== 'ok') return plainJson(outcome, {});
  const { workMs: _, ...value } = outcome.value;
  return plainJson(outcome, { ...value, loginMs: loginMs(outcome) });
}

function line(outcome: HostOutcome<Pong>, width: number): string {
  const host = outcome.target.name.padEnd(width);
  if (outcome.state !== 'ok') {
    const { message, hint } = outcome.problem;
    const state = paint(process.stdout, 'red', outcome.state);
    return `${host}  ${state}  ${message}${hint === undefined ? '' : `\n  hint: ${hint}`}`;
  }
  const { user, root, sudoError, clockOffsetMs, roundTripMs, sudoMs } = outcome.value;
  const rights = root ? (user === 'root' ? 'root' : `root by sudo in ${sudoMs} ms`) : `no root (${reason(sudoError)})`;
  const clock = `clock ${clockOffsetMs >= 0 ? '+' : ''}${clockOffsetMs} ms`;
  const state = paint(process.stdout, 'green', 'ok');
  return `${host}  ${state}  as ${user}, ${rights}, ${clock}, login in ${loginMs(outcome)} ms, a command in ${roundTripMs} ms`;
}

/** What was seen, of a message that begins with what was to be. */
function reason(message = ''): string {
  return message.split(': ').slice(1).join(': ') || message;
}

/** `muster ping [PATTERN]`: reachable, let in, root, clock, and how long each took. */
export function pingCommand(): Command {
  return withFanOutOptions(
    new Command('ping')
      .description(
        'Say which hosts can be reached, whether we become root there, how far their clocks are off, and how long each took.',
      )
      .argument('[pattern]', 'hosts as node[1-3], @group, all, a,b!c', 'all'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  muster ping -i inventory/lab.yml\n  muster ping -i inventory/lab.yml @web --json\n  muster ping -i mine.yml all -K     with a password for sudo',
    )
    .action(ping);
}
