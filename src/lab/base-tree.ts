import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { capture, must } from './command.ts';
import { debianSources } from './debian-sources.ts';
import { withLock } from './lock.ts';
import { unmountBelow } from './mounts.ts';
import { osRelease } from './requirements.ts';

// Neither Node nor nftables: a node has to get them from `muster provision`, as a real one would.
const packages = [
  'ca-certificates',
  'dbus',
  'iproute2',
  'iputils-ping',
  'openssh-server',
  'procps',
  'sudo',
  'systemd',
  'systemd-sysv',
];

// What a machine without a console, a battery or a route to the internet need not start.
const masked = [
  'apt-daily-upgrade.timer',
  'apt-daily.timer',
  'console-getty.service',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
  'getty.target',
  'systemd-networkd-wait-online.service',
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
];

const files: Readonly<Record<string, string>> = {
  // A lab's disk is memory: syncing every file that dpkg unpacks protects nothing and costs seconds.
  'etc/dpkg/dpkg.cfg.d/muster-lab': 'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n',
  'etc/apt/apt.conf.d/80muster-lab': 'Acquire::Languages "none";\nAPT::Install-Recommends "false";\n',
  'etc/ssh/sshd_config.d/muster-lab.conf':
    'HostKey /etc/ssh/ssh_host_ed25519_key\nPermitRootLogin prohibit-password\nUseDNS no\n',
  'etc/machine-id': '',
};

/** Where base trees are kept: `$XDG_CACHE_HOME`, `~/.cache` or `/var/cache`, each with `muster/lab-base` below. */
export function baseCache(): string {
  const cache = process.env.XDG_CACHE_HOME || (process.env.HOME ? join(process.env.HOME, '.cache') : '/var/cache');
  return join(cache, 'muster', 'lab-base');
}

async function hostSources(codename: string): Promise<string[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch((): string[] => []);
  const paths = [
    '/etc/apt/sources.list',
    ...names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(folder, name)),
  ];
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')));
  const sources = debianSources(texts, codename);
  if (sources.length === 0) {
    throw new Problem(
      'hostFailed',
      `Cannot build the lab's base tree as /etc/apt must name Debian's own sources for ${codename}: none found`,
    );
  }
  return sources;
}

/** A build that was killed may have left `/dev` or `/proc` mounted in its tree. */
async function removeTree(folder: string): Promise<void> {
  await unmountBelow(folder);
  await rm(folder, { recursive: true, force: true });
}

interface Recipe {
  readonly codename: string;
  readonly arch: string;
  readonly sources: readonly string[];
  readonly packages: readonly string[];
  readonly masked: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}

async function build(
  target: string,
  { codename, sources, packages, masked, files }: Recipe,
  signal?: AbortSignal,
): Promise<void> {
  const aside = `${target}.building`;
  await removeTree(aside);
  const list = `${target}.list`;
  await writeFile(list, `${sources.join('\n')}\n`);
  try {
    // The package lists stay, as in an image that somebody installs from: a node's first `apt-get update` is short.
    await must(
      [
        'mmdebstrap',
        '--quiet',
        '--variant=minbase',
        `--include=${packages.join(',')}`,
        '--dpkgopt=force-unsafe-io',
        '--dpkgopt=path-exclude=/usr/share/doc/*',
        '--dpkgopt=path-exclude=/usr/share/man/*',
        '--aptopt=Acquire::Languages "none"',
        '--skip=cleanup/apt/lists',
        codename,
        aside,
        list,
      ],
      { signal },
    );
    for (const [path, text] of Object.entries(files)) await writeFile(join(aside, path), text);
    for (const unit of masked) await symlink('/dev/null', join(aside, 'etc/systemd/system', unit));
    await must(['systemctl', `--root=${aside}`, '--quiet', 'enable', 'systemd-networkd.service', 'ssh.service'], {
      signal,
    });
    const keys = await readdir(join(aside, 'etc/ssh'));
    for (const key of keys.filter((name) => name.startsWith('ssh_host_'))) await rm(join(aside, 'etc/ssh', key));
    await capture(['chroot', aside, 'apt-cache', 'gencaches'], { signal });
    await rename(aside, target);
  } finally {
    await removeTree(aside);
    await rm(list, { force: true });
  }
}

/**
 * The path of the base tree that fits this machine's release and sources, built now where the cache has none; with
 * `packages` beside those that every one has. The name in the cache is a digest of everything that goes into the tree, so
 * that a change builds a new one.
 */
export async function ensureBaseTree(
  options: {
    packages?: readonly string[] | undefined;
    onProgress?: ((line: string) => void) | undefined;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<string> {
  const { codename } = osRelease();
  const sources = await hostSources(codename);
  const more = [...(options.packages ?? [])].sort();
  const recipe: Recipe = { codename, arch: process.arch, sources, packages: [...packages, ...more], masked, files };
  const digest = createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
  const target = join(baseCache(), digest.slice(0, 16));
  const isThere = (): Promise<boolean> =>
    stat(target).then(
      () => true,
      () => false,
    );
  if (await isThere()) return target;
  const onWait = (): void => options.onProgress?.('waiting for another lab that builds the base tree');
  await withLock(
    `${target}.lock`,
    async () => {
      if (await isThere()) return;
      const having = more.length === 0 ? 'the base tree' : `a base tree with ${more.join(', ')}`;
      options.onProgress?.(`building ${having} (Debian ${codename}, once, about half a minute)`);
      await build(target, recipe, options.signal);
    },
    { onWait, signal: options.signal },
  );
  return target;
}

/** The cached base trees with their sizes in bytes, as `muster lab cache` shows them. */
export async function listCache(): Promise<{ path: string; bytes: number }[]> {
  const names = await readdir(baseCache()).catch((): string[] => []);
  const trees = names.filter((name) => /^[0-9a-f]{16}$/.test(name)).map((name) => join(baseCache(), name));
  return Promise.all(
    trees.map(async (path) => ({ path, bytes: Number((await must(['du', '-sb', path])).split('\t')[0]) })),
  );
}

/** Removes every cached base tree; refused while a mounted lab stands on one. */
export async function dropCache(): Promise<string[]> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  if (mounts.includes(`lowerdir=${baseCache()}/`)) {
    throw new Problem('usage', `Cannot drop cache "${baseCache()}" as no lab may stand on it: one is up`, {
      hint: 'muster lab down',
    });
  }
  const trees = (await listCache()).map(({ path }) => path);
  await rm(baseCache(), { recursive: true, force: true });
  return trees;
}
