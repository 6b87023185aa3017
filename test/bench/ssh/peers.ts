/** The programs that people use today, each on the same hosts with the same command. */
import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { BenchHosts } from './hosts.ts';
import { type Cost, timed } from './measure.ts';

const packages = ['pdsh', 'clustershell', 'pssh', 'ansible-core', 'time'];

/** Installs what is missing through apt; none of it brings a daemon. */
export function installPeers(say: (line: string) => void): void {
  const missing = packages.filter((name) => spawnSync('dpkg-query', ['-W', name]).status !== 0);
  if (missing.length === 0) return;
  say(`installing ${missing.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const words of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...missing],
  ]) {
    const { status, stderr } = spawnSync('apt-get', words, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`apt-get ${words[0]} ended with ${status}: ${stderr.trim().split('\n').at(-1)}`);
  }
}

export const musterProgram = 'dist/muster.js';

export function muster(
  hosts: BenchHosts,
  n: number,
  words: readonly string[],
  command: readonly string[],
): Promise<Cost> {
  const { line, env } = musterLine(hosts, n, words, command);
  return timed(line, { env });
}

/** A background process of the bench's own, and its own memory of the last run. */
export function musterHomes({ folder }: BenchHosts): { XDG_STATE_HOME: string; XDG_RUNTIME_DIR: string } {
  return { XDG_STATE_HOME: join(folder, 'state'), XDG_RUNTIME_DIR: folder };
}

/** The command line of `muster`, and its environment. */
export function musterLine(
  hosts: BenchHosts,
  n: number,
  words: readonly string[],
  command: readonly string[],
): { line: string[]; env: NodeJS.ProcessEnv } {
  const env = { MUSTER_INVENTORY: hosts.inventory(n), ...musterHomes(hosts) };
  const [verb, ...options] = words as [string, ...string[]];
  return { env, line: [process.execPath, musterProgram, verb, '-F', hosts.config, ...options, ...command] };
}

export function bareSsh2(hosts: BenchHosts, n: number, command: string): Promise<Cost> {
  const { port } = hosts.sshd;
  const login = [String(port), userInfo().username, join(hosts.folder, 'id'), hosts.sshd.hostKey()];
  return timed([process.execPath, 'test/bench/ssh/bare.mjs', ...login, command, ...hosts.names(n)]);
}

export function pdsh(hosts: BenchHosts, n: number, command: string): Promise<Cost> {
  const env = { PDSH_SSH_ARGS: `-2 -a -x -F ${hosts.config} %h` };
  return timed(['pdsh', '-S', '-R', 'ssh', '-f', '64', '-w', hosts.fold(n), command], { env });
}

export function clush(hosts: BenchHosts, n: number, command: string, config = hosts.config): Promise<Cost> {
  return timed(['clush', '-S', '-b', '-f', '64', '-o', `-F ${config}`, '-w', hosts.fold(n), command]);
}

export function pssh(hosts: BenchHosts, n: number, command: string): Promise<Cost> {
  return timed(['parallel-ssh', '-p', '64', '-h', hosts.list(n), '-x', `-F ${hosts.config}`, '-i', command]);
}

/** Ansible ad-hoc; `raw` is the fastest way that it has, as no Python runs on the host. */
export function ansible(hosts: BenchHosts, n: number, command: string): Promise<Cost> {
  const env = { ANSIBLE_SSH_ARGS: `-F ${hosts.config}`, ANSIBLE_HOST_KEY_CHECKING: 'True', ANSIBLE_HOME: hosts.folder };
  return timed(['ansible', '-i', hosts.list(n), '-f', '64', 'all', '-m', 'raw', '-a', command], { env });
}

/** A process of OpenSSH for each host, all at once; `line` is one shell command with $h for the host. */
export function eachBySsh(hosts: BenchHosts, n: number, line: string): Promise<Cost> {
  const loop = `r=0; for h in ${hosts.names(n).join(' ')}; do ${line} & p="$p $!"; done; for i in $p; do wait $i || r=1; done; exit $r`;
  return timed(['bash', '-c', loop]);
}
