import { randomBytes } from 'node:crypto';
import { chmod, mkdir, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { capture, must, mustShell } from './command.ts';
import type { LabKeys } from './keys.ts';
import { labHosts, nodePaths, secondLink } from './names.ts';
import type { LabPaths } from './types.ts';

/** Megabytes that a node may write beside its base tree: enough for packages and logs, small enough to fill in a test. */
export const diskMegabytes = 1536;

interface FileToWrite {
  readonly path: string;
  readonly text: string;
  readonly mode?: number;
}

const networkFile = (device: string, { address, address6 }: { address: string; address6: string }): string => `[Match]
Name=${device}
[Network]
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
IPv6DuplicateAddressDetection=0
LLMNR=no
IgnoreCarrierLoss=yes
ConfigureWithoutCarrier=yes
KeepConfiguration=yes
[Address]
Address=${address}/24
[Address]
Address=${address6}/64
DuplicateAddressDetection=none
`;

interface Lab {
  readonly count: number;
  readonly links: number;
  readonly keys: LabKeys;
}

/** What makes a base tree this node: its name, its address, its host key, and whom it lets in. */
function identity(host: ReturnType<typeof labHosts>[number], { count, links, keys }: Lab): FileToWrite[] {
  const hosts = labHosts(count).flatMap(({ name, address, address6 }) => [`${address} ${name}`, `${address6} ${name}`]);
  const key = keys.hosts[host.name]!;
  return [
    { path: 'etc/hostname', text: `${host.name}\n` },
    { path: 'etc/hosts', text: `127.0.0.1 localhost\n::1 localhost\n${hosts.join('\n')}\n` },
    { path: 'etc/machine-id', text: `${randomBytes(16).toString('hex')}\n` },
    { path: 'etc/ssh/ssh_host_ed25519_key', text: key.privateKey, mode: 0o600 },
    { path: 'etc/ssh/ssh_host_ed25519_key.pub', text: key.publicKey },
    { path: 'root/.ssh/authorized_keys', text: keys.client.publicKey, mode: 0o600 },
    // Addresses that others put on the interface (a VIP) survive a pulled cable, as with Debian's ifupdown.
    { path: 'etc/systemd/network/10-lab.network', text: networkFile('eth0', host) },
    ...(links > 1 ? [{ path: 'etc/systemd/network/20-lab.network', text: networkFile('eth1', secondLink(host)) }] : []),
  ];
}

/**
 * Mounts the node's root: the base tree below, and above it a file system of fixed size in memory that lives until the
 * lab goes down, so that a node that loses its power keeps its disk.
 */
export async function createDisk(
  paths: LabPaths,
  host: ReturnType<typeof labHosts>[number],
  { base, ...lab }: Lab & { base: string },
): Promise<void> {
  const { disk, root } = nodePaths(paths, host.name);
  await mustShell(
    `mkdir -p "$1" "$2"
     mount -t tmpfs -o "size=$3m,mode=0755" "muster-lab" "$1"
     mkdir "$1/upper" "$1/work"`,
    [disk, root, String(diskMegabytes)],
  );
  const upper = join(disk, 'upper');
  for (const { path, text, mode = 0o644 } of identity(host, lab)) {
    await mkdir(dirname(join(upper, path)), { recursive: true, mode: 0o755 });
    await writeFile(join(upper, path), text, { mode });
  }
  // A folder of the upper layer shows its own mode, not that of the base tree's.
  await chmod(join(upper, 'root'), 0o700);
  await chmod(join(upper, 'root/.ssh'), 0o700);
  await mustShell('mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" muster-lab "$3"', [
    base,
    disk,
    root,
  ]);
}

/**
 * Leaves the node not one free page on its disk, by making the disk as small as what lies on it: that costs this
 * machine no memory. Throws where the node writes faster than that.
 */
export async function fillDisk(paths: LabPaths, node: string): Promise<void> {
  const { disk } = nodePaths(paths, node);
  for (let tries = 0; tries < 20; tries++) {
    const { blocks, bfree, bsize } = await statfs(disk);
    // Fails where more was written meanwhile.
    await capture(['mount', '-o', `remount,size=${(blocks - bfree) * bsize}`, disk]);
    if (await isDiskFull(paths, node)) return;
  }
  throw new Problem('hostFailed', `Cannot fill the disk of "${node}" as it must be full: it was not after 20 tries`);
}

/** Gives the disk its size again. */
export async function freeDisk(paths: LabPaths, node: string): Promise<void> {
  await must(['mount', '-o', `remount,size=${diskMegabytes}m`, nodePaths(paths, node).disk]);
}

/** Whether `fillDisk` made it small; what the node removes itself since then is free for a while. */
export async function isDiskFull(paths: LabPaths, node: string): Promise<boolean> {
  const { blocks, bsize } = await statfs(nodePaths(paths, node).disk);
  return blocks * bsize < diskMegabytes * 1024 * 1024;
}
