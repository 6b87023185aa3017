import { parseDuration, showDuration } from '../base/duration.ts';
import { canonicalIp } from '../base/ip.ts';
import { nearest } from '../base/nearest.ts';
import type { Link } from '../model/cluster.ts';
import { completeTimings, defaultUdpPort } from '../model/defaults.ts';
import type { NodeName } from '../model/names.ts';
import { haCfDirectives } from './ha-cf-directives.ts';
import {
  type Line,
  linesOf,
  type MistakeList,
  mistakeList,
  parseBoolean,
  parseWhole,
  type Token,
  throwMistakes,
} from './lines.ts';

/** A directive that is remembered as it stands, for the part of the supervisor that acts on it. */
export interface KeptDirective {
  readonly name: string;
  readonly args: readonly string[];
  readonly line: number;
}

/** What ha.cf says; durations in milliseconds. */
export interface HaCf {
  readonly clusterName: string | undefined;
  readonly nodes: readonly NodeName[];
  readonly links: readonly Link[];
  readonly udpPort: number;
  readonly timings: Readonly<Record<'keepalive' | 'deadtime' | 'warntime' | 'initdead', number>>;
  readonly autoFailback: boolean;
  readonly pingNodes: readonly string[];
  readonly kept: readonly KeptDirective[];
  /** One sentence for each directive that has no meaning here. */
  readonly notes: readonly string[];
}

type TimingName = keyof HaCf['timings'];

interface Draft {
  clusterName: string | undefined;
  nodes: Token[];
  links: Link[];
  udpPort: number | undefined;
  timings: Partial<Record<TimingName, number>>;
  timingTokens: Partial<Record<TimingName, Token>>;
  autoFailback: boolean;
  pingNodes: string[];
  kept: KeptDirective[];
  notes: string[];
}

/** `GROUP [PORT [TTL [LOOP]]]` of a mcast line. */
function readMulticast(device: Token, rest: readonly Token[], draft: Draft, list: MistakeList): void {
  const [group, port, ttl, loop] = rest;
  const address = canonicalIp(group?.text ?? '');
  if (address === undefined) {
    const where = group ?? device;
    list.add(where, `Cannot read mcast as a multicast address must follow the device: "${group?.text ?? ''}"`);
    return;
  }
  const numbers = [
    parseWhole(port?.text ?? String(defaultUdpPort), 1, 65_535),
    parseWhole(ttl?.text ?? '1', 0, 255),
    parseWhole(loop?.text ?? '0', 0, 1),
  ] as const;
  const wrong = numbers.indexOf(undefined);
  if (wrong >= 0) {
    const token = rest[wrong + 1]!;
    const what = ['a port (1 to 65535)', 'a time to live (0 to 255)', 'loop (0 or 1)'][wrong]!;
    list.add(token, `Cannot read mcast as ${what} must stand here: "${token.text}"`);
    return;
  }
  draft.links.push({
    method: 'mcast',
    device: device.text,
    group: address,
    port: numbers[0]!,
    ttl: numbers[1]!,
    loop: numbers[2]!,
  });
}

function readLink(line: Line, draft: Draft, list: MistakeList): void {
  const [head, device, ...rest] = line.tokens as [Token, Token, ...Token[]];
  const peer = rest[0];
  if (head.text === 'bcast') {
    for (const token of [device, ...rest]) draft.links.push({ method: 'bcast', device: token.text });
  } else if (head.text === 'mcast') {
    readMulticast(device, rest, draft, list);
  } else if (peer === undefined) {
    list.add(device, `Cannot read ucast as an address must follow the device "${device.text}": none does`);
  } else {
    draft.links.push({ method: 'ucast', device: device.text, peer: canonicalIp(peer.text) ?? peer.text });
  }
}

function readTiming(name: TimingName, value: Token, draft: Draft, list: MistakeList): void {
  const ms = parseDuration(value.text);
  if (ms !== undefined && ms > 0) {
    draft.timings[name] = ms;
    draft.timingTokens[name] = value;
  } else {
    list.add(value, `Cannot read ${name} as a duration like 50ms, 2 or 2s: "${value.text}"`);
  }
}

