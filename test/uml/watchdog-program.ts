/** Runs in the guest: a real musterd and the kernel's own softdog, which restarts this machine where it is not fed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Seconds, as the test has loaded it. */
const margin = Number(process.env.SOFT_MARGIN);
const home = '/mnt/musterd';
const program = join(dirname(process.argv[1]!), 'musterd.cjs');

const tell = (what: string, value: unknown): void =>
  void process.stdout.write(`SAYS ${what}: ${JSON.stringify(value)}\n`);

function configure(policy: string): void {
  mkdirSync(join(home, 'ha.d'), { recursive: true });
  const files: Readonly<Record<string, string>> = {
    'ha.cf':
      'node a b c\nkeepalive 200ms\ndeadtime 3\ninitdead 3\nudpport 694\nucast lo 127.0.0.2\nwatchdog /dev/watchdog1\n',
    authkeys: 'auth 1\n1 sha256 not-a-secret-in-a-test\n',
    haresources: '',
    'muster.yml': `lease: 3s\nfencing: { watchdog: ${policy} }\n`,
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(home, 'ha.d', file), text, { mode: 0o600 });
}

interface Musterd {
  readonly process: ChildProcess;
  readonly ended: Promise<number | NodeJS.Signals>;
  /** What it has said so far. */
  readonly output: () => string;
  /** Resolves to the first line of its journal about the watchdog. */
  readonly watchdog: Promise<string>;
}

function start(): Musterd {
  const directories = ['--config-dir', `${home}/ha.d`, '--run-dir', `${home}/run`, '--state-dir', `${home}/state`];
  const words = [program, 'run', ...directories, '--node', 'a', '--without-nftables', '--no-realtime'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let found: (line: string) => void = () => {};
  const watchdog = new Promise<string>((resolve) => {
    found = resolve;
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const why = /"what":"watchdog"[^\n]*"why":"([^"]*)"/.exec(output)?.[1];
      if (why !== undefined) found(why);
    });
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal!));
  });
  void ended.then((end) => found(`it ended with ${end}: ${output}`));
  return { process: child, ended, output: () => output, watchdog };
}

async function main(): Promise<void> {
  configure('required');
  const refused = start();
  tell('required, and there is none', [await refused.ended, refused.output()]);
  configure('automatic');
  const without = start();
  tell('automatic, and there is none', await without.watchdog);
  without.process.kill('SIGTERM');
  tell('its end', await without.ended);

  // From here on modprobe can load it.
  writeFileSync('/run/may-load', '');
  configure('required');
  const first = start();
  tell('required', await first.watchdog);
  tell('modprobe', readFileSync('/run/modprobe.asked', 'utf8').trim());
  await sleep(2.5 * margin * 1000);
  tell('is fed', first.process.exitCode);
  first.process.kill('SIGTERM');
  tell('the end of the first', await first.ended);
  await sleep(2.5 * margin * 1000);
  tell('goes on without it', true);

  const second = start();
  tell('another start', await second.watchdog);
  if (process.env.ENDS_BY === 'SIGSTOP') second.process.kill('SIGSTOP');
  else {
    second.process.kill('SIGKILL');
    await second.ended;
  }
  tell('nobody feeds it', true);
  await sleep(20 * margin * 1000);
  tell('the machine runs on', true);
}

main().then(
  () => process.exit(0),
  (error) => {
    tell('error', String((error as Error).stack));
    process.exit(1);
  },
);
