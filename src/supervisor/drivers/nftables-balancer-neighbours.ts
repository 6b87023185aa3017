import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { IpAddress, MacAddress } from '../../model/names.ts';

/** The MACs of hosts that are no nodes of ours, by address, as the kernel has learned them on one device. */
export type Neighbours = ReadonlyMap<IpAddress, MacAddress>;

/** Complete entries of `/proc/net/arp` (proc(5)): the flag ATF_COM (2) is set, also while they are stale. */
export function parseArpTable(text: string, device: string): Neighbours {
  const found = new Map<IpAddress, MacAddress>();
  for (const line of text.split('\n').slice(1)) {
    const [address, , flags, mac, , on] = line.split(/\s+/);
    if (address === undefined || mac === undefined || on !== device) continue;
    if ((Number(flags) & 2) !== 0) found.set(address, mac.toLowerCase());
  }
  return found;
}

/** What `ip -6 -json neigh show dev DEVICE` prints. */
export function parseNeighbours(json: string): Neighbours {
  const entries = JSON.parse(json === '' ? '[]' : json) as { dst?: string; lladdr?: string; state?: string[] }[];
  const found = new Map<IpAddress, MacAddress>();
  for (const { dst, lladdr, state } of entries) {
    if (dst !== undefined && lladdr !== undefined && state?.includes('FAILED') !== true)
      found.set(dst, lladdr.toLowerCase());
  }
  return found;
}

/**
 * Reads the kernel's table. Nothing is asked on the wire: the checks talk to every real server each interval, and that
 * keeps its entry fresh. IPv6 costs a process, so it is read only where `ipv6` is wanted.
 */
export async function readNeighbours(device: string, ipv6: boolean): Promise<Neighbours> {
  const ipv4 = parseArpTable(await readFile('/proc/net/arp', 'utf8').catch(() => ''), device);
  if (!ipv6) return ipv4;
  const json = await new Promise<string>((resolve) =>
    execFile('ip', ['-6', '-json', 'neigh', 'show', 'dev', device], (error, stdout) =>
      resolve(error === null ? stdout : ''),
    ),
  );
  return new Map([...ipv4, ...parseNeighbours(json)]);
}
