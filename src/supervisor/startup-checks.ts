import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from '../linux-ha/cluster.ts';
import { fencingNotes } from '../linux-ha/fencing-lint.ts';
import type { Cluster } from '../model/cluster.ts';
import { type Fencing, secretsOf } from '../model/fencing.ts';
import type { PlacedAddress } from './drivers/address.ts';
import type { Guard } from './guard.ts';

/** A kernel setting that a real server's VIP on `lo` needs, and why. */
const arpSettings = [
  {
    name: 'arp_ignore',
    least: 1,
    why: 'every node would answer ARP for the addresses on lo (the gate drops the answers)',
  },
  {
    name: 'arp_announce',
    least: 2,
    why: 'a real server would ask for its clients with the virtual IP, which the gate drops',
  },
];

function setting(device: string, name: string): number {
  try {
    return Number(readFileSync(`/proc/sys/net/ipv4/conf/${device}/${name}`, 'utf8'));
  } catch {
    return 0;
  }
}

/** What a person should know about the kernel's settings; the kernel takes the larger of `all` and the device's own. */
export function arpWarnings(placed: readonly PlacedAddress[], read: typeof setting = setting): string[] {
  const devices = [...new Set(placed.filter(({ address }) => !address.includes(':')).map(({ device }) => device))];
  return devices.flatMap((device) =>
    arpSettings.flatMap(({ name, least, why }) => {
      const value = Math.max(read('all', name), read(device, name));
      return value >= least ? [] : [`net.ipv4.conf.${device}.${name} is ${value}, less than ${least}: ${why}`];
    }),
  );
}

/** What does not work, or works less well, behind a guard that is not the gate. */
export function guardNotes({ protection, why }: Pick<Guard, 'protection' | 'why'>, { services }: Cluster): string[] {
  if (protection === 'gate') return [];
  const notes = [`the addresses are protected by their lifetime, in whole seconds, not by the kernel's gate: ${why}`];
  if (services.length > 0) notes.push('nothing is balanced: that needs nftables or IPVS');
  return notes;
}

/** What a person should know about the configuration: what will wait for one, and what others may read. */
export function configurationWarnings(
  { cluster }: Pick<Configuration, 'cluster'>,
  directory: string,
  modeOf: (path: string) => number = permissions,
): string[] {
  return [...fencingNotes(cluster.fencing, cluster.resources), ...openSecrets(cluster.fencing, directory, modeOf)];
}

/** heartbeat's files of old were readable for all, whatever `stonith_host` had in it. */
function openSecrets(fencing: Cluster['fencing'], directory: string, modeOf: (path: string) => number): string[] {
  if (fencing === undefined) return [];
  const has = (part: Partial<Fencing>): boolean =>
    secretsOf({ ...fencing, lines: [], devices: [], ...part }).length > 0;
  const files = [
    ...(has({ lines: fencing.lines }) ? ['ha.cf'] : []),
    ...(has({ devices: fencing.devices }) ? ['muster.yml'] : []),
  ];
  return files.flatMap((name) => {
    const path = join(directory, name);
    return (modeOf(path) & 0o077) === 0 ? [] : [`others may read the passwords of fencing devices: chmod 600 ${path}`];
  });
}

/** 0 where there is no such file. */
function permissions(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
}
