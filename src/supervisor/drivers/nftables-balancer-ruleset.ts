import type { FlowKey } from '../../core/balancing.ts';
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
 */
export function renderForwarding(forwarding: Forwarding, present: readonly string[]): string {
  const targets = new Map<string, ForwardTarget>();
  for (const service of forwarding.services)
    for (const target of service.targets) targets.set(targetChain(target.address), target);
  const lines = [`flush chain ${table} ${balanceChain}`];
  for (const [chain, target] of targets) {
    lines.push(`add chain ${table} ${chain}`, `flush chain ${table} ${chain}`);
    lines.push(`add rule ${table} ${chain} counter ${forwardStatement(forwarding, target)}`);
  }
  for (const service of forwarding.services) {
    if (service.slots.length > 0) lines.push(`add rule ${table} ${balanceChain} ${serviceRule(service)}`);
  }
  for (const chain of present) {
    if (!targets.has(chain)) lines.push(`flush chain ${table} ${chain}`, `delete chain ${table} ${chain}`);
  }
  return `${lines.join('\n')}\n`;
}

function forwardStatement(forwarding: Forwarding, target: ForwardTarget): string {
  if (target.mac === undefined) return 'accept';
  return `ether saddr set ${forwarding.mac} ether daddr set ${target.mac} fwd to "${forwarding.device}"`;
}

function serviceRule(service: ForwardedService): string {
  const family = service.address.includes(':') ? 'ip6' : 'ip';
  const match = `${family} daddr ${service.address} ${service.protocol} dport ${service.port}`;
  const first = service.targets[0];
  if (service.targets.length === 1 && first !== undefined) return `${match} goto ${targetChain(first.address)}`;
  const client = `${family} saddr`;
  const key = service.flowKey === 'client' ? client : `${client} . ${service.protocol} sport`;
  const seed = `0x${service.seed.toString(16)}`;
  const elements = runs(service.slots).map(({ from, to, value }) => {
    const slots = from === to ? `${from}` : `${from}-${to}`;
    return `${slots} : goto ${targetChain(service.targets[value]!.address)}`;
  });
  return `${match} jhash ${key} mod ${service.slots.length} seed ${seed} vmap { ${elements.join(', ')} }`;
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
