/**
 * npm run bench:ssh [-- -n 5] [--only cold-3,cold-100,...] [--json FILE] [--check]
 *
 * Muster's fan-out beside pdsh, clush, parallel-ssh and ansible ad-hoc (Debian's packages, installed by this run) and beside
 * a bare program with ssh2, on loopback hosts of one OpenSSH that the run starts. All contenders take turns, round by
 * round; goals are quotients within a round, so that a busy machine disturbs all alike.
 */
import { spawn } from 'node:child_process';
import type { Figure } from './figures.ts';
import { benchOptions, finishBench } from './options.ts';
import { type BenchHosts, startHosts } from './ssh/hosts.ts';
import { cold, many, one, output, push, thousand, warm } from './ssh/parts.ts';
import { installPeers } from './ssh/peers.ts';

const generous = '400:30:800';
const debian = '10:30:100';

/** Each part with the MaxStartups of its sshd. */
const parts: Readonly<
  Record<string, readonly [startups: string, (hosts: BenchHosts, n: number) => Promise<Figure[]>]>
> = {
  one: [generous, one],
  'cold-3': [generous, (hosts, n) => cold(hosts, 3, n)],
  'cold-100': [generous, (hosts, n) => cold(hosts, 100, n)],
  'cold-300': [debian, (hosts, n) => many(hosts, 300, Math.min(n, 3))],
  warm: [generous, (hosts, n) => warm(hosts, 100, n)],
  output: [generous, output],
  push: [generous, push],
  thousand: [generous, (hosts, n) => thousand(hosts, Math.min(n, 2))],
};

const options = benchOptions(Object.keys(parts), 5);
const figures: Figure[] = [];
const say = (line: string): void => {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
};

/** In a network namespace of its own: its loopback is nobody else's, and its sshd is seen by nobody else. */
if (process.env.MUSTER_BENCH_NAMESPACE !== 'own') {
  installPeers(say);
  const again = [
    'ip link set lo up && exec "$@"',
    'sh',
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  const child = spawn('unshare', ['--net', '--', 'sh', '-c', ...again], {
    stdio: 'inherit',
    env: { ...process.env, MUSTER_BENCH_NAMESPACE: 'own' },
  });
  process.on('SIGINT', () => {}).on('SIGTERM', () => child.kill());
  process.exit(await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 130))));
}

let hosts: BenchHosts | undefined;
const leave = (): void => {
  void (hosts?.sshd.stop() ?? Promise.resolve()).finally(() => process.exit(130));
};
process.on('SIGINT', leave).on('SIGTERM', leave);
for (const [name, [startups, measure]] of Object.entries(parts)) {
  if (!options.wants(name)) continue;
  say(name);
  hosts = await startHosts(startups);
  try {
    figures.push(...(await measure(hosts, options.n)));
  } catch (error) {
    // The other parts still run; this one's figure says so by having no value.
    say(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    figures.push({ name: `${name}: could not be measured`, unit: '', values: [], goal: { max: 0 } });
  } finally {
    await hosts.sshd.stop();
    hosts = undefined;
  }
}
process.exitCode = finishBench('ssh', figures, options);
