import { parseDuration, showDuration } from '../base/duration.ts';
import { canonicalIp } from '../base/ip.ts';
import { nearest } from '../base/nearest.ts';
import type { Link, PingGroup, Profile } from '../model/cluster.ts';
import { completeTimings, defaultUdpPort } from '../model/defaults.ts';
import type { NodeName } from '../model/names.ts';
import { haCfDirectives } from './ha-cf-directives.ts';
import { linkDirectives, readLinks } from './ha-cf-links.ts';
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
import { type PlacedStonithLine, readStonithLine } from './stonith-line.ts';

/** How a machine is to run musterd. */
export interface RunDirectives {
  readonly realtime: boolean;
  /** 1 to 99, as sched(7) has it; undefined: musterd's own. */
  readonly priority: number | undefined;
  /** For what `respawn` starts. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What ha.cf says; durations in milliseconds. */
export interface HaCf {
  readonly clusterName: string | undefined;
  readonly nodes: readonly NodeName[];
  /** Where the first of them stands, from 1. */
  readonly nodesAt: { readonly line: number; readonly column: number };
  readonly links: readonly Link[];
  readonly udpPort: number;
  readonly timings: Readonly<Record<'keepalive' | 'deadtime' | 'warntime' | 'initdead', number>>;
  /** Where the line stands that sets this timing, or else one that it follows from; undefined where none does. */
  readonly timingAt: { readonly line: number; readonly column: number } | undefined;
  /** What follows from them where muster.yml says no lease: ha.cf knows none. */
  readonly usualLease: number;
  readonly autoFailback: boolean;
  readonly pingNodes: readonly string[];
  readonly pingGroups: readonly PingGroup[];
  readonly deadping: number | undefined;
  readonly watchdog: string | undefined;
  readonly respawn: readonly (readonly string[])[];
  readonly running: RunDirectives;
  readonly stonith: readonly PlacedStonithLine[];
  /** One sentence for each directive that has no meaning here. */
  readonly notes: readonly string[];
}

/** Voters are told apart by a bit each (core/create.ts), and a node's name stands in every datagram. */
const mostNodes = 30;
/** As uname(2) has it. */
const longestName = 64;
/** A day: what lasts longer no 32-bit count of milliseconds holds. */
const longestTiming = 86_400_000;

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
  pingGroups: PingGroup[];
  deadping: number | undefined;
  watchdog: string | undefined;
  respawn: (readonly string[])[];
  realtime: boolean;
  priority: number | undefined;
  environment: Record<string, string>;
  stonith: PlacedStonithLine[];
  notes: string[];
}

/** Milliseconds; undefined, with a mistake, where it is no duration that can be counted. */
function readDuration(line: Line, list: MistakeList): number | undefined {
  const [{ text: name }, value] = line.tokens as [Token, Token];
  // The unit may stand apart: what is left out of `2 min` would be a sixtieth of it.
  const text = line.tokens
    .slice(1)
    .map((token) => token.text)
    .join(' ');
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0 && ms <= longestTiming) return ms;
  const what = ms !== undefined && ms > longestTiming ? 'of a day at most' : 'like 50ms, 2 or 2s';
  list.add(value, `Cannot read ${name} as a duration ${what}: "${text}"`);
  return undefined;
}

function readTiming(line: Line, draft: Draft, list: MistakeList): void {
  const [{ text }, value] = line.tokens as [Token, Token];
  const name = text as TimingName;
  const ms = readDuration(line, list);
  if (ms === undefined) return;
  draft.timings[name] = ms;
  draft.timingTokens[name] = value;
}

/** Clients of heartbeat's own, which musterd makes needless or cannot serve. */
const heartbeatClients = [
  'ipfail',
  'ccm',
  'dopd',
  'cib',
  'crmd',
  'attrd',
  'pengine',
  'lrmd',
  'stonithd',
  'mgmtd',
  'pingd',
];

