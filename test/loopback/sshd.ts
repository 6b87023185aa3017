import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/remote/connection.ts';
import type { Target } from '../../src/remote/types.ts';

export interface SshdOptions {
  /** More lines of sshd_config; the first value of a keyword wins, so these come first. */
  readonly config?: readonly string[];
  /** Its `Match` blocks, which stand at the end. */
  readonly matches?: readonly string[];
  /** Variables of every session. */
  readonly env?: Readonly<Record<string, string>>;
  /** People who exist only for this sshd and what it starts; needs root. The client's key lets them in too. */
  readonly accounts?: readonly Account[];
  /** The address that it listens on; 0.0.0.0 makes every loopback address a host. */
  readonly listen?: string;
  readonly hostKeyType?: 'ed25519' | 'ecdsa' | 'rsa';
}

export interface Account {
  readonly name: string;
  readonly password: string;
  readonly shell?: string;
  /** What sudo lets her do, as /etc/sudoers has it behind the name. */
  readonly sudo?: string;
}

/** An OpenSSH sshd of its own on the loopback, with its own keys, that lets the current user in. */
export interface TestSshd {
  readonly port: number;
  /** Host key, `id` (the client's key), `known_hosts` (which does not exist yet), sshd's log. */
  readonly dir: string;
  readonly pid: number;
  /** A target for it, with its key and a known_hosts file in `dir`. */
  target(changes?: Partial<Target>): Target;
  /** Type and base64 of the host key. */
  hostKey(): string;
  /** Kills the daemon and every session process that it started. */
  stop(): Promise<void>;
}

export function keygen(file: string, type = 'ed25519'): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'test', '-f', file]);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** True once the process is gone; waits for it a while. */
export async function isGone(pid: number): Promise<boolean> {
  for (let turn = 0; turn < 60; turn++) {
    try {
      if (readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) return true;
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

/** What a command prints on a connection of its own. */
export async function says(target: Target, command = 'echo in'): Promise<string> {
  const connection = await connect(target);
  try {
    return (await connection.exec(command)).stdout.toString();
  } finally {
    await connection.close();
  }
}

/** Processes whose parent, directly or further up, is `pid`. */
function descendants(pid: number): number[] {
  const children = (parent: number): number[] => {
    try {
      const text = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
      return text === '' ? [] : text.split(' ').map(Number);
    } catch {
      return [];
    }
  };
  return children(pid).flatMap((child) => [child, ...descendants(child)]);
}

/** Files that stand in for those in /etc, in a mount namespace of sshd's own; returns the command that puts them there. */
function makeAccounts(dir: string, accounts: readonly Account[]): string[] {
  chmodSync(dir, 0o755);
  const lines = { passwd: '', shadow: '', sudoers: 'root ALL=(ALL:ALL) ALL\n' };
  for (const [index, { name, password, shell = '/bin/bash', sudo }] of accounts.entries()) {
    const id = 64_000 + index;
    const home = join(dir, `home-${name}`);
    mkdirSync(home);
    chownSync(home, id, id);
    const hash = execFileSync('perl', ['-e', 'print crypt(<STDIN>, q($6$saltsalt$))'], { input: password }).toString();
    lines.passwd += `${name}:x:${id}:${id}::${home}:${shell}\n`;
    lines.shadow += `${name}:${hash}:19000:0:99999:7:::\n`;
    if (sudo !== undefined) lines.sudoers += `${name} ${sudo}\n`;
  }
  writeFileSync(join(dir, 'passwd'), readFileSync('/etc/passwd', 'utf8') + lines.passwd);
  writeFileSync(join(dir, 'shadow'), readFileSync('/etc/shadow', 'utf8') + lines.shadow, { mode: 0o600 });
  writeFileSync(join(dir, 'sudoers'), lines.sudoers, { mode: 0o440 });
  const names = ['passwd', 'shadow', ...(existsSync('/etc/sudoers') ? ['sudoers'] : [])];
  const mounts = names.map((name) => `mount --bind ${join(dir, name)} /etc/${name}`);
  return ['unshare', '-m', '--propagation', 'private', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh'];
}

export async function startSshd(options: SshdOptions = {}): Promise<TestSshd> {
  const dir = mkdtempSync(join(tmpdir(), 'muster-sshd-'));
  const port = await freePort();
  const user = userInfo().username;
  keygen(join(dir, 'host_key'), options.hostKeyType);
  keygen(join(dir, 'id'));
  writeFileSync(join(dir, 'authorized_keys'), readFileSync(join(dir, 'id.pub')));
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  // A home of its own: what the user's shell does at its start is none of a test's business, and would be killed in it.
  const variables = { ...(options.accounts === undefined && { HOME: dir }), ...options.env };
  const environment = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const around = options.accounts === undefined ? [] : makeAccounts(dir, options.accounts);
  writeFileSync(
    join(dir, 'sshd_config'),
    [
      ...(options.config ?? []),
      ...(environment.length > 0 ? [`SetEnv ${environment.join(' ')}`] : []),
      `Port ${port}`,
      `ListenAddress ${options.listen ?? '127.0.0.1'}`,
      `HostKey ${join(dir, 'host_key')}`,
      `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
      `PidFile ${join(dir, 'pid')}`,
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'StrictModes no',
      'UsePAM no',
      'MaxStartups 100:30:200',
      ...(options.matches ?? []),
      '',
    ].join('\n'),
  );
  const words = [...around, '/usr/sbin/sshd', '-D', '-f', join(dir, 'sshd_config'), '-E', join(dir, 'log')];
  const daemon: ChildProcess = spawn(words[0]!, words.slice(1), { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  const kill = (): void => {
    const all = daemon.pid === undefined || daemon.exitCode !== null ? [] : [daemon.pid, ...descendants(daemon.pid)];
    for (const pid of all) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself in between.
      }
    }
  };
  process.once('exit', kill);
  const deadline = Date.now() + 10_000;
  while (!(await answers(port))) {
    if (daemon.exitCode !== null || Date.now() > deadline) {
      kill();
      throw new Error(`sshd did not start: ${readFileSync(join(dir, 'log'), 'utf8')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    dir,
    pid: daemon.pid!,
    target: (changes = {}) => ({
      name: 'node1',
      address: '127.0.0.1',
      port,
      user,
      identityFiles: [join(dir, 'id')],
      identitiesOnly: true,
      knownHostsFiles: [join(dir, 'known_hosts')],
      hostKeyChecking: 'accept-new',
      connectTimeoutMs: 5000,
      dial: undefined,
      ...changes,
    }),
    hostKey: () => readFileSync(join(dir, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' '),
    stop: async () => {
      process.off('exit', kill);
      kill();
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
