/** Brings an operator's order to a cluster through any node that answers, and waits until it is done. */

import { showDuration } from '../base/duration.ts';
import { foldHosts } from '../base/host-range.ts';
import { nearest } from '../base/nearest.ts';
import { exitCodes, Problem } from '../base/problem.ts';
import type { ClusterAccess } from '../drill/cluster-access.ts';
import { statusesOf } from '../drill/cluster-health.ts';
import type { NodeName } from '../model/names.ts';
import { shellQuote } from '../remote/quote.ts';
import type { Status } from '../wire/status.ts';
import { accessTo, type Silent, showSilent, silentOf, viewTimeoutMs } from './cluster-views.ts';
import { mergeStatuses } from './merge-status.ts';
import { type ClusterInventory, hostsOfCluster, requireItsLab } from './require-cluster.ts';

export interface OperateOptions {
  readonly inventory: string;
  readonly lab?: string;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly wait: number;
}

/** What is ordered, in the words of `musterd`, and how one sees that it is done. */
export interface Operation {
  /** `move web to node2`, as after "Cannot". */
  readonly doing: string;
  readonly words: readonly string[];
  /** The node that is asked first. */
  readonly through?: NodeName | undefined;
  /** What is missing yet, as the end of "waiting: ..."; empty where it is done. */
  readonly missing: (merged: Status) => readonly string[];
}

/** How an order went, as `--json` prints it. */
interface Done {
  readonly through: NodeName;
  readonly said: string;
  readonly done: boolean;
  readonly missing: readonly string[];
  readonly tookMs: number;
  /** Who knows of it; the others learn it from these when they are back. */
  readonly knownTo: readonly NodeName[];
  readonly unreachable: readonly Silent[];
  readonly moved: readonly { readonly group: string; readonly from: NodeName | null; readonly to: NodeName | null }[];
}

type Access = Pick<ClusterAccess, 'views' | 'run'>;

const lookEvery = 250;
/** So long nobody wants to hear anything; milliseconds. */
const patience = 1000;

/** Runs one operation with its progress on standard error and what came of it on standard output. Throws a Problem. */
export async function operate(options: OperateOptions, plan: (found: ClusterInventory) => Operation): Promise<void> {
  const found = await hostsOfCluster(options.inventory);
  // A wrong name is one whether or not the cluster is there.
  const operation = plan(found);
  await requireItsLab(found, options.lab);
  const access = await accessTo(found, options.lab);
  try {
    const done = await carryOut(access, operation, options.wait);
    if (options.json) process.stdout.write(`${JSON.stringify(done, undefined, 2)}\n`);
    else process.stdout.write(`${show(done).join('\n')}\n`);
    process.exitCode = done.done ? exitCodes.ok : exitCodes.hostFailed;
  } finally {
    access.close();
  }
}

/** Gives the order and waits, at most so many milliseconds. Throws a Problem where nobody takes it. */
export async function carryOut(access: Access, operation: Operation, wait: number): Promise<Done> {
  const first = await access.views(undefined, viewTimeoutMs);
  const before = mergeStatuses(statusesOf(first));
  if (before === undefined) {
    const why = showSilent(silentOf(first)).map((line) => `\n  ${line}`);
    throw new Problem('hostUnreachable', `Cannot ${operation.doing} as a node must answer: none does${why.join('')}`);
  }
  const answering = statusesOf(first).map(({ node }) => node);
  const began = performance.now();
  const { through, said } = await order(access, operation, statusesOf(first));
  let shown = '';
  for (;;) {
    // Whoever did not answer at first would only be waited for.
    const views = await access.views(answering, viewTimeoutMs);
    const statuses = statusesOf(views);
    const merged = mergeStatuses(statuses) ?? before;
    const tookMs = Math.round(performance.now() - began);
    const digest = statuses.find(({ node }) => node === through)?.orders ?? merged.orders;
    const late = statuses.filter(({ orders }) => orders !== undefined && orders !== digest).map(({ node }) => node);
    const missing = [
      ...operation.missing(merged),
      ...(late.length === 0 ? [] : [`${foldHosts(late)} has not heard of it yet`]),
    ];
    if (missing.length === 0 || tookMs >= wait) {
      const knownTo = statuses.filter(({ orders }) => orders === digest).map(({ node }) => node);
      const moved = movesBetween(before, merged);
      return {
        through,
        said,
        done: missing.length === 0,
        missing,
        tookMs,
        knownTo,
        unreachable: [...silentOf(first), ...silentOf(views)],
        moved,
      };
    }
    const line = `${operation.doing}: ${missing.join('; ')}`;
    if (tookMs > patience && line !== shown) process.stderr.write(`${line}\n`);
    if (tookMs > patience) shown = line;
    await new Promise((resolve) => setTimeout(resolve, lookEvery));
  }
}

