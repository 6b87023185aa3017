import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Ip, networkContains, parseIp, parseNetwork } from '../base/ip.ts';
import { Problem } from '../base/problem.ts';
import type { Cluster } from '../model/cluster.ts';
import { addressesOf } from '../model/resource-group.ts';
import type { PlacedAddress } from './drivers/address.ts';

/** A network that this machine is in: `10.77.0.11/24` on `eth0`. */
export interface LocalNetwork {
  readonly device: string;
  readonly cidr: string;
}

/**
 * The networks that this machine is in now. Only for the start: it waits while others have the kernel's lock of links
 * (see own-addresses.ts).
 */
export function localNetworks(): LocalNetwork[] {
  return Object.entries(networkInterfaces()).flatMap(([device, list]) =>
    (list ?? []).flatMap(({ cidr, internal }) => (internal || cidr === null ? [] : [{ device, cidr }])),
  );
}

function contains({ cidr }: LocalNetwork, ip: Ip): boolean {
  const network = parseNetwork(cidr);
  return network !== undefined && network.version === ip.version && networkContains(network, ip);
}

/**
 * Where each virtual IP goes: on the device and with the prefix that haresources says, else on the device that is in
 * its network. Throws a Problem where there is none.
 */
export function placeAddresses(cluster: Cluster, networks: readonly LocalNetwork[]): PlacedAddress[] {
  const whole = (address: string): number => (isIPv6(address) ? 128 : 32);
  const lengthOf = ({ cidr }: LocalNetwork): number => Number(cidr.split('/')[1]);
  return cluster.groups.flatMap((group) =>
    addressesOf(group).map(({ address, prefix, interface: device }) => {
      const ip = parseIp(address);
      // A leftover of the address itself, as a network of one, says nothing about where it belongs.
      const home = networks.find(
        (network) => ip !== undefined && contains(network, ip) && lengthOf(network) < whole(address),
      );
      const on = device ?? home?.device;
      if (on === undefined) {
        throw new Problem('badInput', `Cannot hold "${address}" as a device must be in its network: none is`, {
          hint: `name one in haresources: IPaddr2::${address}/24/eth0`,
        });
      }
      const length = prefix ?? (home?.device === on ? lengthOf(home) : whole(address));
      return { group: group.name, address, device: on, prefix: length };
    }),
  );
}
