/** What `doctor` says of one node, for people. Pure. */
import type { KernelFacts, Tried } from './kernel-probe.ts';
import type { Diagnosis, Layer } from './kernel-verdict.ts';

const layers: Readonly<Record<Layer, string>> = {
  gate: "protected by the kernel's gate",
  'address-lifetime': "protected by the address's lifetime",
  none: 'NOT PROTECTED',
};

/** What may be used where it is there, and is no fault where it is not. */
const extras = [
  ['ipvs', 'IPVS'],
  ['watchdog', 'watchdog'],
  ['realtime', 'SCHED_FIFO'],
  ['icmp', 'ICMP'],
] as const;

function showTried(tried: Tried): string {
  if (tried === undefined) return 'not tried';
  if (tried.ok) return tried.seen === '' ? 'yes' : `yes (${tried.seen})`;
  return tried.module ? 'as a module' : `no (${tried.seen})`;
}

/** Lines without the node's name, so that nodes that say the same can be folded. */
export function showDiagnosis(facts: KernelFacts, { protection, addresses, findings }: Diagnosis): string[] {
  const { kernel, nft, node, virtual, tried } = facts;
  const host = virtual === 'none' || virtual === 'unknown' ? '' : `, ${virtual}`;
  const vips = addresses.map(({ group, address, layer }) => `  * ${address} (${group}): ${layers[layer]}`);
  return [
    `  * kernel ${kernel}, nft ${nft || 'is not there'}, nodejs ${node || 'is not there'}${host}`,
    `  * ${extras.map(([name, word]) => `${word}: ${showTried(tried[name])}`).join('; ')}`,
    ...(vips.length === 0 ? [`  * ${layers[protection.layer]}`] : vips),
    `      ${protection.why}`,
    ...findings.flatMap(({ level, what, hint }) => [
      `  * ${level.toUpperCase()}: ${what}`,
      ...(hint === undefined ? [] : [`      hint: ${hint}`]),
    ]),
  ];
}
