import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { must } from './command.ts';

/** Each program that the lab calls, and the Debian package that brings it. */
export const labTools: Readonly<Record<string, string>> = {
  'systemd-nspawn': 'systemd-container',
  mmdebstrap: 'mmdebstrap',
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  mount: 'mount',
  losetup: 'mount',
  perl: 'perl-base',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
};

function onPath(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

/** The packages that are missing here, sorted, without repetition. */
export function missingPackages(has: (program: string) => boolean = onPath): string[] {
  const missing = Object.entries(labTools).flatMap(([program, itsPackage]) => (has(program) ? [] : [itsPackage]));
  return [...new Set(missing)].sort();
}

/** `ID` and `VERSION_CODENAME` of os-release(5); empty where there is none. */
export function osRelease(): { id: string; codename: string } {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const field = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)`, 'm').exec(text)?.[1] ?? '';
  return { id: field('ID'), codename: field('VERSION_CODENAME') };
}

/** What looks at a lab or takes it down needs root, too: without it a lab that is up would look like none. */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new Problem('usage', `Cannot use the lab as its user must be root: this is user id ${process.getuid?.()}`);
}

/**
 * Makes sure that the lab can run here: root, Debian, its tools (installed through apt where they are missing, and
 * said through `onProgress`). Throws a Problem that says exactly what is missing.
 */
export async function ensureRequirements(
  options: { onProgress?: ((line: string) => void) | undefined; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const missing = missingPackages();
  const lacks: string[] = [];
  if (process.platform !== 'linux' || osRelease().id !== 'debian') {
    lacks.push(`this is not Debian (it calls itself "${osRelease().id || process.platform}")`);
  }
  if (process.getuid?.() !== 0) lacks.push('this user is not root');
  if (lacks.length > 0) {
    const packages = missing.length === 0 ? '' : `; packages missing: ${missing.join(', ')}`;
    throw new Problem('usage', `Cannot run the lab as it needs root on Debian: ${lacks.join(' and ')}${packages}`, {
      hint: 'everything else of muster (inventory, provision over ssh, shell, explain) runs without the lab',
    });
  }
  if (missing.length === 0) return;
  options.onProgress?.(`installing ${missing.join(', ')} with apt-get`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...missing];
  await must(['apt-get', 'update', '-q'], { env, signal: options.signal });
  await must(install, { env, signal: options.signal });
  const still = missingPackages();
  if (still.length > 0) {
    throw new Problem(
      'hostFailed',
      `Cannot run the lab as ${still.join(', ')} must be installed: apt-get did not bring it`,
    );
  }
}
