import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { Status } from '../../../src/wire/status.ts';

export const virtualIp = '10.77.0.100';
export const virtualIp6 = 'fd00:77::100';

/** What one musterd wrote to its journal. */
export interface JournalEntry {
  /** Unix milliseconds. */
  readonly time?: number;
  readonly what?: string;
  readonly why?: string;
  readonly group?: string;
}

export interface TestNode {
  readonly name: string;
  readonly address: string;
  readonly mac: string;
  readonly journal: readonly JournalEntry[];
  readonly pid: number | undefined;
  /** Whether it was started and has not ended. */
  readonly running: boolean;
  readonly configDir: string;
  /** `run`, or what else musterd is to be there: `--arbiter`. */
  start(command?: string, node?: string): void;
  /** Replaces a file of its /etc/ha.d. */
  configure(file: string, text: string): void;
  /** Sends a signal to musterd alone; resolves to its exit code or signal where it ends by it. */
  signal(signal: NodeJS.Signals): void;
  ended(): Promise<number | NodeJS.Signals>;
  /** Runs a command in the node's network namespace. */
  run(...command: readonly string[]): string;
  /** A long-lived program in the node's network namespace, which outlives its musterd. */
  spawn(command: readonly string[], input?: 'pipe'): ChildProcess;
  musterd(...args: readonly string[]): string;
  status(): Status;
}

export interface TestCluster {
  readonly nodes: readonly TestNode[];
  /** Runs a command beside the clients. */
  client(...command: readonly string[]): string;
  /** A long-lived program beside the clients, its standard output line by line. */
  watch(command: readonly string[], onLine: (line: string) => void): ChildProcess;
  /** The command that runs another one beside the clients. */
  inClient(argv: readonly string[]): readonly string[];
  /** In the namespace of the switch, whose ports are `p-node1`, ... */
  onSwitch(...command: readonly string[]): string;
  remove(): Promise<void>;
}

export interface ClusterOptions {
  /** Instead of the files of /etc/ha.d that the nodes have otherwise. */
  readonly files?: Readonly<Record<string, string>>;
  /** A second network: eth1 of node N has 10.78.0.1N and fd00:78::1N, on ports `q-nodeN` of a bridge of its own. */
  readonly secondNetwork?: boolean;
  /** How many, node1 and up; 3 where nothing is said. The files name three. */
  readonly nodes?: number;
  /** Variables in the environment of every musterd. */
  readonly environment?: Readonly<Record<string, string>>;
  /** More words for `musterd run`. */
  readonly options?: readonly string[];
}