function readValue(line: Line, draft: Draft, list: MistakeList): void {
  const [head, value, ...rest] = line.tokens as [Token, Token, ...Token[]];
  const name = head.text;
  if (name === 'node') {
    draft.nodes.push(value, ...rest);
  } else if (name === 'cluster') {
    draft.clusterName = value.text;
  } else if (name === 'ucast' || name === 'bcast' || name === 'mcast') {
    readLink(line, draft, list);
  } else if (name === 'ping' || name === 'ping6') {
    draft.pingNodes.push(...[value, ...rest].map(({ text }) => canonicalIp(text) ?? text));
  } else if (name === 'udpport') {
    const port = parseWhole(value.text, 1, 65_535);
    if (port === undefined) list.add(value, `Cannot read udpport as a port from 1 to 65535: "${value.text}"`);
    else draft.udpPort = port;
  } else if (name === 'auto_failback' || name === 'nice_failback') {
    // `legacy` only told apart nodes that are too old to fail back by themselves; where all nodes can, it means "on".
    const on = value.text.toLowerCase() === 'legacy' ? true : parseBoolean(value.text);
    if (on === undefined) list.add(value, `Cannot read ${name} as on, off or legacy: "${value.text}"`);
    else draft.autoFailback = name === 'nice_failback' ? !on : on;
  } else {
    readTiming(name as TimingName, value, draft, list);
  }
}

function readLine(line: Line, draft: Draft, list: MistakeList): void {
  const head = line.tokens[0]!;
  const kind = Object.hasOwn(haCfDirectives, head.text) ? haCfDirectives[head.text] : undefined;
  if (kind === undefined) {
    const known = nearest(head.text, Object.keys(haCfDirectives));
    const hint = known === undefined ? undefined : `did you mean "${known}"?`;
    list.add(head, `Cannot read "${head.text}" as a directive of ha.cf: it is not known`, hint);
  } else if (typeof kind === 'object') {
    draft.notes.push(`${list.file}:${line.number} "${head.text}" has no meaning here: ${kind.noMeaning}`);
  } else if (line.tokens.length < 2) {
    list.add(head, `Cannot read "${head.text}" as it takes a value: none is there`);
  } else if (kind === 'kept') {
    const args = line.tokens.slice(1).map(({ text }) => text);
    draft.kept.push({ name: head.text, args, line: line.number });
  } else {
    readValue(line, draft, list);
  }
}

function checkTimings(draft: Draft, timings: HaCf['timings'], list: MistakeList): void {
  const { keepalive, deadtime, warntime } = timings;
  const at = draft.timingTokens.deadtime ?? draft.timingTokens.keepalive ?? draft.timingTokens.warntime;
  if (at === undefined) return;
  if (deadtime <= keepalive) {
    list.add(
      at,
      `Cannot take deadtime ${showDuration(deadtime)} as it must be longer than keepalive: that is ${showDuration(keepalive)}`,
    );
  } else if (warntime > deadtime) {
    list.add(
      draft.timingTokens.warntime ?? at,
      `Cannot take warntime ${showDuration(warntime)} as it must not be longer than deadtime: that is ${showDuration(deadtime)}`,
    );
  }
}

/**
 * Reads ha.cf: heartbeat's directives, comments anywhere, several names on a `node` line, durations as `2`, `2s` or `50ms`.
 * Directives that are known but have no meaning here become notes. Throws a `Problem` with all mistakes.
 */
export function parseHaCf(text: string, file = 'ha.cf'): HaCf {
  const list = mistakeList(file);
  const draft: Draft = {
    clusterName: undefined,
    nodes: [],
    links: [],
    udpPort: undefined,
    timings: {},
    timingTokens: {},
    autoFailback: true,
    pingNodes: [],
    kept: [],
    notes: [],
  };
  for (const line of linesOf(text, 'anywhere')) readLine(line, draft, list);
  const nodes = draft.nodes.map((token) => token.text);
  for (const [index, token] of draft.nodes.entries()) {
    if (nodes.indexOf(token.text) !== index)
      list.add(token, `Cannot add node "${token.text}" as each node is named once: it is there twice`);
  }
  if (nodes.length === 0)
    list.add({ line: 1, column: 1 }, 'Cannot form a cluster as "node" must name its nodes: there is no such line');
  // ha.cf knows no lease; muster.yml does.
  const { lease: _, ...timings } = completeTimings(draft.timings);
  checkTimings(draft, timings, list);
  throwMistakes(list);
  const { clusterName, links, autoFailback, pingNodes, kept, notes } = draft;
  return {
    clusterName,
    nodes,
    links,
    udpPort: draft.udpPort ?? defaultUdpPort,
    timings,
    autoFailback,
    pingNodes,
    kept,
    notes,
  };
}
