/** What of a cluster is drilled: one VIP, and the service on it. Pure. */
import { parseIp } from '../base/ip.ts';
import { Problem } from '../base/problem.ts';
import type { Cluster } from '../model/cluster.ts';
import type { GroupName, IpAddress } from '../model/names.ts';
import { addressesOf } from '../model/resource-group.ts';

export interface DrillTarget {
  readonly group: GroupName;
  readonly address: IpAddress;
  /** The group's first IPv6 address, which has to behave as the other; undefined where it has none. */
  readonly address6?: IpAddress | undefined;
  /** A UDP port that no virtual service balances. */
  readonly echoPort: number;
  readonly http: { readonly address: IpAddress; readonly port: number; readonly path: string } | undefined;
}

const firstEchoPort = 7694;

/** The first IPv4 address of the named group (or of the first that has one), with the first TCP service on it. */
export function drillTarget(cluster: Cluster, wanted: GroupName | undefined): DrillTarget {
  const groups = cluster.groups.filter((group) => wanted === undefined || group.name === wanted);
  for (const group of groups) {
    const [address, address6] = ([4, 6] as const).map(
      (version) => addressesOf(group).find((resource) => parseIp(resource.address)?.version === version)?.address,
    );
    if (address === undefined) continue;
    const here = cluster.services.filter((service) => service.address === address);
    const tcp = here.find((service) => service.protocol === 'tcp');
    const taken = new Set(here.filter((service) => service.protocol === 'udp').map((service) => service.port));
    let echoPort = firstEchoPort;
    while (taken.has(echoPort)) echoPort += 1;
    const http = tcp === undefined ? undefined : { address, port: tcp.port, path: '/' };
    return { group: group.name, address, address6, echoPort, http };
  }
  const known = cluster.groups.map((group) => group.name).join(', ');
  if (wanted !== undefined && groups.length === 0) {
    throw new Problem('usage', `Cannot drill group "${wanted}" as the cluster must have it: it has ${known}`);
  }
  throw new Problem(
    'drillRefused',
    `Cannot drill cluster "${cluster.name}" as a group must have an IPv4 address: none has`,
  );
}
