import { showDuration } from '../base/duration.ts';
import type { NodeName } from '../model/names.ts';

/** One monitor as a node sees it; only its runner knows how it is. */
export interface MonitorStatus {
  /** `routers/ping` */
  readonly name: string;
  readonly hosts: readonly string[];
  readonly check: string;
  /** null: nobody looks, as no majority is there, or nobody holds the group that says who does. */
  readonly runner: NodeName | null;
  readonly state: 'untested' | 'ok' | 'failing' | 'elsewhere';
  readonly failures: number;
  readonly failingMs: number | null;
  /** Somebody was told of it. */
  readonly alerted: boolean;
  /** The monitor because of which nobody is told. */
  readonly heldBackBy: string | null;
  readonly summary: string;
  readonly lookedMsAgo: number | null;
}

/** One picture of what several nodes say: each monitor as its runner sees it. */
export function mergeMonitors(
  views: readonly { readonly node: NodeName; readonly monitors: readonly MonitorStatus[] }[],
) {
  const names = new Set(views.flatMap(({ monitors }) => monitors.map(({ name }) => name)));
  return [...names].map((name): MonitorStatus => {
    const seen = views.flatMap(({ node, monitors }) =>
      monitors.filter((one) => one.name === name).map((one) => ({ node, one })),
    );
    return (seen.find(({ node, one }) => one.runner === node) ?? seen[0]!).one;
  });
}

/** One line for people. */
export function showMonitor(monitor: MonitorStatus): string {
  const { name, runner, state, failures, failingMs, alerted, heldBackBy, summary, lookedMsAgo, check } = monitor;
  const by = runner === null ? 'nobody looks' : `${runner} looks`;
  const ago = lookedMsAgo === null ? '' : `, ${showDuration(lookedMsAgo)} ago`;
  const said = summary === '' ? '' : `: ${summary}`;
  if (state !== 'failing') return `${name} (${check}): ${state}, ${by}${ago}${said}`;
  const since = failingMs === null ? '' : ` for ${showDuration(failingMs)}`;
  const told = alerted ? 'told' : heldBackBy === null ? 'not told yet' : `not told, as ${heldBackBy} fails`;
  return `${name} (${check}): FAILING${since} (${failures} in a row, ${told}), ${by}${ago}${said}`;
}
