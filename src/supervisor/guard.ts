import { showDuration } from '../base/duration.ts';
import { Problem } from '../base/problem.ts';
import type { Cluster } from '../model/cluster.ts';
import { kernelProbe, readKernelProbe } from '../wire/kernel-probe.ts';
import { protectionOf, shortestLifetimeLease } from '../wire/kernel-verdict.ts';
import type { GroupStatus } from '../wire/status.ts';
import { AddressDriver, type PlacedAddress } from './drivers/address.ts';
import { AddressLifetime, lifetimeSeconds } from './drivers/address-lifetime.ts';
import type { Devices } from './drivers/devices.ts';
import type { Addresses, Gate } from './drivers/gate.ts';
import { LeaseGate, type LeaseGateOptions } from './drivers/lease-gate.ts';
import { gateTable } from './drivers/lease-gate-ruleset.ts';
import { runProgram } from './drivers/nft.ts';
import type { RawSockets } from './drivers/raw-sockets.ts';

/** The two drivers that keep a node silent without a lease; with the address lifetime they are one. */
export interface Guard {
  readonly protection: GroupStatus['protection'];
  /** For the journal: why it is this one, where it is not the gate. */
  readonly why: string | undefined;
  readonly gate: Gate;
  readonly addresses: Addresses;
}

/**
 * The gate, unless this kernel has no packet filter that can do it, or nobody wants it. The kernel is tried only where the
 * lease is long enough for anything else: with a shorter one a gate that cannot be rendered keeps musterd from starting.
 */
async function whyNoGate({ timings }: Cluster, withoutNftables: boolean): Promise<string | undefined> {
  if (withoutNftables) return '--without-nftables asked for it';
  if (timings.lease < shortestLifetimeLease) return undefined;
  const { stdout } = await runProgram('sh', ['-c', kernelProbe([])], '', 10_000);
  const { layer, why } = protectionOf(readKernelProbe(stdout), timings.lease);
  return layer === 'address-lifetime' ? why : undefined;
}

/** Throws a Problem where the lease or the beats leave no room for lifetimes of whole seconds. */
function requireWholeSeconds({ timings, driftBound }: Cluster): void {
  const { lease, keepalive } = timings;
  if (lease < shortestLifetimeLease) {
    throw new Problem(
      'badInput',
      `Cannot protect the addresses by their lifetime as the lease must be ${showDuration(shortestLifetimeLease)} or longer: it is ${showDuration(lease)}`,
      { hint: 'nftables on a kernel of 5.16 or later, or "lease: 4s" in muster.yml' },
    );
  }
  const seconds = lifetimeSeconds(lease * (1 - 2 * driftBound) - keepalive);
  if (seconds >= 1 && 2 * keepalive <= seconds * 1000) return;
  throw new Problem(
    'badInput',
    `Cannot protect the addresses by their lifetime as it must outlast two renewals: ${Math.max(0, seconds)} s of a lease of ${showDuration(lease)}, renewed every ${showDuration(keepalive)}`,
    { hint: 'a shorter keepalive in ha.cf, or a longer lease in muster.yml' },
  );
}

export interface GuardOptions {
  readonly cluster: Cluster;
  readonly withoutNftables: boolean;
  readonly gate: LeaseGateOptions;
  readonly routeSockets: RawSockets;
  readonly devices: Devices;
  readonly placed: readonly PlacedAddress[];
  readonly onTrouble: (why: string) => void;
}

/** Picks the guard for this machine; nothing is changed yet, but for a gate of an earlier musterd that nobody would open. */
export async function makeGuard(options: GuardOptions): Promise<Guard> {
  const { cluster, gate, routeSockets, devices, placed, onTrouble } = options;
  const why = await whyNoGate(cluster, options.withoutNftables);
  if (why === undefined) {
    const addresses = new AddressDriver(routeSockets, gate.now, devices, placed, onTrouble);
    return { protection: 'gate', why, gate: new LeaseGate(gate), addresses };
  }
  requireWholeSeconds(cluster);
  const lifetime = new AddressLifetime(routeSockets, gate.now, devices, placed, onTrouble);
  await lifetime.release();
  await runProgram('nft', ['delete', 'table', 'netdev', gateTable]);
  return { protection: 'address-lifetime', why, gate: lifetime, addresses: lifetime };
}
