/** What is measured, part by part, with the goals that it has to meet. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentStatus } from '../../../src/remote/persist/protocol.ts';
import type { Figure } from '../figures.ts';
import type { BenchHosts } from './hosts.ts';
import { type Cost, race, ratios, written } from './measure.ts';
import {
  ansible,
  bareSsh2,
  clush,
  eachBySsh,
  muster,
  musterHomes,
  musterLine,
  musterProgram,
  pdsh,
  pssh,
} from './peers.ts';

const seconds = (cost: Cost): number => cost.seconds;
const cpu = (cost: Cost): number => cost.cpu;

function wall(part: string, costs: ReadonlyMap<string, readonly Cost[]>): Figure[] {
  return [...costs].map(([name, list]) => ({
    name: `${part}: ${name}`,
    unit: 's',
    values: list.map(seconds),
    goal: {},
  }));
}

const run = (hosts: BenchHosts, n: number, ...words: string[]): Promise<Cost> =>
  muster(hosts, n, ['run', 'all', ...words], ['--', 'true']);

/** `true` on n hosts, every program from its start. */
export async function cold(hosts: BenchHosts, count: number, n: number): Promise<Figure[]> {
  const costs = await race(
    [
      { name: 'muster run', run: () => run(hosts, count) },
      { name: 'bare ssh2', run: () => bareSsh2(hosts, count, 'true') },
      { name: 'clush -b', run: () => clush(hosts, count, 'true') },
      { name: 'pdsh', run: () => pdsh(hosts, count, 'true') },
      { name: 'parallel-ssh', run: () => pssh(hosts, count, 'true'), rounds: Math.min(n, 3) },
      { name: 'ansible -m raw', run: () => ansible(hosts, count, 'true'), rounds: Math.min(n, 2) },
    ],
    n,
  );
  const part = `cold, ${count} hosts`;
  const ratio = (right: string, of: (cost: Cost) => number, what: string, goal: number): Figure => ({
    name: `${part}: muster / ${right}, ${what}`,
    unit: '',
    values: ratios(costs, 'muster run', right, of),
    goal: { median: goal },
  });
  const figures = wall(part, costs);
  if (count <= 10) return [...figures, ratio('pdsh', seconds, 'time', 1)];
  return [
    ...figures,
    ratio('bare ssh2', seconds, 'time', 1.1),
    ratio('clush -b', seconds, 'time', 0.35),
    ratio('clush -b', cpu, 'client CPU', 0.12),
  ];
}

/** More hosts than an sshd takes logins at once: what it drops is tried again. */
export async function many(hosts: BenchHosts, count: number, n: number): Promise<Figure[]> {
  const costs: Cost[] = [];
  let failures = 0;
  for (let round = 0; round < n; round++) {
    try {
      costs.push(await run(hosts, count, '--connect-timeout', '30s'));
    } catch {
      failures++;
    }
  }
  const part = `cold, ${count} hosts, MaxStartups as Debian has it`;
  return [
    { name: `${part}: muster run`, unit: 's', values: costs.map(seconds), goal: {} },
    { name: `${part}: runs that failed`, unit: '', values: [failures], goal: { max: 0 } },
    { name: `${part}: memory`, unit: 'MB', values: costs.map((cost) => cost.rssMb), goal: { max: 150 } },
  ];
}

