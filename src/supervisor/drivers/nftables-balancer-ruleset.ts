import { type FlowKey, hashSeed } from '../../core/balancing.ts';
import type { IpAddress, MacAddress } from '../../model/names.ts';
import type { Protocol } from '../../model/virtual-service.ts';

/** The table and the chain that the lease gate renders and jumps to; this driver only fills the chain. */
export const table = 'netdev muster';
export const balanceChain = 'balance';

/** Where frames for a real server go: up to this host's own stack, or on to another MAC. */
export interface ForwardTarget {
  readonly address: IpAddress;
  /** undefined: it is this host. */
  readonly mac: MacAddress | undefined;
}

export interface ForwardedService {
  readonly address: IpAddress;
  readonly port: number;
  readonly protocol: Protocol;
  readonly flowKey: FlowKey;
  readonly seed: number;
  readonly targets: readonly ForwardTarget[];
  /** Indices into `targets`; empty: nothing is forwarded, frames are delivered locally. */
  readonly slots: readonly number[];
  /** Who keeps the TCP connections that it has: all that are alive, also those without a slot (they drain). */
  readonly keepers: readonly ForwardTarget[];
}

export interface Forwarding {
  readonly device: string;
  readonly mac: MacAddress;
  readonly services: readonly ForwardedService[];
}

/** The chain of a real server: `to-10.77.0.22`, `to-fd00__22` (a colon is no character of a name in nft). */
export function targetChain(address: IpAddress): string {
  return `to-${address.replaceAll(':', '_')}`;
}

/** The address that a chain stands for, or undefined where it is no chain of ours. */
export function addressOfChain(chain: string): IpAddress | undefined {
  return chain.startsWith('to-') ? chain.slice(3).replaceAll('_', ':') : undefined;
}

/**
 * One transaction for `nft -f -` that makes the kernel's forwarding what `forwarding` says, whatever was in the chains
 * before; `present` are the chains of real servers that exist now, so that those nobody needs any more are deleted.
 *
 * Direct routing in netdev ingress: only the two MAC addresses of a frame change. `fwd` sends it out of the device
 * without a look at routes, so that the answer of the real server goes to the client by itself.
 *
 * A new TCP connection goes where the hash says, and its later frames are remembered in the map `flows4`: so it stays
 * where it is when the slots move (a server came back, a weight changed). This map is this director's own; another one
 * that takes over has the hash, which is the same for all connections that are younger than the last move. A map that
 * is full learns nothing more, and the hash alone decides. A SYN forgets: client ports are used again. IPv6 has the hash
 * alone: nft 1.0.6 aborts on an `update` of a map whose key is longer than 16 bytes.
 *
 * Not balanced, but delivered to this host: later fragments of a datagram, which carry no ports, and ICMP errors about
 * a real server's packets (a real server behind a path of smaller MTU finds that out with tcp_mtu_probing).
 */
export function renderForwarding(forwarding: Forwarding, present: readonly string[]): string {
  const targets = new Map<string, ForwardTarget>();
  for (const service of forwarding.services)
    for (const target of [...service.targets, ...service.keepers]) targets.set(targetChain(target.address), target);
  const lines = [`add map ${table} ${flows}`, `flush chain ${table} ${balanceChain}`];
  for (const [chain, target] of targets) {
    lines.push(`add chain ${table} ${chain}`, `flush chain ${table} ${chain}`);
    if (!isIpv6(target.address)) lines.push(`add rule ${table} ${chain} ${learning(target.address)}`);
    lines.push(`add rule ${table} ${chain} meta mark set 0 counter ${forwardStatement(forwarding, target)}`);
  }
  for (const service of forwarding.services) {
    if (service.slots.length === 0) continue;
    const remembers = service.protocol === 'tcp' && !isIpv6(service.address) && service.keepers.length > 0;
    const rules = [...(remembers ? rememberedRules(service) : []), slotRule(service)];
    for (const rule of rules) lines.push(`add rule ${table} ${balanceChain} ${matchOf(service)} ${rule}`);
  }
  for (const chain of present) {
    if (!targets.has(chain)) lines.push(`flush chain ${table} ${chain}`, `delete chain ${table} ${chain}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The chains that `renderForwarding` leaves behind. */
export function chainsOf(forwarding: Forwarding): readonly string[] {
  const targets = forwarding.services.flatMap(({ targets, keepers }) => [...targets, ...keepers]);
  return [...new Set(targets.map(({ address }) => targetChain(address)))];
}

const flow = 'ip saddr . tcp sport . ip daddr . tcp dport';
const flows =
  'flows4 { type ipv4_addr . inet_service . ipv4_addr . inet_service : mark; size 131072; flags dynamic,timeout; timeout 5m; }';

const isIpv6 = (address: IpAddress): boolean => address.includes(':');
const familyOf = (address: IpAddress): 'ip' | 'ip6' => (isIpv6(address) ? 'ip6' : 'ip');

const matchOf = ({ address, protocol, port }: ForwardedService): string =>
  `${familyOf(address)} daddr ${address} ${protocol} dport ${port}`;

/** The mark that stands for a real server in the maps of flows; the same after a restart, never 0. */
const markOf = (address: IpAddress): string => `0x${hashSeed(address).toString(16)}`;

/** Frames of a connection that stands, so that a flood of SYNs does not fill the map. */
function learning(address: IpAddress): string {
  return `tcp flags & (syn | fin | rst) == 0 update @flows4 { ${flow} : ${markOf(address)} }`;
}

function rememberedRules(service: ForwardedService): string[] {
  const keepers = service.keepers.map(({ address }) => `${markOf(address)} : goto ${targetChain(address)}`);
  return [
    `tcp flags & (syn | ack) == syn delete @flows4 { ${flow} : 0 }`,
    `meta mark set ${flow} map @flows4`,
    `meta mark vmap { ${keepers.join(', ')} }`,
  ];
}

function forwardStatement(forwarding: Forwarding, target: ForwardTarget): string {
  // Back to the gate, which lets it through.
  if (target.mac === undefined) return 'return';
  return `ether saddr set ${forwarding.mac} ether daddr set ${target.mac} fwd to "${forwarding.device}"`;
}

function slotRule(service: ForwardedService): string {
  const first = service.targets[0];
  if (service.targets.length === 1 && first !== undefined) return `goto ${targetChain(first.address)}`;
  const client = `${familyOf(service.address)} saddr`;
  const key = service.flowKey === 'client' ? client : `${client} . ${service.protocol} sport`;
  const seed = `0x${service.seed.toString(16)}`;
  const elements = runs(service.slots).map(({ from, to, value }) => {
    const slots = from === to ? `${from}` : `${from}-${to}`;
    return `${slots} : goto ${targetChain(service.targets[value]!.address)}`;
  });
  return `jhash ${key} mod ${service.slots.length} seed ${seed} vmap { ${elements.join(', ')} }`;
}

/** Neighbouring slots with one owner as one range: fewer elements for the kernel to look through. */
function runs(slots: readonly number[]): { from: number; to: number; value: number }[] {
  const found: { from: number; to: number; value: number }[] = [];
  for (const [slot, value] of slots.entries()) {
    const last = found.at(-1);
    if (last !== undefined && last.value === value) last.to = slot;
    else found.push({ from: slot, to: slot, value });
  }
  return found;
}
