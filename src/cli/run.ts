import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { Problem } from '../base/problem.ts';
import type { Host } from '../model/inventory.ts';
import { forEachHost } from '../remote/pool.ts';
import type { ExecOptions, RunResult } from '../remote/types.ts';
import { renderCommand, renderWord } from './fan-out/command-template.ts';
import { exitCodeOf, type HostRecord, highestCode, recordOf } from './fan-out/host-record.ts';
import { withInterrupt } from './fan-out/interrupt.ts';
import {
  duration,
  type FanOutOptions,
  type RollingOptions,
  withFanOutOptions,
  withRollingOptions,
} from './fan-out/options.ts';
import { reach, rolling } from './fan-out/reach.ts';
import { type RemoteProgram, remoteProgram } from './fan-out/remote-program.ts';
import { Screen } from './fan-out/screen.ts';
import { hasInput, SharedInput } from './fan-out/shared-input.ts';
import { errorLines, summaryLines } from './fan-out/summary.ts';
import { type ViewOptions, viewsFor } from './fan-out/views.ts';
import { keepResults } from './result-sets.ts';
import type { SshOptions } from './ssh-options.ts';

interface Options extends FanOutOptions, RollingOptions, ViewOptions, SshOptions {
  readonly highest?: boolean;
  readonly script?: string;
  readonly pty?: boolean;
  readonly sudo?: boolean;
  readonly env?: readonly (readonly [string, string])[];
  readonly cwd?: string;
  readonly template?: boolean;
  readonly stdin: boolean;
}

/** What each host is to run. All mistakes show here, before the first host is touched. */
async function programsFor(
  hosts: readonly Host[],
  words: readonly string[],
  options: Options,
): Promise<RemoteProgram[]> {
  const { sudo = false, cwd, env = [], template = false } = options;
  const script = options.script === undefined ? undefined : await readScript(options.script);
  if (script === undefined && words.every((word) => word.trim() === '')) {
    throw new Problem('usage', 'Cannot run on any host as a command must be given: there is none', {
      hint: 'muster run PATTERN -- COMMAND, or --script FILE for a local script',
    });
  }
  // As ssh does it: the words make one line, and the shell there takes it apart.
  const line = words.join(' ');
  return hosts.map((host) => {
    const what =
      script === undefined
        ? { command: template ? renderCommand(line, host) : line }
        : { script, args: template ? words.map((word) => renderWord(word, host)) : words };
    return remoteProgram({ what, sudo, cwd, env, forSh: template });
  });
}

async function readScript(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const seen = error instanceof Error ? error.message : String(error);
    throw new Problem('badInput', `Cannot run script "${file}" as it must be a file here: ${seen}`);
  }
}

async function run(pattern: string, words: string[], options: Options): Promise<void> {
  const fed = options.stdin && hasInput();
  if (typeof options.persist === 'number' && !fed) await (await import('../remote/persist/held-command.ts')).openLink();
  const { inventory, hosts, targets } = await reach(pattern, options);
  const programs = await programsFor(hosts, words, options);
  const names = hosts.map((host) => host.name);
  const programOf = new Map(names.map((name, index) => [name, programs[index]!]));
  const input = fed ? new SharedInput(process.stdin) : undefined;
  const screen = new Screen(names);
  const views = await viewsFor(options, screen, names);
  const records = new Map<string, HostRecord>();
  const endings: Promise<void>[] = [];

  const how = (name: string, signal: AbortSignal): ExecOptions => {
    const give = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
      let own: Buffer | undefined;
      const waits = views.flatMap((view) => {
        if (view.borrows) return view.output(name, stream, chunk) ?? [];
        own ??= Buffer.from(chunk);
        return view.output(name, stream, own) ?? [];
      });
      return waits.length === 0 ? undefined : Promise.all(waits).then(() => {});
    };
    return {
      as: programOf.get(name)!.as,
      signal,
      timeoutMs: options.timeout,
      pty: options.pty,
      stdin: input?.reader(),
      collect: false,
      borrow: true,
      onStdout: give('stdout'),
      onStderr: give('stderr'),
    };
  };

  await withInterrupt(
    () => screen.missing(),
    (signal) =>
      forEachHost<RunResult>(
        targets,
        {
          forks: options.forks,
          ...rolling(options, targets.length),
          failed: (result) => result.rc !== 0,
          signal,
          atOnce: async (target) => {
            if (target.persist === undefined || input !== undefined) return undefined;
            const { commandOnHeld } = await import('../remote/persist/held-command.ts');
            return await commandOnHeld(target, programOf.get(target.name)!.command, how(target.name, signal));
          },
          onOutcome: (outcome) => {
            const record = recordOf(outcome);
            records.set(record.host, record);
            screen.ended(record.host);
            for (const view of views) {
              const ending = view.ended(record) ?? Promise.resolve();
              // Its failure is told at the end; until then nobody waits for it.
              ending.catch(() => {});
              endings.push(ending);
            }
          },
        },
        (connection, { name }) => connection.exec(programOf.get(name)!.command, how(name, signal)),
      ),
  ).finally(() => input?.close());

  screen.stop();
  await Promise.all(endings);
  const inOrder = names.map((name) => records.get(name)!);
  for (const view of views) await view.finish(inOrder);
  keepResults(inventory.file, inOrder);
  report(inOrder, options, targets);
  process.exitCode = options.highest ? highestCode(inOrder) : exitCodeOf(inOrder);
}