function readRespawn(line: Line, draft: Draft, list: MistakeList): void {
  const [, user, program, ...args] = line.tokens as [Token, Token, ...Token[]];
  const client = heartbeatClients.find((name) => program?.text.split('/').at(-1) === name);
  if (program === undefined) {
    list.add(user, `Cannot read respawn as a program must follow the user "${user.text}": none does`);
  } else if (client !== undefined) {
    const why = client === 'ipfail' ? 'musterd does itself what ipfail did' : "it is a client of heartbeat's own";
    draft.notes.push(`${list.file}:${line.number} "respawn ... ${client}" has no meaning here: ${why}`);
  } else if (!program.text.startsWith('/')) {
    list.add(program, `Cannot read respawn as its program must be an absolute path: "${program.text}"`);
  } else draft.respawn.push([user.text, program.text, ...args.map(({ text }) => text)]);
}

function readPing(line: Line, draft: Draft, list: MistakeList): void {
  const [head, first, ...rest] = line.tokens as [Token, Token, ...Token[]];
  const addresses = (tokens: readonly Token[]): string[] => tokens.map(({ text }) => canonicalIp(text) ?? text);
  if (head.text !== 'ping_group') draft.pingNodes.push(...addresses([first, ...rest]));
  else if (rest.length === 0)
    list.add(first, `Cannot read ping_group "${first.text}" as addresses must follow its name: none does`);
  else if (draft.pingGroups.some(({ name }) => name === first.text))
    list.add(first, `Cannot add ping_group "${first.text}" as each is there once: it is there twice`);
  else draft.pingGroups.push({ name: first.text, addresses: addresses(rest) });
}

/** What runs musterd, and what musterd runs. */
function readRunning(line: Line, draft: Draft, list: MistakeList): void {
  const [head, value] = line.tokens as [Token, Token];
  if (head.text === 'respawn') readRespawn(line, draft, list);
  else if (head.text === 'watchdog') draft.watchdog = value.text;
  else if (head.text === 'realtime') {
    const on = parseBoolean(value.text);
    if (on === undefined) list.add(value, `Cannot read realtime as on or off: "${value.text}"`);
    else draft.realtime = on;
  } else if (head.text === 'rtprio') {
    const priority = parseWhole(value.text, 1, 99);
    if (priority === undefined) list.add(value, `Cannot read rtprio as a priority from 1 to 99: "${value.text}"`);
    else draft.priority = priority;
  } else {
    const [, name, text] = /^([A-Za-z_]\w*)=(.*)$/.exec(value.text) ?? [];
    if (name === undefined) list.add(value, `Cannot read env as NAME=VALUE: "${value.text}"`);
    else draft.environment[name] = text!;
  }
}

function readValue(line: Line, draft: Draft, list: MistakeList): void {
  const [head, value, ...rest] = line.tokens as [Token, Token, ...Token[]];
  const name = head.text;
  if (name === 'node') {
    draft.nodes.push(value, ...rest);
  } else if (name === 'cluster') {
    draft.clusterName = value.text;
  } else if (linkDirectives.some((known) => known === name)) {
    draft.links.push(...readLinks(line, list));
  } else if (name.startsWith('stonith')) {
    const stonith = readStonithLine(line, list);
    if (stonith !== undefined) draft.stonith.push(stonith);
  } else if (name.startsWith('ping')) {
    readPing(line, draft, list);
  } else if (['respawn', 'watchdog', 'realtime', 'rtprio', 'env'].includes(name)) {
    readRunning(line, draft, list);
  } else if (name === 'deadping') {
    draft.deadping = readDuration(line, list);
  } else if (name === 'udpport') {
    const port = parseWhole(value.text, 1, 65_535);
    if (port === undefined) list.add(value, `Cannot read udpport as a port from 1 to 65535: "${value.text}"`);
    else draft.udpPort = port;
    // heartbeat opened the links above it on its default port.
    if (port !== undefined && port !== defaultUdpPort && draft.links.some(({ method }) => method !== 'mcast'))
      draft.notes.push(`${list.file}:${line.number} "udpport" counts for the links above it too`);
  } else if (name === 'auto_failback' || name === 'nice_failback') {
    // `legacy` only told apart nodes that are too old to fail back by themselves; where all nodes can, it means "on".
    const on = value.text.toLowerCase() === 'legacy' ? true : parseBoolean(value.text);
    if (on === undefined) list.add(value, `Cannot read ${name} as on, off or legacy: "${value.text}"`);
    else draft.autoFailback = name === 'nice_failback' ? !on : on;
  } else {
    readTiming(line, draft, list);
  }
}

