/** What of the journal somebody may want to be told of. Pure. */
import type { AlertEvent } from '../../model/alerts.ts';
import type { NodeName } from '../../model/names.ts';
import type { JournalLine } from '../../wire/journal.ts';

/** One thing to be told; with Mon's words: a `service` of a `group` on `hosts` has failed, or (`up`) is well again. */
export interface Alert {
  readonly event: AlertEvent;
  /** Alerts about the same thing have the same key; an up-alert is for what failed under it before. */
  readonly key: string;
  readonly up: boolean;
  readonly group: string;
  readonly service: string;
  readonly hosts: readonly string[];
  /** One line. */
  readonly summary: string;
  readonly detail: string;
  /** Unix milliseconds. */
  readonly time: number;
  /** Every node finds it out for itself, and one of them, which is not this, tells it; undefined: only this node knows. */
  readonly about?: NodeName | undefined;
}

/** The alert in a line of the journal; undefined where there is none in it. `warned`: the journal warns of it. */
export function alertIn(line: JournalLine, warned: boolean, cluster: string): Alert | undefined {
  const { time, what, why, node = '', group, peer, device = 'link', link = 'heartbeat', how } = line;
  const of = (
    event: AlertEvent,
    up: boolean,
    service: string,
    hosts: readonly string[],
    summary: string,
    about?: NodeName,
  ): Alert => {
    const key = `${event} ${service} ${hosts.join(' ')}`;
    return { event, key, up, group: cluster, service, hosts, summary, detail: why, time, ...(about && { about }) };
  };
  switch (what) {
    case 'takeover':
      if (how === 'switchover') return of('switchover', false, group ?? '', [node], `${group} runs on ${node} now`);
      if (how !== 'failover') return undefined;
      return of('failover', false, group ?? '', [node], `${group} was taken over by ${node}: ${why}`);
    case 'node-dead':
      return of('node', false, 'musterd', [peer ?? ''], `${peer} is dead: ${why}`, peer);
    case 'node-up':
      return of('node', true, 'musterd', [peer ?? ''], `${peer} is up: ${why}`, peer);
    case 'quorum-lost':
    case 'quorum-gained':
      return of('quorum', what === 'quorum-gained', 'quorum', [node], `${node}: ${what.replace('-', ' ')}: ${why}`);
    case 'resource-failed':
    case 'gives-up':
      return of('resource', false, group ?? '', [node], `${group} on ${node}: ${why}`);
    case 'resources':
      if (how !== 'well') return undefined;
      return of('resource', true, group ?? '', [node], `${group} on ${node}: ${why}`);
    case 'fence':
    case 'fence-wanted':
      return of('fencing', false, 'fencing', [peer ?? node], `${peer ?? node} is to be fenced: ${why}`);
    case 'fence-failed':
      return of('fencing', false, 'fencing', [peer ?? node], `fencing of ${peer ?? node} failed: ${why}`);
    case 'fenced':
      // The node that saw to it tells it; all others only learn it.
      if (how === 'learned') return undefined;
      return of('fencing', false, 'fencing', [peer ?? node], `${peer ?? node} is fenced: ${why}`);
    case 'fencing-device':
      // One may answer again while another does not.
      return { ...of('fencing', !warned, 'fencing-device', [node], why), key: `fencing-device ${device}` };
    case 'link-down':
    case 'link-up':
      return of('link', what === 'link-up', device, [node], `${node}: ${why}`);
    case 'link-silent':
      return of('link', false, link, [node], `${node}: ${why}`);
    case 'link-heard':
      // One peer may be back while another is still missed.
      return how === 'well' ? of('link', true, link, [node], `${node}: ${why}`) : undefined;
    case 'alert':
      return undefined;
    default:
      return warned ? of('warning', false, what, [node], `${node}: ${what}: ${why}`) : undefined;
  }
}
