import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Installs the packages whose programs are missing, by apt. Needs root, and takes its time the first time. */
export function installPackages(programs: Readonly<Record<string, string>>): void {
  const missing = Object.entries(programs).flatMap(([program, name]) => (existsSync(program) ? [] : [name]));
  if (missing.length === 0) return;
  const apt = (...words: string[]): void => {
    execFileSync('apt-get', words, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  };
  const install = ['install', '-y', '-q', '--no-install-recommends', ...missing];
  try {
    apt(...install);
  } catch {
    apt('update', '-q');
    apt(...install);
  }
}
