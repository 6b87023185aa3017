import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian packages unpacked into one folder beside the temporary files, once: nothing of them has to be installed. */
export function unpacked(name: string, packages: readonly string[]): string {
  const kept = join(tmpdir(), `muster-test-${name}`);
  if (existsSync(kept)) return kept;
  const fresh = `${kept}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  const options = { cwd: fresh, stdio: ['ignore', 'ignore', 'pipe'] as const };
  const download = ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...packages];
  try {
    execFileSync('apt-get', download, options as never);
  } catch {
    execFileSync('apt-get', ['update', '-q'], options as never);
    execFileSync('apt-get', download, options as never);
  }
  for (const file of readdirSync(fresh))
    if (file.endsWith('.deb')) execFileSync('dpkg-deb', ['-x', file, fresh], options as never);
  renameSync(fresh, kept);
  return kept;
}
