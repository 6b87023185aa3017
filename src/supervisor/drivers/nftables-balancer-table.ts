import { serviceKey } from '../../model/virtual-service.ts';
import { addressOfChain, balanceChain } from './nftables-balancer-ruleset.ts';

/** What the kernel forwards now, as `nft -j list table netdev muster` says it. */
export interface KernelTable {
  /** The chains of real servers that exist. */
  readonly chains: readonly string[];
  /** For each service's key the addresses that get traffic. */
  readonly forwarded: ReadonlyMap<string, ReadonlySet<string>>;
}

type Json = { readonly [key: string]: unknown };

/** Reads nft's JSON (libnftables-json(5)); what is not ours, or of another form, counts as absent. */
export function readKernelTable(json: string): KernelTable {
  const chains: string[] = [];
  const forwarded = new Map<string, Set<string>>();
  const objects = (JSON.parse(json) as { nftables?: Json[] }).nftables ?? [];
  for (const object of objects) {
    const chain = object.chain as { name?: string } | undefined;
    if (chain?.name !== undefined && addressOfChain(chain.name) !== undefined) chains.push(chain.name);
    const rule = object.rule as { chain?: string; expr?: Json[] } | undefined;
    if (rule?.chain !== balanceChain) continue;
    const expressions = rule.expr ?? [];
    const key = serviceOf(expressions);
    if (key !== undefined) forwarded.set(key, new Set([...(forwarded.get(key) ?? []), ...targetsOf(expressions)]));
  }
  return { chains, forwarded };
}

function serviceOf(expressions: readonly Json[]): string | undefined {
  let address: string | undefined;
  let port: number | undefined;
  let protocol: string | undefined;
  for (const expression of expressions) {
    const match = expression.match as { left?: { payload?: Json }; right?: unknown } | undefined;
    const payload = match?.left?.payload;
    if (payload?.field === 'daddr' && typeof match?.right === 'string') address = match.right;
    if (payload?.field === 'dport' && typeof match?.right === 'number') {
      port = match.right;
      protocol = String(payload.protocol);
    }
  }
  if (address === undefined || port === undefined) return undefined;
  return serviceKey({ address, port, protocol: protocol === 'udp' ? 'udp' : 'tcp' });
}

/** Every `goto` below the rule, in a verdict map or alone. */
function targetsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(targetsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const target = key === 'goto' ? (inner as { target?: string } | null)?.target : undefined;
    const address = target === undefined ? undefined : addressOfChain(target);
    return address === undefined ? targetsOf(inner) : [address];
  });
}
