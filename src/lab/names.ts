import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Problem } from '../base/problem.ts';
import type { LabPaths } from './types.ts';

/** All labs live below this directory. */
export const labsRoot = '/run/muster/lab';

/** Nodes are `.11` and up, so that clients (`.1`) and virtual addresses (`.100` and up) never collide with them. */
export const maxNodes = 80;
export const clientAddress = '10.77.0.1';
export const clientAddress6 = 'fd77::1';
export const sampleVip = '10.77.0.100';

// Sockets live below the lab's directory and a Unix socket's path has at most 107 bytes, so names stay short.
const labName = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;

/** `<folder>-<6 digits>` from the path of a clone: two clones on one machine get two labs. */
export function labNameOf(clone: string): string {
  const folder = basename(clone)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 24)
    .replace(/-+$/, '');
  const digest = createHash('sha256').update(clone).digest('hex').slice(0, 6);
  return folder === '' ? `lab-${digest}` : `${folder}-${digest}`;
}

function cloneOfThisProgram(): string {
  const start = dirname(realpathSync(fileURLToPath(import.meta.url)));
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    // dist/ has a package.json of its own.
    if (existsSync(join(folder, 'package-lock.json'))) return folder;
  }
  return start;
}

/** The given name, else `MUSTER_LAB`, else a name from the clone's path. Throws Problem('usage') on a bad one. */
export function resolveLabName(given?: string): string {
  const name = given ?? process.env.MUSTER_LAB ?? labNameOf(cloneOfThisProgram());
  if (labName.test(name)) return name;
  throw new Problem(
    'usage',
    `Cannot use lab name "${name}" as it must be 1 to 40 lower-case letters, digits and inner hyphens: it is not`,
  );
}

/** A device that all machines of a lab share, as a quorum disk: where it is in each of them, and on the host. */
export const sharedDisk = '/srv/shared-disk';
export const sharedDiskSize = 1_048_576;

export function sharedDiskFile({ stateDir }: LabPaths): string {
  return join(stateDir, 'shared-disk');
}

/** A block device that all machines share (volume.ts), in a lab that was made with one: where it is in each of them. */
export const sharedVolume = '/srv/shared-volume';

export function volumeFile({ stateDir }: LabPaths): string {
  return join(stateDir, 'volume');
}

/** Where the lab of that name is, whether it is up or not. */
export function labPaths(name: string): LabPaths {
  const stateDir = join(labsRoot, name);
  return {
    name,
    stateDir,
    switchNamespace: join(stateDir, 'net', 'switch'),
    clientNamespace: join(stateDir, 'net', 'client'),
  };
}

/** The files of one node in the lab's directory. */
export function nodePaths(paths: LabPaths, node: string) {
  const directory = join(paths.stateDir, 'nodes', node);
  return {
    directory,
    /** A file system of fixed size: the node's own part of the overlay. */
    disk: join(directory, 'disk'),
    root: join(directory, 'root'),
    /** Its own name of the file of the shared volume. */
    volume: join(directory, 'volume'),
    console: join(directory, 'console.log'),
    namespace: join(paths.stateDir, 'net', node),
    sshSocket: join(paths.stateDir, 'ssh', `${node}.sock`),
  };
}

/** The switch's port of a node in the lab's first network, or in a further one. */
export const portOf = (node: string, network = 1): string => (network === 1 ? node : `${node}.${network}`);

/** A node's interface in the lab's second network, which carries nothing but heartbeats: no client is there. */
export function secondLink(host: { address: string; address6: string; mac: string }) {
  return {
    address: host.address.replace('10.77.', '10.78.'),
    address6: host.address6.replace('fd77:', 'fd78:'),
    mac: host.mac.replace('0a:4d', '0a:4e'),
  };
}

/** Names and addresses of the `count` nodes of a lab, in order. */
export function labHosts(count: number): { name: string; address: string; address6: string; mac: string }[] {
  return Array.from({ length: count }, (_, index) => {
    const host = 11 + index;
    return {
      name: `node${index + 1}`,
      address: `10.77.0.${host}`,
      address6: `fd77::${host}`,
      mac: `02:00:0a:4d:00:${host.toString(16).padStart(2, '0')}`,
    };
  });
}
