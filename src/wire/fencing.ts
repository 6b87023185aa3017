import { showDuration } from '../base/duration.ts';
import type { NodeName } from '../model/names.ts';

/** One fencing of one node, or an operator's word for it. */
export interface FencingRecord {
  /** Unix milliseconds at which it ended. */
  readonly time: number;
  /** Who was to be fenced. */
  readonly node: NodeName;
  /** The node that did it. */
  readonly by: NodeName;
  /** `device`: devices did it, or failed. `operator`: somebody said that the node is off. */
  readonly kind: 'device' | 'operator';
  readonly ok: boolean;
  /** Why it was to be fenced. */
  readonly why: string;
  /** What the devices said. */
  readonly text: string;
  readonly tookMs: number;
}

/** A device as the last test of it found it. */
export interface FenceDeviceStatus {
  /** Who tested it, where a status was pieced together from several nodes. */
  readonly tester?: NodeName | undefined;
  readonly name: string;
  /** `fence_ipmilan`, `stonith:external/ipmi`, `scsi`. */
  readonly agent: string;
  /** Whom it can fence; null: only the device knows. */
  readonly nodes: readonly NodeName[] | null;
  readonly state: 'ok' | 'failed' | 'untested';
  /** Empty where it is well. */
  readonly why: string;
  /** Milliseconds since it was tested; null: never by this musterd. */
  readonly testedMsAgo: number | null;
}

export interface FencingStatus {
  readonly devices: readonly FenceDeviceStatus[];
  /** Who is being fenced at this moment, and since when. */
  readonly underWay: readonly { readonly node: NodeName; readonly sinceMs: number; readonly why: string }[];
  /** The latest, oldest first. */
  readonly latest: readonly FencingRecord[];
}

/** One line for people. */
export function showFencing({ time, node, by, kind, ok, why, text, tookMs }: FencingRecord): string {
  const when = new Date(time).toISOString();
  if (kind === 'operator') return `${when} ${node} was said to be off, through ${by}: ${why}`;
  const how = ok ? `fenced by ${by} in ${showDuration(tookMs)}` : `NOT fenced by ${by}`;
  return `${when} ${node} ${how}: ${text} (${why})`;
}

/** What of the fencing a person has to look after, and what is happening, for a status. */
export function showFencingStatus({ devices, underWay }: FencingStatus): string[] {
  if (devices.length === 0) return [];
  const bad = devices.filter(({ state }) => state === 'failed');
  const count = (states: readonly FenceDeviceStatus['state'][]): number =>
    new Set(devices.map(({ name }) => name)).size -
    new Set(devices.flatMap(({ name, state }) => (states.includes(state) ? [] : [name]))).size;
  const all = new Set(devices.map(({ name }) => name)).size;
  const well = count(['ok']);
  const untested = new Set(devices.flatMap(({ name, state }) => (state === 'untested' ? [name] : []))).size;
  return [
    `  * Fencing devices: ${well} of ${all} ${all === 1 ? 'answers' : 'answer'}${untested > 0 ? `, ${untested} not tested yet` : ''}`,
    ...bad.map(
      ({ tester, name, agent, why }) =>
        `    * ${name} (${agent}) FAILED its test${tester === undefined ? '' : ` by ${tester}`}: it ${why}`,
    ),
    ...underWay.map(
      ({ node, sinceMs, why }) => `    * ${node} is being fenced, since ${showDuration(sinceMs)}: ${why}`,
    ),
  ];
}
