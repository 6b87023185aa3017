import { readFileSync } from 'node:fs';
import type { Configuration } from '../linux-ha/cluster.ts';
import { fencingNotes } from '../linux-ha/fencing-lint.ts';
import type { Cluster } from '../model/cluster.ts';
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

/** What a person should know about the configuration: something of it will wait for one. */
export function configurationWarnings({ cluster }: Pick<Configuration, 'cluster'>): string[] {
  return fencingNotes(cluster.fencing, cluster.resources);
}
