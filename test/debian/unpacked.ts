import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder of a package of Debian's, unpacked beside the temporary files and kept for the next run: no service is enabled
 * and nothing is configured because of a test.
 */
export function unpackedPackage(name: string): string {
  const kept = join(tmpdir(), `muster-test-${name}`);
  if (existsSync(kept)) return kept;
  const fresh = `${kept}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  const run = (command: string, ...args: string[]): void =>
    void execFileSync(command, args, { cwd: fresh, stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    // Without privileges of its own apt complains of a directory that it may not enter.
    const download = ['-q', '-o', 'APT::Sandbox::User=root', 'download', name];
    try {
      run('apt-get', ...download);
    } catch {
      run('apt-get', 'update', '-q');
      run('apt-get', ...download);
    }
    const archive = readdirSync(fresh).find((file) => file.endsWith('.deb'))!;
    run('dpkg-deb', '-x', archive, fresh);
    rmSync(join(fresh, archive));
    if (!existsSync(kept)) renameSync(fresh, kept);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return kept;
}