/** What went wrong, after all that was said; scripts find it in their JSON. */
function report(
  records: readonly HostRecord[],
  options: Options,
  targets: readonly { name: string; address: string; port: number }[],
): void {
  if (options.json) return;
  const addresses = new Map(targets.map(({ name, address, port }) => [name, `${address}:${port}`]));
  const lines = [...errorLines(records, (host) => addresses.get(host)), ...summaryLines(records)];
  if (options.log !== undefined && lines.length === 0)
    lines.push(`${records.length} of ${records.length} ok: ${options.log}/HOST.out`);
  process.stderr.write(lines.map((line) => `${line}\n`).join(''));
}

function variable(text: string, before: readonly (readonly [string, string])[] = []): (readonly [string, string])[] {
  const match = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(text);
  if (match === null) throw new InvalidArgumentError('It must be NAME=VALUE, or NAME for its value here.');
  const value = match[2] ?? process.env[match[1]!];
  if (value === undefined) throw new InvalidArgumentError(`"${text}" is not set here.`);
  return [...before, [match[1]!, value]];
}

/** `muster run PATTERN -- COMMAND`. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('Run one command on many hosts at once; equal outputs are shown once.')
    .argument(
      '<pattern>',
      "hosts as node[1-3], @group, all, a,b!c ('!' not, '&' and, '^' either), @failed of the last run",
    )
    .argument('[command...]', 'what to run there, after --; with --script its arguments');
  return withRollingOptions(withFanOutOptions(command))
    .option('--fold', 'equal outputs once, but for host names in them (default)')
    .option('--exact', 'fold only outputs that are equal to the byte')
    .option('--diff', 'fold, and show what differs from the biggest group')
    .option('--stream', 'every line as it comes, with its host')
    .option('--table', 'a row a host: state, exit code, seconds, first line')
    .option('--log <dir>', 'into DIR/HOST.out and DIR/HOST.err')
    .option('-S, --highest', "end with the highest of the hosts' exit codes")
    .option('--timeout <duration>', 'how long the command may take', duration)
    .option('--script <file>', 'run this local script there')
    .option('--sudo', 'as root through sudo')
    .option('--cwd <dir>', 'in this directory')
    .option('--env <name=value>', 'with this variable (several times for more)', variable)
    .option('--template', 'put in {{ host }} and any variable of the inventory, each quoted as a word')
    .option('--pty', 'on a terminal of its own')
    .option('-n, --no-stdin', 'leave standard input alone; else what is piped in goes to every host')
    .addHelpText(
      'after',
      `
Examples:
  muster run -i inventory/lab.yml all -- uptime
  muster run -i inventory/lab.yml 'node[1-3]!node2' -- 'systemctl is-active musterd || true'
  muster run -i inventory/lab.yml @web --json -- uname -r | jq .
  muster run -i inventory/lab.yml all --diff -- cat /etc/resolv.conf
  muster run -i inventory/lab.yml all --serial 1 --fail-fast --sudo -- apt-get -y upgrade
  muster run -i inventory/lab.yml @failed --script mend.sh -- --now
  muster run -i inventory/lab.yml all --template -- 'grep {{ address }} /etc/hosts'

Exit code: 0, 2 where a host failed, 4 where one was unreachable, 130 after Ctrl-C; with -S the highest of the hosts'.
Of what hosts say, 64 MB are kept in memory and the rest in files without a name in TMPDIR.`,
    )
    .action(run);
}