/** Asks one node after the other, those with a majority first; a refusal is the cluster's word, and nobody else is asked. */
async function order(
  access: Access,
  { doing, words, through: wanted }: Operation,
  statuses: readonly Status[],
): Promise<{ through: NodeName; said: string }> {
  const worth = ({ node, quorum }: Status): number => (node === wanted ? 2 : 0) + (quorum.quorate ? 1 : 0);
  const asked = [...statuses].sort((left, right) => worth(right) - worth(left)).map(({ node }) => node);
  const program = ['musterd', ...words].map(shellQuote).join(' ');
  const failures: string[] = [];
  for (const through of asked) {
    const result = await access.run(through, program, 15_000).catch((error: Error) => error);
    if (result instanceof Error) {
      failures.push(`${through}: ${result.message.split('\n')[0]}`);
      continue;
    }
    const said = [result.stdout, result.stderr].map((part) => part.toString().trim()).filter((part) => part !== '');
    if (result.rc === 0) return { through, said: said.join('; ') };
    const seen = said.join('; ') || `exit code ${result.rc}`;
    throw new Problem('hostFailed', `Cannot ${doing} as the cluster must agree: ${through} says: ${seen}`);
  }
  throw new Problem('hostUnreachable', `Cannot ${doing} as a node must take the order: ${failures.join('; ')}`);
}

function movesBetween(before: Status, after: Status): Done['moved'] {
  return after.groups.flatMap(({ name, holder }) => {
    const from = before.groups.find((group) => group.name === name)?.holder ?? null;
    return from === holder ? [] : [{ group: name, from, to: holder }];
  });
}

function show({ through, said, done, missing, tookMs, knownTo, unreachable, moved }: Done): string[] {
  const took = showDuration(Math.max(1, tookMs));
  return [
    `${through}: ${said}`,
    ...moved.map(({ group, from, to }) => `${group}: ${from ?? 'nowhere'} -> ${to ?? 'nowhere'}`),
    done ? `done in ${took}, known to ${foldHosts(knownTo)}` : `not done after ${took}: ${missing.join('; ')}`,
    ...showSilent(unreachable).map((line) => `not reached: ${line}`),
  ];
}

/** A node that a command names. Throws `Problem('usage')` where the cluster has none of that name. */
export function requireNode({ cluster }: ClusterInventory, node: string, doing: string): NodeName {
  return requireName(node, cluster.nodes, `Cannot ${doing} as "${node}" must be a node of cluster "${cluster.name}"`);
}

/** The same for a resource group. */
export function requireGroup({ cluster }: ClusterInventory, group: string, doing: string): string {
  const names = cluster.groups.map(({ name }) => name);
  return requireName(
    group,
    names,
    `Cannot ${doing} as "${group}" must be a resource group of cluster "${cluster.name}"`,
  );
}

function requireName(name: string, names: readonly string[], must: string): string {
  if (names.includes(name)) return name;
  const near = nearest(name, names);
  throw new Problem('usage', `${must}: it has ${names.join(', ') || 'none'}`, {
    hint: near === undefined ? undefined : `did you mean ${near}?`,
  });
}

/** The groups that a node holds in a status. */
export function heldBy({ groups }: Status, node: NodeName): string[] {
  return groups.filter(({ holder }) => holder === node).map(({ name }) => name);
}
