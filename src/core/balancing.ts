import type { RealServer, Scheduler, VirtualService } from '../model/virtual-service.ts';

/**
 * Which real server takes which share of a virtual service's flows: a table of slots, into which a flow falls by a hash
 * of its client's address and port. Every director computes the same table from the same inputs, without talking to the
 * others, so that a flow keeps its real server when another director takes over.
 *
 * Two steps, each of which moves few slots when its inputs change:
 * 1. a base table by the *configured* weights: weighted rendezvous hashing per slot (Thaler and Ravishankar 1998; the
 *    weighted score -w / ln(h) after Schindelhauer and Schomaker 2005), then repaired to exact shares;
 * 2. the *effective* weights (dead: 0, starting slowly: less): who has more than its share gives slots to those who
 *    have less. So a death moves the dead server's slots and no others, and its return moves just these back.
 */
export interface Weighted {
  /** What the server is known by, the same text on every director: `10.77.0.21:80`. */
  readonly key: string;
  readonly weight: number;
  /** The weight that counts now: 0 while it is dead. */
  readonly effective: number;
}

/** The slots of a table; enough that 1 % of weight is about two slots, few enough that a rule stays small. */
export const slotCount = 240;

/** A table of `slots` entries, each the index of a server, or an empty table where all effective weights are 0. */
export function slotTable(servers: readonly Weighted[], slots: number = slotCount): readonly number[] {
  const effective = shares(
    servers.map((server) => server.effective),
    slots,
  );
  if (effective.length === 0) return [];
  const score = scores(servers, slots);
  const base = shares(
    servers.map((server) => server.weight),
    slots,
  );
  if (base.length === 0) return repair(firstChoice(servers, score, slots, 'effective'), effective, score);
  const table = repair(firstChoice(servers, score, slots, 'weight'), base, score);
  return repair(table, effective, score);
}

/**
 * How many slots each server gets: the divisor method of Sainte-Laguë. It is coherent: when one server leaves, no other
 * loses a slot, which largest remainders do not promise. Empty where all weights are 0; ties go to the first.
 */
export function shares(weights: readonly number[], slots: number): readonly number[] {
  const got = weights.map(() => 0);
  for (let slot = 0; slot < slots; slot++) {
    let best = -1;
    for (let server = 0; server < weights.length; server++) {
      if (weights[server]! <= 0) continue;
      // weight / (2 got + 1), compared crosswise, so that no rounding decides.
      if (best < 0 || weights[server]! * (2 * got[best]! + 1) > weights[best]! * (2 * got[server]! + 1)) best = server;
    }
    if (best < 0) return [];
    got[best]! += 1;
  }
  return got;
}

/** -1 / ln(h) for every server and slot: higher is liked better; to be multiplied by a weight. */
function scores(servers: readonly Weighted[], slots: number): readonly (readonly number[])[] {
  return servers.map(({ key }) => {
    const name = fnv1a(key);
    return Array.from({ length: slots }, (_, slot) => -1 / Math.log((mix(name ^ mix(slot + 1)) + 0.5) / 4_294_967_296));
  });
}

function firstChoice(
  servers: readonly Weighted[],
  score: readonly (readonly number[])[],
  slots: number,
  by: 'weight' | 'effective',
): number[] {
  return Array.from({ length: slots }, (_, slot) => {
    let best = -1;
    let bestScore = 0;
    for (const [index, server] of servers.entries()) {
      const own = server[by] * score[index]![slot]!;
      if (own > bestScore) [best, bestScore] = [index, own];
    }
    return best;
  });
}

/** The same table with exact shares: a server above its share gives up the slots that it likes least. */
function repair(table: readonly number[], share: readonly number[], score: readonly (readonly number[])[]): number[] {
  const result = [...table];
  const held = share.map((_, server) => result.filter((owner) => owner === server).length);
  const free: number[] = [];
  for (const [server, wanted] of share.entries()) {
    const surplus = held[server]! - wanted;
    if (surplus <= 0) continue;
    const own = result.flatMap((owner, slot) => (owner === server ? [slot] : []));
    own.sort((left, right) => score[server]![left]! - score[server]![right]! || left - right);
    free.push(...own.slice(0, surplus));
    held[server] = wanted;
  }
  for (const slot of free.sort((left, right) => left - right)) {
    let best = -1;
    let bestScore = 0;
    for (const [server, wanted] of share.entries()) {
      // What is still missing weighs in, so that the receivers fill up side by side.
      const own = Math.max(0, wanted - held[server]!) * score[server]![slot]!;
      if (own > bestScore) [best, bestScore] = [server, own];
    }
    result[slot] = best;
    held[best]! += 1;
  }
  return result;
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo; draft-eastlake-fnv). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3 (Austin Appleby, public domain). */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Where the flows of one service go now. */
export interface ServicePlan {
  /** The servers that have slots, in the order of the configuration. */
  readonly targets: readonly RealServer[];
  /** Indices into `targets`; empty where nobody serves. */
  readonly slots: readonly number[];
  /** The servers that keep the connections that they have: all that serve, also with weight 0 (they drain). */
  readonly keepers: readonly RealServer[];
  readonly usesFallback: boolean;
}

/**
 * The plan of a service: by weight among the servers for which `serves` holds; when there is none, everything to the
 * fallback. A dead server gets nothing new whether it is `quiescent` (weight 0) or leaves the table: it is dead for the connections
 * that it had, too.
 */
export function planService(service: VirtualService, serves: (server: RealServer) => boolean): ServicePlan {
  const servers = service.realServers;
  const keepers = servers.filter(serves);
  const table = slotTable(
    servers.map((server) => ({
      key: serverKey(server),
      weight: server.weight,
      effective: serves(server) ? server.weight : 0,
    })),
  );
  if (table.length === 0) {
    if (service.fallback === undefined) return { targets: [], slots: [], keepers, usesFallback: false };
    const { fallback } = service;
    return {
      targets: [fallback],
      slots: Array(slotCount).fill(0),
      keepers: [...keepers, fallback],
      usesFallback: true,
    };
  }
  const used = [...new Set(table)].sort((left, right) => left - right);
  const place = new Map(used.map((server, index) => [server, index]));
  return {
    targets: used.map((server) => servers[server]!),
    slots: table.map((server) => place.get(server)!),
    keepers,
    usesFallback: false,
  };
}

/** `10.77.0.21:80`, `[fd00::21]:80`. */
export function serverKey(server: Pick<RealServer, 'address' | 'port'>): string {
  return server.address.includes(':') ? `[${server.address}]:${server.port}` : `${server.address}:${server.port}`;
}

/**
 * The seed of a service's hash: fixed by its key, the same on every director (without one, the kernel draws its own and
 * every director sends a flow elsewhere), and different for different services. Never 0.
 */
export function hashSeed(serviceKey: string): number {
  return fnv1a(serviceKey) || 1;
}

/** By what a flow falls into its slot. */
export type FlowKey = 'client' | 'flow';

/**
 * A persistent service hashes the client's address alone, so that all its connections go to one server. All others hash
 * address and port. That is also what the schedulers that count connections become where no table of connections
 * exists: every one of them is then "by weight", even on average instead of exactly.
 */
export function flowKey(service: Pick<VirtualService, 'scheduler' | 'persistent'>): FlowKey {
  return service.persistent === undefined ? 'flow' : 'client';
}

/** Schedulers whose promise (exact turns, fewest connections) is kept only on average; `musterd` says so once. */
export function isApproximated(scheduler: Scheduler): boolean {
  return !['sh', 'mh', 'dh', 'wrr', 'rr'].includes(scheduler);
}
