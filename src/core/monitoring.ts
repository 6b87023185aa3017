/** When a monitor alerts somebody, as Mon's alertafter, alertevery, upalert and depend say it. Pure. */
import type { Monitor } from '../model/monitors.ts';
import type { GroupName, NodeName } from '../model/names.ts';

/** What was seen of one monitor by the node that looks. Times are monotonic milliseconds. */
export interface Watched {
  state: 'untested' | 'ok' | 'failing';
  /** In a row. */
  failures: number;
  /** Of the failures within the time that counts. */
  failedAt: number[];
  failingSince: number | undefined;
  alertedAt: number | undefined;
  /** The monitor on which this one depends and that fails, so that nobody is told. */
  heldBackBy: string | undefined;
}

export function newWatched(): Watched {
  return {
    state: 'untested',
    failures: 0,
    failedAt: [],
    failingSince: undefined,
    alertedAt: undefined,
    heldBackBy: undefined,
  };
}

/** Takes up one result. Returns what is to be told; `failing` says whether another monitor fails now, by its name. */
export function noteResult(
  watched: Watched,
  { alertAfter, alertEvery, upAlert, depends }: Pick<Monitor, 'alertAfter' | 'alertEvery' | 'upAlert' | 'depends'>,
  ok: boolean,
  failing: (name: string) => boolean,
  now: number,
): 'alert' | 'up' | undefined {
  if (ok) {
    const told = watched.alertedAt !== undefined;
    // Failures that come and go still count within their time.
    const { failedAt } = watched;
    Object.assign(watched, { ...newWatched(), state: 'ok', failedAt: alertAfter.within === undefined ? [] : failedAt });
    return told && upAlert ? 'up' : undefined;
  }
  watched.state = 'failing';
  watched.failures++;
  watched.failingSince ??= now;
  watched.heldBackBy = depends.find(failing);
  const { failures: enough, within } = alertAfter;
  if (within !== undefined) {
    watched.failedAt = [...watched.failedAt.filter((at) => at > now - within), now].slice(-enough);
    if (watched.failedAt.length < enough) return undefined;
  } else if (watched.failures < enough) return undefined;
  if (watched.heldBackBy !== undefined) return undefined;
  const again = alertEvery !== undefined && now - (watched.alertedAt ?? 0) >= alertEvery;
  if (watched.alertedAt !== undefined && !again) return undefined;
  watched.alertedAt = now;
  return 'alert';
}

/** What a node knows of who is there. */
export interface Seen {
  readonly quorate: boolean;
  /** Nodes that are there, itself among them, in the order of ha.cf. */
  readonly nodes: readonly NodeName[];
  readonly holders: ReadonlyMap<GroupName, NodeName | null>;
}

/** Which node looks: one at a time, as far as a majority agrees; undefined: nobody does. */
export function runnerOf({ runBy }: Pick<Monitor, 'runBy'>, { quorate, nodes, holders }: Seen): NodeName | undefined {
  if (!quorate) return undefined;
  return runBy === undefined ? nodes[0] : (holders.get(runBy) ?? undefined);
}