function readLine(line: Line, draft: Draft, list: MistakeList): void {
  const head = line.tokens[0]!;
  const directive = Object.hasOwn(haCfDirectives, head.text) ? haCfDirectives[head.text] : undefined;
  if (directive === undefined) {
    const known = nearest(head.text, Object.keys(haCfDirectives));
    const hint = known === undefined ? undefined : `did you mean "${known}"?`;
    list.add(head, `Cannot read "${head.text}" as a directive of ha.cf: it is not known`, hint);
  } else if (directive.effect === 'none') {
    draft.notes.push(`${list.file}:${line.number} "${head.text}" has no meaning here: ${directive.here}`);
  } else if (line.tokens.length < 2) {
    list.add(head, `Cannot read "${head.text}" as it takes a value: none is there`);
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
 * Directives that are known but have no meaning here become notes. `profile` says which timings count
 * where the file has none. Throws a `Problem` with all mistakes.
 */
export function parseHaCf(text: string, file = 'ha.cf', profile: Profile = 'default'): HaCf {
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
    pingGroups: [],
    deadping: undefined,
    watchdog: undefined,
    respawn: [],
    realtime: true,
    priority: undefined,
    environment: {},
    stonith: [],
    notes: [],
  };
  for (const line of linesOf(text, 'anywhere')) readLine(line, draft, list);
  const nodes = draft.nodes.map((token) => token.text);
  for (const [index, token] of draft.nodes.entries()) {
    if (nodes.indexOf(token.text) !== index)
      list.add(token, `Cannot add node "${token.text}" as each node is named once: it is there twice`);
    if (Buffer.byteLength(token.text) > longestName)
      list.add(token, `Cannot add node "${token.text}" as a name has at most ${longestName} bytes: it has more`);
  }
  if (nodes.length > mostNodes) {
    const seen = `this is number ${mostNodes + 1} of ${nodes.length}`;
    list.add(draft.nodes[mostNodes]!, `Cannot form a cluster as it has at most ${mostNodes} nodes: ${seen}`);
  }
  if (nodes.length === 0)
    list.add({ line: 1, column: 1 }, 'Cannot form a cluster as "node" must name its nodes: there is no such line');
  const { lease: usualLease, ...timings } = completeTimings(draft.timings, profile);
  if (list.mistakes.length === 0) checkTimings(draft, timings, list);
  throwMistakes(list);
  const { timingTokens: at, realtime, priority, environment } = draft;
  return {
    clusterName: draft.clusterName,
    nodes,
    nodesAt: { line: draft.nodes[0]?.line ?? 1, column: draft.nodes[0]?.column ?? 1 },
    links: draft.links,
    udpPort: draft.udpPort ?? defaultUdpPort,
    timings,
    usualLease,
    timingAt: at.deadtime ?? at.keepalive,
    autoFailback: draft.autoFailback,
    pingNodes: draft.pingNodes,
    pingGroups: draft.pingGroups,
    deadping: draft.deadping,
    watchdog: draft.watchdog,
    respawn: draft.respawn,
    running: { realtime, priority, environment },
    stonith: draft.stonith,
    notes: draft.notes,
  };
}
