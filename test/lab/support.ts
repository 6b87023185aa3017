import { strict as assert } from 'node:assert';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, capture } from '../../src/lab/command.ts';
import { sshConfigFile } from '../../src/lab/keys.ts';
import { type Lab, labDown, labUp, listLabs } from '../../src/lab/lab.ts';
import { labPaths } from '../../src/lab/names.ts';
import { entryCommand } from '../../src/lab/self.ts';
import { waitUntil } from '../../src/lab/wait.ts';

let made = 0;
const ours = new Set<string>();
let watching = false;

/** A name for a lab of this test process, which is taken down when the process ends, however it ends. */
export function testLabName(): string {
  made += 1;
  const name = `t-${process.pid}-${made}`;
  if (!watching) {
    watching = true;
    process.once('exit', () => {
      for (const lab of ours) {
        const [program, ...args] = entryCommand('down', ['--lab', lab]);
        spawnSync(program!, args, { stdio: 'inherit' });
      }
    });
    // Without a listener these two end the process with no "exit" event.
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(143));
  }
  ours.add(name);
  return name;
}

/** Takes down the labs of test processes that were killed before they could. */
export async function sweepDeadLabs(): Promise<void> {
  for (const name of await listLabs()) {
    const pid = /^t-(\d+)-\d+$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await labDown(name);
  }
}

/** Takes the lab down, and fails the test where anything of it stays. */
export async function downLeavingNothing(name: string): Promise<void> {
  await labDown(name);
  ours.delete(name);
  assert.deepEqual(await traces(name), []);
}

/**
 * What "packages of a node" in playbooks/site.yml installs. That takes each lab many seconds, and is shown where
 * machines are bare: in test/lab/provision.test.ts.
 */
const nodePackages = ['nodejs', 'nftables', 'iproute2'];

export interface LabOfTests {
  readonly nodes: number;
  readonly links?: number;
  /** Megabytes of a volume that all nodes share. */
  readonly volume?: number;
  /** Has what a node of any cluster needs, as after a first `muster provision`. */
  readonly prepared?: boolean;
}

/** A lab for all tests of one `describe`: up before the first, down (and nothing left) after the last. */
export function useLab({ prepared = false, ...shape }: LabOfTests): () => Lab {
  let lab: Lab | undefined;
  let name: string | undefined;
  before(async function () {
    this.timeout(300_000); // the first lab of a machine builds the base tree
    await sweepDeadLabs();
    name = testLabName();
    lab = (await labUp({ name, ...shape, ...(prepared && { packages: nodePackages }) })).lab;
  });
  after(async function () {
    this.timeout(60_000);
    if (name !== undefined) await downLeavingNothing(name);
  });
  return () => lab!;
}

/** A node that is off, or goes off meanwhile, is an end with code 255 and not a test that hangs. */
const patience = ['ConnectTimeout=20', 'ServerAliveInterval=5', 'ServerAliveCountMax=4'].flatMap((one) => ['-o', one]);

/** One command on a node, through OpenSSH and the lab's own ssh_config. */
export function ssh(lab: Lab, node: string, command: string): Promise<CommandResult> {
  return capture(['ssh', ...patience, '-F', sshConfigFile(lab.paths), node, command]);
}

/** As `ssh`, for a command that must succeed; returns its standard output, trimmed. */
export async function sshOutput(lab: Lab, node: string, command: string): Promise<string> {
  const result = await ssh(lab, node, command);
  assert.equal(result.rc, 0, `${node}: ${command}: ${result.stderr}`);
  return result.stdout.trim();
}

export interface Ended {
  readonly rc: number | null;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

/** What a program with pipes on both outputs has said, when it has ended. */
export function ended(child: ChildProcess): Promise<Ended> {
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return new Promise((resolve) => child.once('close', (rc) => resolve({ rc, output })));
}

/** How many of `count` echo requests from the client to the address are answered. */
export async function pingsAnswered(lab: Lab, address: string, count = 3): Promise<number> {
  const result = await capture(lab.inClient(['ping', '-n', '-i', '0.02', '-c', String(count), '-W', '1', address]));
  return Number(/(\d+) received/.exec(result.stdout)?.[1] ?? 0);
}

/** Whether the address answers within 20 s: a port that has just come up may lose a frame or two, on a busy machine more. */
export function isReached(lab: Lab, address: string): Promise<boolean> {
  return waitUntil(async () => (await pingsAnswered(lab, address, 1)) === 1, { timeoutMs: 20_000, everyMs: 50 });
}

/** All that carries the lab's name on this machine: processes, mounts, cgroups, files. Zombies are nobody's any more. */
export async function traces(name: string): Promise<string[]> {
  const { stateDir } = labPaths(name);
  const found: string[] = existsSync(stateDir) ? [stateDir] : [];
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  found.push(...mounts.split('\n').filter((line) => line.includes(`${stateDir}/`)));
  for (const line of mounts.split('\n')) {
    const [, , , , path, , ...rest] = line.split(' ');
    if (rest.some((word) => word === 'cgroup' || word === 'cgroup2') && existsSync(join(path!, `muster-${name}`))) {
      found.push(join(path!, `muster-${name}`));
    }
  }
  const loops = (await capture(['losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE'])).stdout;
  found.push(...loops.split('\n').filter((line) => line.includes(`${stateDir}/`)));
  const machines = await readdir('/run/systemd/nspawn/propagate').catch((): string[] => []);
  found.push(...machines.filter((machine) => machine.startsWith(`${name}-node`)));
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)) {
    const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const [command, groups, state] = await Promise.all([read('cmdline'), read('cgroup'), read('stat')]);
    const isZombie = /\) Z /.test(state);
    if (!isZombie && (command.includes(`/${name}/`) || groups.includes(`/muster-${name}`))) {
      found.push(`process ${pid}: ${command.replaceAll('\0', ' ')}`);
    }
  }
  return found;
}
