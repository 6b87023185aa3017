/** One line of musterd's journal: a decision, or what a person may want to know when looking for the reason of one. */
export interface JournalLine {
  /** Unix milliseconds. */
  readonly time: number;
  readonly what: string;
  readonly why: string;
  /** The node that wrote it; a line about another one names that as `peer`. */
  readonly node?: string | undefined;
  readonly group?: string | undefined;
  readonly peer?: string | undefined;
  /** A network device, or a fencing device. */
  readonly device?: string | undefined;
  /** A heartbeat link, as ha.cf names it. */
  readonly link?: string | undefined;
  /** In what manner, where `what` does not say it: `failover`, `switchover`, `learned`, `well`. */
  readonly how?: string | undefined;
  /** `address:port` of a real server. */
  readonly server?: string | undefined;
  readonly [detail: string]: unknown;
}

/** Lines that tell of a group: its own, and those about nodes and quorum; announcements and checks of real servers move nothing. */
export function linesAbout(group: string | undefined, lines: readonly JournalLine[]): readonly JournalLine[] {
  if (group === undefined) return lines;
  const noise = ({ what }: JournalLine): boolean => what === 'announce' || what.startsWith('server-');
  return lines.filter((line) => (line.group === undefined || line.group === group) && !noise(line));
}

/** One line for people. */
export function showJournalLine({ time, what, why, node, group, peer, server }: JournalLine): string {
  const about = [group, peer, server].filter((word) => word !== undefined).join(' ');
  const writer = node === undefined ? '' : `${node} `;
  return `${new Date(time).toISOString()} ${writer}${what}${about === '' ? '' : ` ${about}`}: ${why}`;
}
