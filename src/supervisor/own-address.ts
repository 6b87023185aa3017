import { isIPv6 } from 'node:net';
import { Problem } from '../base/problem.ts';
import type { PlacedAddress } from './drivers/address.ts';
import { runProgram } from './drivers/nft.ts';

/** One line of `ip -o addr show`. */
interface OnDevice {
  readonly device: string;
  readonly address: string;
  readonly prefix: number;
  /** Without a lifetime: whatever musterd puts on a network device has one. */
  readonly permanent: boolean;
  /** IPv4 only: another address of the same network is there, and takes this one along when it goes. */
  readonly secondary: boolean;
  readonly global: boolean;
}

function parseLine(line: string): OnDevice[] {
  const [, device, address, prefix, rest] = /^\d+: (\S+)\s+inet6? ([0-9a-f.:]+)\/(\d+)(.*)$/.exec(line) ?? [];
  if (device === undefined || address === undefined || rest === undefined) return [];
  const says = (word: string): boolean => rest.split(/\s+/).includes(word);
  const permanent = rest.includes('valid_lft forever');
  const secondary = says('secondary');
  return [{ device, address, prefix: Number(prefix), permanent, secondary, global: rest.includes('scope global') }];
}

/**
 * Which of the virtual IPs is an address that a node has for itself, out of what `ip -o addr show` says: for good, and the
 * first of its network (IPv4) or the only one of the device (IPv6). What heartbeat or keepalived left is an alias beside
 * it, or has no network of its own.
 */
export function ownAddress(placed: readonly PlacedAddress[], shown: string): PlacedAddress | undefined {
  const all = shown.split('\n').flatMap(parseLine);
  const virtual = new Set(placed.map(({ address }) => address));
  return placed.find(({ address, device }) => {
    const found = all.find((one) => one.address === address && one.device === device);
    if (found === undefined || !found.permanent || found.secondary) return false;
    if (found.prefix === (isIPv6(address) ? 128 : 32)) return false;
    if (!isIPv6(address)) return true;
    const others = all.filter((one) => one.device === device && one.global && one.address.includes(':'));
    return others.every((one) => virtual.has(one.address));
  });
}

/**
 * To be called before anything is changed: musterd takes every virtual IP off its device and lets nobody answer for it, so
 * that a node whose own address were one could not be reached any more. Throws a Problem there.
 */
export async function refuseOwnAddresses(placed: readonly PlacedAddress[]): Promise<void> {
  if (placed.length === 0) return;
  const { stdout, stderr, timedOut } = await runProgram('ip', ['-o', 'addr', 'show'], '', 30_000);
  if (timedOut) {
    throw new Problem(
      'hostFailed',
      `Cannot start musterd as "ip addr show" must say which addresses are here: ${stderr}`,
    );
  }
  const found = ownAddress(placed, stdout);
  if (found === undefined) return;
  const { address, group, device, prefix } = found;
  throw new Problem(
    'badInput',
    `Cannot move ${address} with "${group}" as it must be no node's own address: it is this node's on ${device}`,
    {
      hint: `give haresources another one, or where it is a leftover: ip addr del ${address}/${prefix} dev ${device}`,
    },
  );
}