/** Connections are open already: --persist here, control masters for clush. */
export async function warm(hosts: BenchHosts, count: number, n: number): Promise<Figure[]> {
  const env = { ...process.env, ...musterHomes(hosts) };
  const agent = (...words: string[]): string =>
    spawnSync(process.execPath, [musterProgram, 'agent', ...words], { env, encoding: 'utf8' }).stdout;
  const warmRun = (): Promise<Cost> => run(hosts, count, '--persist', '600s');
  // What a run leaves to be done behind it neither disturbs the other contender nor spares the next run anything.
  const settled = async (): Promise<void> => {
    const deadline = performance.now() + 20_000;
    const waiting = (): number =>
      (JSON.parse(agent('status', '--json')) as AgentStatus).sessions.filter(({ workers }) => workers > 0).length;
    while (waiting() < count) {
      if (performance.now() > deadline) throw new Error('worker shells were not started within 20 s');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  try {
    await warmRun();
    await clush(hosts, count, 'true', hosts.masterConfig);
    const costs = await race(
      [
        { name: 'muster run --persist', run: () => settled().then(warmRun) },
        {
          name: 'clush, control masters',
          run: () => settled().then(() => clush(hosts, count, 'true', hosts.masterConfig)),
        },
        { name: 'muster run --persist, right behind another', run: () => settled().then(warmRun).then(warmRun) },
      ],
      n,
    );
    const part = `warm, ${count} hosts`;
    const [ours] = costs.values();
    const values = ratios(costs, 'muster run --persist', 'clush, control masters', seconds);
    return [
      ...wall(part, costs),
      { name: `${part}: muster`, unit: 's', values: ours!.map(seconds), goal: { median: 0.5 } },
      { name: `${part}: muster / clush, time`, unit: '', values, goal: { median: 0.25 } },
    ];
  } finally {
    agent('stop');
    for (const host of hosts.names(count)) spawnSync('ssh', ['-F', hosts.masterConfig, '-O', 'exit', host]);
  }
}

/** One host, a whole command each. */
export async function one(hosts: BenchHosts, n: number): Promise<Figure[]> {
  const costs = await race(
    [
      { name: 'muster run', run: () => run(hosts, 1) },
      { name: 'ssh, curve25519', run: () => eachBySsh(hosts, 1, `ssh -n -F ${hosts.cheapConfig} $h true`) },
      { name: 'node -e 0', run: () => eachBySsh(hosts, 1, `${process.execPath} -e 0`) },
    ],
    n,
  );
  // 0.25 s where ssh takes 0.15 s: as a quotient, which a slower machine does not change.
  const values = ratios(costs, 'muster run', 'ssh, curve25519', seconds);
  return [
    ...wall('one host', costs),
    { name: 'one host: muster / ssh, time', unit: '', values, goal: { median: 1.67 } },
  ];
}

/** 10 MB from each of 20 hosts. */
export async function output(hosts: BenchHosts, n: number): Promise<Figure[]> {
  const [count, size] = [20, 10_000_000];
  const file = join(hosts.folder, 'output');
  const logs = join(hosts.folder, 'logs');
  mkdirSync(logs, { recursive: true });
  writeFileSync(
    file,
    `${randomBytes(size / 2)
      .toString('hex')
      .replace(/.{79}/g, '$&\n')}`,
  );
  const command = ['--', 'cat', file];
  const say = (words: readonly string[]): Promise<Cost> => muster(hosts, count, ['run', 'all', ...words], command);
  const costs = await race(
    [
      { name: 'muster run --log', run: () => say(['--log', logs]) },
      { name: 'muster run --fold', run: () => say(['--fold']) },
      {
        name: 'ssh, aes128-gcm, to files',
        run: () => eachBySsh(hosts, count, `ssh -n -F ${hosts.cheapConfig} $h cat ${file} >${logs}/$h`),
      },
      { name: 'pdsh', run: () => pdsh(hosts, count, `cat ${file}`), rounds: Math.min(n, 2) },
      { name: 'clush -b', run: () => clush(hosts, count, `cat ${file}`), rounds: 1 },
    ],
    n,
  );
  const part = '10 MB from each of 20 hosts';
  for (const host of hosts.names(count)) {
    if (!readFileSync(join(logs, `${host}.out`)).equals(readFileSync(file)))
      throw new Error(`${host}.out is not what was sent`);
  }
  rmSync(logs, { recursive: true });
  const to = (name: string): number[] => ratios(costs, name, 'ssh, aes128-gcm, to files', seconds);
  const memory = costs.get('muster run --fold')!.map((cost) => cost.rssMb);
  return [
    ...wall(part, costs),
    { name: `${part}: --log / ssh`, unit: '', values: to('muster run --log'), goal: { median: 1.2 } },
    { name: `${part}: --fold / ssh`, unit: '', values: to('muster run --fold'), goal: { median: 2 } },
    { name: `${part}: --fold, memory`, unit: 'MB', values: memory, goal: { max: 300 } },
  ];
}

/** 5 MB to each of 20 hosts. */
export async function push(hosts: BenchHosts, n: number): Promise<Figure[]> {
  const count = 20;
  const file = join(hosts.folder, 'input');
  const there = join(hosts.folder, 'pushed');
  writeFileSync(file, randomBytes(5_000_000));
  // All hosts are one machine here: each needs a place of its own.
  const perHost = `${there}.{{ host }}`;
  const copy = (): Promise<Cost> => muster(hosts, count, ['copy', '--template'], ['all', file, perHost]);
  const costs = await race(
    [
      { name: 'muster copy', run: () => copy() },
      {
        name: 'ssh cat, aes128-gcm',
        run: () => eachBySsh(hosts, count, `ssh -F ${hosts.cheapConfig} $h "cat >${there}.$h" <${file}`),
      },
    ],
    n,
  );
  const part = '5 MB to each of 20 hosts';
  const values = ratios(costs, 'muster copy', 'ssh cat, aes128-gcm', seconds);
  const sends: number[] = [];
  for (let round = 0; round < Math.min(n, 2); round++) {
    const { line, env } = musterLine(hosts, count, ['copy', '--tree', '--template'], ['all', file, `${perHost}.tree`]);
    sends.push((await written(line, env)) / 5_000_000);
  }
  for (const host of hosts.names(count)) {
    for (const path of [`${there}.${host}`, `${there}.${host}.tree`])
      if (!readFileSync(path).equals(readFileSync(file))) throw new Error(`${path} is not what was sent`);
  }
  return [
    ...wall(part, costs),
    { name: `${part}: muster copy / ssh cat`, unit: '', values, goal: { median: 1.1 } },
    // Keys, packets and their ends are some per cent more than the file itself.
    { name: `${part}: with --tree, sent by the controller`, unit: 'times', values: sends, goal: { max: 3.2 } },
  ];
}

/** What a host more costs, in memory and in time of ours. */
export async function thousand(hosts: BenchHosts, n: number): Promise<Figure[]> {
  const [few, all] = [250, 1000];
  const costs = await race(
    [few, all].map((count) => ({ name: `${count} hosts`, run: () => run(hosts, count, '--connect-timeout', '60s') })),
    n,
  );
  const [small, large] = [costs.get(`${few} hosts`)!, costs.get(`${all} hosts`)!];
  const memory = large.map((cost, round) => ((cost.rssMb - small[round]!.rssMb) * 1024) / (all - few));
  const growth = large.map((cost, round) => cost.cpu / all / (small[round]!.cpu / few));
  return [
    ...wall('a thousand', costs),
    { name: 'a thousand: memory for each host more', unit: 'KB', values: memory, goal: { median: 100 } },
    { name: 'a thousand: client CPU a host, 1000 / 250 hosts', unit: '', values: growth, goal: { median: 1.1 } },
  ];
}
