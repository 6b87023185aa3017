import { Command } from 'commander';
import { loadInventory } from '../inventory/load.ts';
import { forEachHost, type HostOutcome } from '../remote/pool.ts';
import type { Connection } from '../remote/types.ts';
import { exitCodeOf } from './fan-out/host-record.ts';
import { withInterrupt } from './fan-out/interrupt.ts';
import { type FanOutOptions, withFanOutOptions } from './fan-out/options.ts';
import { selectHosts } from './select-hosts.ts';
import { targetsOf } from './targets.ts';

interface Pong {
  readonly user: string;
  /** Whether we are root, or may become it without a password. */
  readonly root: boolean;
  /** The host's wall clock less ours, in milliseconds; as exact as half a round trip. */
  readonly clockOffsetMs: number;
  readonly roundTripMs: number;
}

/** GNU date knows nanoseconds; where it does not, the seconds have to do. */
const clockProbe = 'date +%s.%N';
const rootProbe = '[ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null';

async function pong(connection: Connection, signal: AbortSignal): Promise<Pong> {
  const worker = await connection.worker();
  const before = Date.now();
  const clock = await worker.run(clockProbe, { signal, timeoutMs: 10_000 });
  const root = await worker.run(rootProbe, { signal, timeoutMs: 10_000 });
  const remote = Number.parseFloat(clock.stdout.toString()) * 1000;
  return {
    user: connection.target.user,
    root: root.rc === 0,
    clockOffsetMs: Math.round(remote - (before + clock.seconds * 500)),
    roundTripMs: Number((clock.seconds * 1000).toFixed(2)),
  };
}

async function ping(pattern: string, options: FanOutOptions): Promise<void> {
  const inventory = await loadInventory(options.inventory);
  const targets = await targetsOf(selectHosts(inventory, pattern, options.pattern), {
    lab: options.lab,
    connectTimeoutMs: options.connectTimeout,
  });
  const missing = new Set(targets.map((target) => target.name));
  const width = Math.max(...targets.map((target) => target.name.length));
  const outcomes = await withInterrupt(
    () => [...missing],
    (signal) =>
      forEachHost<Pong>(
        targets,
        {
          forks: options.forks,
          signal,
          onOutcome: (outcome) => {
            missing.delete(outcome.target.name);
            process.stdout.write(`${options.json ? JSON.stringify(record(outcome)) : line(outcome, width)}\n`);
          },
        },
        (connection) => pong(connection, signal),
      ),
  );
  process.exitCode = exitCodeOf(outcomes);
}

function record(outcome: HostOutcome<Pong>): Record<string, unknown> {
  const base = { host: outcome.target.name, state: outcome.state, seconds: Number(outcome.seconds.toFixed(3)) };
  if (outcome.state === 'ok') return { ...base, ...outcome.value };
  return { ...base, error: outcome.problem.message, hint: outcome.problem.hint };
}

function line(outcome: HostOutcome<Pong>, width: number): string {
  const host = outcome.target.name.padEnd(width);
  if (outcome.state !== 'ok') {
    const { message, hint } = outcome.problem;
    return `${host}  ${outcome.state}  ${message}${hint === undefined ? '' : `\n  hint: ${hint}`}`;
  }
  const { user, root, clockOffsetMs } = outcome.value;
  const rights = root ? 'root' : 'no root (sudo asks for a password)';
  const total = Math.round(outcome.seconds * 1000);
  return `${host}  ok  as ${user}, ${rights}, clock ${clockOffsetMs >= 0 ? '+' : ''}${clockOffsetMs} ms, in ${total} ms`;
}

/** `muster ping [PATTERN]`: reachable, let in, root, clock. */
export function pingCommand(): Command {
  return withFanOutOptions(
    new Command('ping')
      .description('Say which hosts can be reached, whether we become root there, and how far their clocks are off.')
      .argument('[pattern]', 'hosts as node[1-3], @group, all, a,b!c', 'all'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  muster ping -i inventory/lab.yml\n  muster ping -i inventory/lab.yml @web --json',
    )
    .action(ping);
}
