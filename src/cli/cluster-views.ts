import { foldHosts } from '../base/host-range.ts';
import { exitCodes } from '../base/problem.ts';
import { ClusterAccess } from '../drill/cluster-access.ts';
import type { Views } from '../drill/cluster-health.ts';
import { connect } from '../remote/connection.ts';
import type { ClusterInventory } from './require-cluster.ts';
import { targetsOf } from './targets.ts';

/** A short patience: a node that is down must not keep the picture of the others waiting. */
const connectTimeoutMs = 3000;

/** The same for a node's whole answer, login included; milliseconds. */
export const viewTimeoutMs = 5000;

/** Reaches the nodes of a cluster; hosts of a lab that is not up come out as unreachable, one by one. */
export async function accessTo({ cluster, nodes }: ClusterInventory, lab: string | undefined): Promise<ClusterAccess> {
  const targets = new Map((await targetsOf(nodes, { lab, connectTimeoutMs })).map((target) => [target.name, target]));
  return new ClusterAccess(cluster.nodes, (node) => connect(targets.get(node)!));
}

export interface Silent {
  readonly node: string;
  readonly why: string;
}

/** The nodes that did not answer, and why. */
export function silentOf(views: Views): Silent[] {
  return [...views].flatMap(([node, view]) =>
    'unreachable' in view ? [{ node, why: withoutPrefix(view.unreachable, `${node}: `) }] : [],
  );
}

const withoutPrefix = (text: string, prefix: string): string =>
  text.startsWith(prefix) ? text.slice(prefix.length) : text;

/** The silent nodes in few lines: those with one reason together. */
export function showSilent(silent: readonly Silent[]): string[] {
  const reasons = new Map<string, { nodes: string[]; why: string }>();
  for (const { node, why } of silent) {
    const key = why.replaceAll(node, '');
    const known = reasons.get(key) ?? { nodes: [], why };
    known.nodes.push(node);
    reasons.set(key, known);
  }
  return [...reasons.values()].map(({ nodes, why }) => `${foldHosts(nodes)}: ${why}`);
}

/** 4 where some node did not answer: what was shown is a part of the picture. */
export function exitCodeFor(silent: readonly Silent[]): number {
  return silent.length === 0 ? exitCodes.ok : exitCodes.hostUnreachable;
}