function exec(...command: readonly string[]): string {
  return execFileSync(command[0]!, command.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Bridges and ports of a switch that are to go together; any number but 0, which is that of `lo`. */
const switchGroup = '7';

/**
 * Takes away all links of a test's switch, and with them their other ends, before its namespaces go. The kernel would do
 * so some time after the removal of the namespaces, holding up whatever test runs by then.
 */
export function removeLinks(space: string): void {
  try {
    const lines = exec('ip', '-n', space, '-o', 'link', 'show').matchAll(/^\d+: ([^:@]+)/gm);
    const names = [...lines].map((line) => line[1]!).filter((name) => name !== 'lo');
    for (const name of names) exec('ip', '-n', space, 'link', 'set', name, 'group', switchGroup);
    // All at once: for each by itself, the kernel would wait for a grace period of RCU.
    if (names.length > 0) exec('ip', '-n', space, 'link', 'delete', 'group', switchGroup);
  } catch {
    // It was never made.
  }
}

/** Resolves when `condition` holds; rejects with what `seen` says after `patience` milliseconds. */
export async function until(
  condition: () => boolean,
  seen: () => string,
  patience = 20_000,
  pause = 20,
): Promise<void> {
  const end = Date.now() + patience;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`it did not come about in ${patience} ms: ${seen()}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Machines (three) and a client on a switch, each in a network namespace of its own, with real musterds from the source. */
export async function createCluster(more: ClusterOptions = {}): Promise<TestCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'musterd-test-'));
  const program = join(directory, 'musterd.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, '../../../src/supervisor/main.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node18',
    format: 'cjs',
    logLevel: 'error',
  });
  const prefix = `musterd-${process.pid}-${Math.floor(performance.now())}-`;
  const nodeNames = Array.from({ length: more.nodes ?? 3 }, (_, index) => `node${index + 1}`);
  const names = ['switch', 'client', ...nodeNames];
  const space = (name: string): string => `${prefix}${name}`;
  const inside = (name: string, ...command: readonly string[]): string =>
    exec('ip', 'netns', 'exec', space(name), ...command);
  const started: ChildProcess[] = [];

  const remove = async (): Promise<void> => {
    await Promise.all(started.map(end));
    for (const name of nodeNames) {
      try {
        inside(name, 'nft', 'flush', 'ruleset');
      } catch {
        // It was never made, or there is no nft.
      }
    }
    removeLinks(space('switch'));
    for (const name of names) {
      try {
        exec('ip', 'netns', 'del', space(name));
      } catch {
        // It was never made.
      }
    }
    rmSync(directory, { recursive: true, force: true });
  };

  try {
    for (const name of names) {
      exec('ip', 'netns', 'add', space(name));
      exec('ip', '-n', space(name), 'link', 'set', 'lo', 'up');
    }
    exec('ip', '-n', space('switch'), 'link', 'add', 'br0', 'type', 'bridge');
    exec('ip', '-n', space('switch'), 'link', 'set', 'br0', 'up');
    const macs: Record<string, string> = {};
    for (const [index, name] of names.entries()) {
      if (name === 'switch') continue;
      const last = name === 'client' ? 10 : 10 + index - 1;
      macs[name] = `02:00:00:77:00:${last}`;
      const link = ['link', 'add', `p-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'address', macs[name], 'netns'];
      exec('ip', '-n', space('switch'), ...link, space(name));
      exec('ip', '-n', space('switch'), 'link', 'set', `p-${name}`, 'master', 'br0', 'up');
      inside(name, 'sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1', 'net.ipv4.conf.all.arp_announce=2');
      exec('ip', '-n', space(name), 'link', 'set', 'eth0', 'up');
      exec('ip', '-n', space(name), 'address', 'add', `10.77.0.${last}/24`, 'dev', 'eth0');
      exec('ip', '-n', space(name), 'address', 'add', `fd00:77::${last}/64`, 'dev', 'eth0', 'nodad');
    }
    if (more.secondNetwork) {
      exec('ip', '-n', space('switch'), 'link', 'add', 'br1', 'type', 'bridge', 'mcast_snooping', '0');
      exec('ip', '-n', space('switch'), 'link', 'set', 'br1', 'up');
      for (const [index, name] of nodeNames.entries()) {
        const link = ['link', 'add', `q-${name}`, 'type', 'veth', 'peer', 'name', 'eth1', 'netns'];
        exec('ip', '-n', space('switch'), ...link, space(name));
        exec('ip', '-n', space('switch'), 'link', 'set', `q-${name}`, 'master', 'br1', 'up');
        exec('ip', '-n', space(name), 'link', 'set', 'eth1', 'up');
        exec('ip', '-n', space(name), 'address', 'add', `10.78.0.1${index + 1}/24`, 'brd', '+', 'dev', 'eth1');
        exec('ip', '-n', space(name), 'address', 'add', `fd00:78::1${index + 1}/64`, 'dev', 'eth1', 'nodad');
      }
    }
    const nodes = nodeNames.map((name, index) =>
      testNode({
        name,
        address: `10.77.0.${11 + index}`,
        mac: macs[name]!,
        space: space(name),
        directory,
        program,
        started,
        more,
      }),
    );
    return {
      nodes,
      client: (...command) => inside('client', ...command),
      watch: (command, onLine) => {
        const child = spawn('nsenter', [`--net=/run/netns/${space('client')}`, ...command], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        started.push(child);
        createInterface({ input: child.stdout! }).on('line', onLine);
        return child;
      },
      inClient: (argv) => ['nsenter', `--net=/run/netns/${space('client')}`, ...argv],
      onSwitch: (...command) => inside('switch', ...command),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

interface NodeParts {
  readonly name: string;
  readonly address: string;
  readonly mac: string;
  readonly space: string;
  readonly directory: string;
  readonly program: string;
  readonly started: ChildProcess[];
  readonly more: ClusterOptions;
}

/** A process that is killed may leave half a line. */
function entryOf(line: string): JournalEntry {
  try {
    return JSON.parse(line) as JournalEntry;
  } catch {
    return { what: 'not JSON', why: line };
  }
}

function testNode(parts: NodeParts): TestNode {
  const { name, space, directory, program, started } = parts;
  const home = join(directory, name);
  const config = join(home, 'ha.d');
  mkdirSync(config, { recursive: true });
  const files: Readonly<Record<string, string>> = {
    // Patient enough for a busy machine, which may halt a process for some 100 ms: the short times are the bench's.
    'ha.cf': `node node1 node2 node3\nkeepalive 50ms\nwarntime 500ms\ndeadtime 1\ninitdead 1\nudpport 694\nauto_failback off\n${[11, 12, 13].map((last) => `ucast eth0 10.77.0.${last}\n`).join('')}`,
    authkeys: 'auth 1\n1 sha256 not-a-secret-in-a-test\n',
    haresources: `node1 IPaddr2::${virtualIp}/24/eth0 IPv6addr::${virtualIp6}/64/eth0\n`,
    'muster.yml': 'lease: 1s\n',
    ...parts.more.files,
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(config, file), text, { mode: 0o600 });
  const directories = [
    '--config-dir',
    config,
    '--run-dir',
    join(home, 'run'),
    '--state-dir',
    join(home, 'state'),
    '--node',
    name,
  ];
  const journal: JournalEntry[] = [];
  let child: ChildProcess | undefined;
  let over: Promise<number | NodeJS.Signals> = Promise.resolve(0);
  const run = (...command: readonly string[]): string => exec('ip', 'netns', 'exec', space, ...command);
  const musterd = (...args: readonly string[]): string => run(process.execPath, program, ...args, ...directories);
  return {
    name,
    address: parts.address,
    mac: parts.mac,
    configDir: config,
    journal,
    get pid() {
      return child?.pid;
    },
    get running() {
      return child !== undefined && child.exitCode === null && child.signalCode === null;
    },
    start: (role = 'run', node = name) => {
      const command = [
        `--net=/run/netns/${space}`,
        process.execPath,
        program,
        role,
        ...(parts.more.options ?? []),
        ...directories,
        '--node',
        node,
      ];
      const env = { ...process.env, ...parts.more.environment };
      const running = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'pipe'], env });
      child = running;
      started.push(running);
      createInterface({ input: running.stdout! }).on('line', (line) => journal.push(entryOf(line)));
      createInterface({ input: running.stderr! }).on('line', (line) => journal.push({ what: 'stderr', why: line }));
      over = new Promise((resolve) => running.once('exit', (code, signal) => resolve(code ?? signal!)));
    },
    configure: (file, text) => writeFileSync(join(config, file), text, { mode: 0o600 }),
    signal: (signal) => void child?.kill(signal),
    ended: () => over,
    run,
    spawn: (command, input) => {
      const program = spawn('nsenter', [`--net=/run/netns/${space}`, ...command], {
        stdio: [input ?? 'ignore', 'pipe', 'inherit'],
      });
      started.push(program);
      return program;
    },
    musterd,
    status: () => JSON.parse(musterd('status', '--json')) as Status,
  };
}
