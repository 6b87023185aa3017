/** What the facts about a kernel mean for a cluster: which layer protects an address there, and what a person should mend. Pure. */
import { showDuration } from '../base/duration.ts';
import type { Cluster } from '../model/cluster.ts';
import { addressesOf } from '../model/resource-group.ts';
import type { KernelFacts } from './kernel-probe.ts';

/** The shortest lease that leaves an address a lifetime of a whole second, in milliseconds. */
export const shortestLifetimeLease = 3000;

export type Layer = 'gate' | 'address-lifetime' | 'none';

export interface Protection {
  readonly layer: Layer;
  readonly why: string;
}

/** What the lease gate needs of the kernel, in the order in which its lack is said. */
const gateNeeds = [
  ['ingress', 'netdev ingress chains'],
  ['egress', 'netdev egress chains'],
  ['timeouts', 'sets whose elements time out'],
  ['rawmatch', 'raw payload matches'],
] as const;

/** Which layer keeps a node silent without a lease of this many milliseconds. */
export function protectionOf({ nft, tried }: Pick<KernelFacts, 'nft' | 'tried'>, lease: number): Protection {
  const lacking = gateNeeds.find(([name]) => tried[name]?.ok !== true);
  if (lacking === undefined)
    return { layer: 'gate', why: `netdev ingress and egress, timed sets and nft ${nft} all work` };
  const [name, words] = lacking;
  const without =
    nft === '' ? 'nft is not installed' : `${words} do not work: ${tried[name]?.seen || 'they could not be tried'}`;
  if (tried.lifetime?.ok !== true) return { layer: 'none', why: `${without}; and no address takes a lifetime` };
  if (lease >= shortestLifetimeLease)
    return {
      layer: 'address-lifetime',
      why: `${without}; the lease of ${showDuration(lease)} leaves room for whole seconds`,
    };
  return {
    layer: 'none',
    why: `${without}; a lease of ${showDuration(lease)} is too short for the address lifetime, which counts whole seconds`,
  };
}

export interface Finding {
  readonly level: 'warning' | 'problem';
  readonly what: string;
  readonly hint?: string | undefined;
}

export interface Diagnosis {
  readonly protection: Protection;
  /** Per virtual IP: which layer protects it on this node. */
  readonly addresses: readonly { readonly group: string; readonly address: string; readonly layer: Layer }[];
  readonly findings: readonly Finding[];
}

/** What a node can do for this cluster; a `problem` means that something is unprotected or cannot run. */
export function diagnose(facts: KernelFacts, cluster: Cluster): Diagnosis {
  const protection = protectionOf(facts, cluster.timings.lease);
  const addresses = cluster.groups.flatMap((group) =>
    addressesOf(group).map(({ address }) => ({ group: group.name, address, layer: protection.layer })),
  );
  return {
    protection,
    addresses,
    findings: [
      ...layerFindings(facts, cluster, protection),
      ...programFindings(facts),
      ...arpFindings(facts, cluster),
      ...clockFindings(facts),
    ],
  };
}

const problem = (what: string, hint?: string): Finding => ({ level: 'problem', what, hint });
const warning = (what: string, hint?: string): Finding => ({ level: 'warning', what, hint });

function layerFindings(
  { nft, tried }: KernelFacts,
  { services, timings }: Cluster,
  { layer, why }: Protection,
): Finding[] {
  const mend =
    nft === '' ? 'muster provision installs nftables' : 'a kernel of 5.16 or later with CONFIG_NETFILTER_EGRESS';
  const findings: Finding[] = [];
  if (layer === 'none')
    findings.push(problem(`nothing protects the addresses here`, `${mend}, or a lease of 3 s or more`));
  if (layer === 'address-lifetime')
    findings.push(
      warning(
        `the address lifetime protects, not the gate: ${why}. A process that is frozen may keep an address for up to ` +
          `${showDuration(timings.lease)} after it thaws, and no real server of its own can be on this node`,
        mend,
      ),
    );
  if (layer === 'gate' && tried.owner?.ok === false)
    findings.push(
      warning(
        `no table can belong to musterd alone (${tried.owner.seen}): whoever flushes the ruleset opens this node to frames for its MAC until musterd sees it`,
        'a kernel of 5.12 or later, and nft 0.9.9 or later for this trial',
      ),
    );
  if (layer !== 'gate' && services.length > 0 && tried.ipvs?.ok !== true)
    findings.push(problem('balancing needs nftables or IPVS, and neither works here', mend));
  return findings;
}

function programFindings({ tried, node }: KernelFacts): Finding[] {
  const findings: Finding[] = [];
  if (tried.root?.ok === false) findings.push(problem(`musterd needs root: ${tried.root.seen}`));
  if (tried.namespace?.ok === false)
    findings.push(warning(`the kernel could not be tried: no network namespace can be made (${tried.namespace.seen})`));
  const provision = 'muster provision installs it';
  if (tried.perl?.ok === false) findings.push(problem('perl is missing, which relays raw sockets', provision));
  const [major] = node.split('.').map(Number);
  if (node === '') findings.push(problem('nodejs is missing', provision));
  else if ((major ?? 0) < 18) findings.push(problem(`nodejs ${node} is older than 18`, 'install a newer nodejs'));
  if (tried.realtime?.ok === false)
    findings.push(
      warning(
        `no SCHED_FIFO for musterd (${tried.realtime.seen}): under load it may renew too late and lose a lease`,
        'allow CAP_SYS_NICE, or choose a longer lease',
      ),
    );
  if (tried.icmp?.ok === false) findings.push(warning(`ping nodes cannot be asked: ${tried.icmp.seen}`));
  return findings;
}

/** The devices that the cluster's addresses name; those that musterd would find out by itself are not known here. */
export function namedDevices(cluster: Cluster): string[] {
  const own = cluster.groups.flatMap((group) => addressesOf(group).flatMap((address) => address.interface ?? []));
  return [...new Set([...own, ...cluster.links.map(({ device }) => device)])];
}

function arpFindings({ arp }: KernelFacts, cluster: Cluster): Finding[] {
  return namedDevices(cluster).flatMap((device) => {
    if (arp[device] === undefined) return [];
    const ignore = Math.max(arp.all?.ignore ?? 0, arp[device].ignore);
    const announce = Math.max(arp.all?.announce ?? 0, arp[device].announce);
    if (ignore >= 1 && announce >= 2) return [];
    const what = `net.ipv4.conf.${device}: arp_ignore is ${ignore} (1 or more wanted), arp_announce ${announce} (2 wanted)`;
    return [warning(`${what}: a node with the address on lo answers and asks with it`, 'muster provision sets them')];
  });
}

function clockFindings({ virtual }: KernelFacts): Finding[] {
  if (!['kvm', 'qemu', 'vmware', 'microsoft', 'oracle', 'xen', 'amazon', 'parallels', 'bhyve'].includes(virtual))
    return [];
  return [
    warning(
      `a virtual machine (${virtual}): when it is paused its kernel's timers stand still, and it may answer for the rest of one lease after it resumes`,
    ),
  ];
}
