/** Many hosts out of one OpenSSH: an sshd on a port of all loopback addresses, each address a host. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { startSshd, type TestSshd } from '../../loopback/sshd.ts';

export interface BenchHosts {
  readonly sshd: TestSshd;
  readonly folder: string;
  /** ssh_config for everybody: port, key, known host keys; the default algorithms. */
  readonly config: string;
  /** The same with the key exchange and the cipher that Muster prefers: what OpenSSH needs when it is not asked for more. */
  readonly cheapConfig: string;
  /** The same as `config` with control masters that stay for the bench. */
  readonly masterConfig: string;
  /** Muster's inventory of the first n hosts, and a file with a name a line for the others. */
  inventory(n: number): string;
  list(n: number): string;
  names(n: number): string[];
  /** ClusterShell's and pdsh's notation. */
  fold(n: number): string;
}

const perRow = 250;

function addresses(n: number): string[] {
  return Array.from({ length: n }, (_, index) => `127.1.${Math.floor(index / perRow)}.${(index % perRow) + 1}`);
}

/** `maxStartups`: as in sshd_config; Debian's default drops logins where more than ten are under way. */
export async function startHosts(maxStartups: string): Promise<BenchHosts> {
  const config = [`MaxStartups ${maxStartups}`, 'MaxSessions 10', 'PrintMotd no'];
  // The bench has a network namespace of its own, so this is nobody else's loopback.
  const sshd = await startSshd({ listen: '0.0.0.0', config });
  const folder = sshd.dir;
  writeFileSync(join(folder, 'known_hosts'), `* ${sshd.hostKey()}\n`);
  const settings = (more: readonly string[]): string =>
    [
      'Host *',
      `Port ${sshd.port}`,
      `User ${userInfo().username}`,
      `IdentityFile ${join(folder, 'id')}`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${join(folder, 'known_hosts')}`,
      'GlobalKnownHostsFile none',
      'StrictHostKeyChecking yes',
      ...more,
      '',
    ].join('\n  ');
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  mkdirSync(join(folder, 'masters'));
  const masters = ['ControlMaster auto', `ControlPath ${join(folder, 'masters')}/%h`, 'ControlPersist 600'];
  const cheap = ['KexAlgorithms curve25519-sha256', 'Ciphers aes128-gcm@openssh.com'];
  return {
    sshd,
    folder,
    config: write('config', settings([])),
    cheapConfig: write('config-cheap', settings(cheap)),
    masterConfig: write('config-masters', settings(masters)),
    inventory: (n) =>
      write(
        `inventory-${n}.yml`,
        `hosts:\n${addresses(n)
          .map((name) => `  ${name}: {}\n`)
          .join('')}`,
      ),
    list: (n) =>
      write(
        `hosts-${n}`,
        addresses(n)
          .map((name) => `${name}\n`)
          .join(''),
      ),
    names: addresses,
    fold: (n) => {
      const rows = Math.ceil(n / perRow);
      const row = (index: number): string => `127.1.${index}.[1-${Math.min(perRow, n - index * perRow)}]`;
      return Array.from({ length: rows }, (_, index) => row(index)).join(',');
    },
  };
}

/** Memory and processes of the daemon are nobody's but the bench's. */
export function sshdLog(hosts: BenchHosts): string {
  return readFileSync(join(hosts.folder, 'log'), 'utf8');
}
