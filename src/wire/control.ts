/** What is said over the control socket: one JSON line a request, one JSON line an answer, in order. */

import type { Cluster } from '../model/cluster.ts';
import type { AlertTargetStatus } from './alerts.ts';
import type { ArbiterProcessStatus } from './arbiter-status.ts';
import type { FencingRecord } from './fencing.ts';
import type { JournalLine } from './journal.ts';
import type { MonitorStatus } from './monitors.ts';
import type { Status } from './status.ts';

export const controlRequests = [
  'status',
  'explain',
  'journal',
  'standby',
  'online',
  'move',
  'clear',
  'maintenance',
  'alerts',
  'monitors',
  'leave',
  'reload',
  'reconfigure',
  'fence',
  'fence-history',
] as const;

export interface ControlRequest {
  readonly request: (typeof controlRequests)[number];
  /** For `explain`, `journal`, `move` and `clear`: which group; all where it is left out. */
  readonly group?: string | undefined;
  /** For `move`: to which node; for `standby`, `online` and `maintenance`: which node, where it is not this one (or all). */
  readonly node?: string | undefined;
  /** For `move`: for how many milliseconds; until it is cleared where it is left out. */
  readonly forMs?: number | undefined;
  /** For `maintenance`. */
  readonly on?: boolean | undefined;
  /** For `alerts`: tell all targets that this is a test. */
  readonly test?: boolean | undefined;
  /** For `clear`: only failures. */
  readonly failures?: boolean | undefined;
  /** For `reconfigure`: who votes from now on, or votes no more; neither: those who vote are recorded. */
  readonly add?: string | undefined;
  readonly remove?: string | undefined;
  /** For `fence`: whom. */
  readonly target?: string | undefined;
  /** For `fence`: nothing is done, as somebody has made sure that the node is off. */
  readonly confirmed?: boolean | undefined;
}

export type ControlAnswer =
  | { readonly ok: true; readonly status: Status }
  | { readonly ok: true; readonly alerts: readonly AlertTargetStatus[] }
  | { readonly ok: true; readonly monitors: readonly MonitorStatus[] }
  | { readonly ok: true; readonly journal: readonly JournalLine[] }
  | { readonly ok: true; readonly arbiter: ArbiterProcessStatus }
  | { readonly ok: true; readonly fencings: readonly FencingRecord[] }
  /** `usage`: it was asked for something that there is not, so that no node has failed. */
  | { readonly ok: boolean; readonly text: string; readonly usage?: boolean };

/** Why nothing can be said about a group: the cluster has none of that name; undefined where it has, or all are asked for. */
export function unknownGroup(
  request: 'explain' | 'journal',
  group: string | undefined,
  cluster: Pick<Cluster, 'name' | 'groups'>,
): string | undefined {
  const names = cluster.groups.map(({ name }) => name);
  if (group === undefined || names.includes(group)) return undefined;
  const has = names.join(', ') || 'none';
  const verb = request === 'explain' ? 'explain' : 'show the journal of';
  return `Cannot ${verb} "${group}" as it must be a resource group of cluster "${cluster.name}": it has ${has}`;
}

/** A request out of a line that anybody may have written; a sentence where it is none. */
export function readControlRequest(line: string): ControlRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'a request must be one line of JSON';
  }
  const { request, group, node, forMs, on, failures, test, add, remove, target, confirmed } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Record<string, unknown>;
  const known = controlRequests.find((name) => name === request);
  if (known === undefined) return `a request must be one of ${controlRequests.join(', ')}`;
  if (group !== undefined && typeof group !== 'string') return 'a group must be a text';
  if (node !== undefined && typeof node !== 'string') return 'a node must be a text';
  if (forMs !== undefined && (typeof forMs !== 'number' || !(forMs > 0))) return 'a time must be a number above 0';
  if (known === 'maintenance' && typeof on !== 'boolean') return 'maintenance must be on or off';
  if (known === 'move' && (group === undefined || node === undefined)) return 'a move must name a group and a node';
  if (add !== undefined && typeof add !== 'string') return 'a voter must be a text';
  if (remove !== undefined && typeof remove !== 'string') return 'a voter must be a text';
  if (known === 'fence')
    return typeof target === 'string'
      ? { request: known, target, confirmed: confirmed === true }
      : 'whom to fence must be a text';
  return {
    request: known,
    group,
    ...(node !== undefined && { node }),
    ...(typeof forMs === 'number' && { forMs }),
    ...(typeof on === 'boolean' && { on }),
    ...(failures === true && { failures }),
    ...(test === true && { test }),
    ...(known === 'reconfigure' && { add, remove }),
  };
}
