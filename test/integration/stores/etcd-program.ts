import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian's etcd: the installed one, or unpacked beside the temporary files, so that no service is enabled because of a test. */
export function etcdProgram(): string {
  if (existsSync('/usr/bin/etcd')) return '/usr/bin/etcd';
  const kept = join(tmpdir(), 'muster-test-etcd');
  const program = join(kept, 'usr/bin/etcd');
  if (existsSync(program)) return program;
  const fresh = `${kept}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  const run = (command: string, ...args: string[]): void =>
    void execFileSync(command, args, { cwd: fresh, stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    // Without privileges of its own apt complains of a directory that it may not enter.
    const download = ['-q', '-o', 'APT::Sandbox::User=root', 'download', 'etcd-server'];
    try {
      run('apt-get', ...download);
    } catch {
      run('apt-get', 'update', '-q');
      run('apt-get', ...download);
    }
    const archive = readdirSync(fresh).find((file) => file.endsWith('.deb'))!;
    run('dpkg-deb', '-x', archive, fresh);
    if (!existsSync(kept)) renameSync(fresh, kept);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return program;
}
