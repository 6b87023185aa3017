/**
 * What the probes saw, and the lines in which the probe program says it. All times are milliseconds of this machine's
 * monotonic clock (CLOCK_MONOTONIC), which all processes of a machine share: the drill's own times compare with them.
 */
import type { MacAddress, NodeName } from '../model/names.ts';

/** One numbered datagram to a port of the VIP that is never balanced. */
export interface DatagramProbe {
  readonly kind: 'datagram';
  /** Of the address that it went to; absent: 4. */
  readonly version?: 4 | 6 | undefined;
  readonly sequence: number;
  readonly sentMs: number;
  /** Null where no answer came within the timeout. */
  readonly answeredMs: number | null;
  /** The node that says it answered. */
  readonly by: NodeName | null;
}

/** One new HTTP connection to the virtual service, from its first packet to the end of the answer. */
export interface HttpProbe {
  readonly kind: 'http';
  readonly sequence: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly ok: boolean;
  /** The node named in the page, where there is one. */
  readonly by: NodeName | null;
  /** `200`, or why it failed in the words of the operating system. */
  readonly result: string;
}

/**
 * One answer to the witness, who asks every node at once, with a number per round: by an ICMP echo request for the VIP
 * that is addressed to the MAC of one node, and by one ARP request that all of them get. For an IPv6 VIP the two are
 * `echo6` and `nd`, a neighbour solicitation.
 */
export interface WitnessAnswer {
  readonly kind: 'witness';
  readonly what: 'echo' | 'arp' | 'echo6' | 'nd';
  readonly round: number;
  readonly sentMs: number;
  readonly answeredMs: number;
  /** The MAC that the answer came from: a frame that one node passes on to another is answered by the other. */
  readonly mac: MacAddress;
}

/** A broadcast ARP frame that names the VIP as its sender, or a neighbour advertisement to all. */
export interface Announcement {
  readonly kind: 'announcement';
  readonly seenMs: number;
  readonly mac: MacAddress;
}

/** The probes run, or one of them cannot (`why`). */
export interface ProbeReady {
  readonly kind: 'ready';
  readonly atMs: number;
}
export interface ProbeFailure {
  readonly kind: 'failure';
  readonly why: string;
}

export type Observation = DatagramProbe | HttpProbe | WitnessAnswer | Announcement;
export type ProbeLine = Observation | ProbeReady | ProbeFailure;

/** All that was seen, by kind, in the order of its sending. */
export interface Observations {
  readonly datagrams: readonly DatagramProbe[];
  readonly datagrams6: readonly DatagramProbe[];
  readonly requests: readonly HttpProbe[];
  readonly witness: readonly WitnessAnswer[];
  readonly announcements: readonly Announcement[];
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

/** One line without its line feed. Arrays, as some thousand lines a second are written and read. */
export function writeLine(line: ProbeLine): string {
  switch (line.kind) {
    case 'datagram':
      return JSON.stringify([
        line.version === 6 ? 'd6' : 'd',
        line.sequence,
        rounded(line.sentMs),
        line.answeredMs === null ? null : rounded(line.answeredMs),
        line.by,
      ]);
    case 'http':
      return JSON.stringify([
        'h',
        line.sequence,
        rounded(line.startMs),
        rounded(line.endMs),
        line.ok ? 1 : 0,
        line.by,
        line.result,
      ]);
    case 'witness':
      return JSON.stringify(['w', line.what, line.round, rounded(line.sentMs), rounded(line.answeredMs), line.mac]);
    case 'announcement':
      return JSON.stringify(['a', rounded(line.seenMs), line.mac]);
    case 'ready':
      return JSON.stringify(['ready', rounded(line.atMs)]);
    case 'failure':
      return JSON.stringify(['failure', line.why]);
  }
}

/** The reverse of `writeLine`. Throws on a line that it did not write: both ends are of one build. */
export function readLine(text: string): ProbeLine {
  const [tag, ...rest] = JSON.parse(text) as [string, ...unknown[]];
  switch (tag) {
    case 'd':
    case 'd6': {
      const [sequence, sentMs, answeredMs, by] = rest as [number, number, number | null, string | null];
      return { kind: 'datagram', ...(tag === 'd6' ? { version: 6 } : {}), sequence, sentMs, answeredMs, by };
    }
    case 'h': {
      const [sequence, startMs, endMs, ok, by, result] = rest as [
        number,
        number,
        number,
        number,
        string | null,
        string,
      ];
      return { kind: 'http', sequence, startMs, endMs, ok: ok === 1, by, result };
    }
    case 'w': {
      const [what, round, sentMs, answeredMs, mac] = rest as [WitnessAnswer['what'], number, number, number, string];
      return { kind: 'witness', what, round, sentMs, answeredMs, mac };
    }
    case 'a': {
      const [seenMs, mac] = rest as [number, string];
      return { kind: 'announcement', seenMs, mac };
    }
    case 'ready':
      return { kind: 'ready', atMs: rest[0] as number };
    case 'failure':
      return { kind: 'failure', why: String(rest[0]) };
    default:
      throw new Error(`unknown line from the probe: ${text.slice(0, 80)}`);
  }
}

/** Sorts observations by kind and time of sending (they arrive in the order in which they were answered). */
export function collect(all: Iterable<Observation>): Observations {
  const datagrams: DatagramProbe[] = [];
  const datagrams6: DatagramProbe[] = [];
  const requests: HttpProbe[] = [];
  const witness: WitnessAnswer[] = [];
  const announcements: Announcement[] = [];
  for (const one of all) {
    if (one.kind === 'datagram') (one.version === 6 ? datagrams6 : datagrams).push(one);
    else if (one.kind === 'http') requests.push(one);
    else if (one.kind === 'witness') witness.push(one);
    else announcements.push(one);
  }
  for (const list of [datagrams, datagrams6]) list.sort((left, right) => left.sentMs - right.sentMs);
  requests.sort((left, right) => left.startMs - right.startMs);
  witness.sort((left, right) => left.sentMs - right.sentMs);
  announcements.sort((left, right) => left.seenMs - right.seenMs);
  return { datagrams, datagrams6, requests, witness, announcements };
}
