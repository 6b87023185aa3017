import { parseDuration } from '../base/duration.ts';
import { nearest } from '../base/nearest.ts';
import { defaultArbiterPort } from '../model/defaults.ts';
import { type Line, linesOf, type MistakeList, mistakeList, parseWhole, type Token, throwMistakes } from './lines.ts';

/** One cluster that the arbiter decides for, as heartbeat's quorumd has it; all times in milliseconds. */
export interface QuorumdCluster {
  readonly name: string;
  readonly version: string;
  /** Between two requests of a node. */
  readonly interval: number;
  /** Silence after which a node counts as gone. */
  readonly timeout: number;
  /** How long after that another may get the quorum: here the longest lease that is granted. */
  readonly takeover: number;
  /** When a node that cannot reach the arbiter gives up by itself. */
  readonly giveup: number;
  readonly nodeCount: number;
  readonly weight: number;
  /** Ours: the nodes that may ask. Empty in a file that heartbeat's quorumd had: then those whose certificates are there. */
  readonly nodes: readonly string[];
  /** Ours: all arbiters of the cluster; empty means: only this one. */
  readonly arbiters: readonly string[];
  /** Ours: the directory with `own.pem`, `own.key` and one `NODE.pem` a node. */
  readonly certificates: string;
  /** Ours: where the nodes of this cluster connect. */
  readonly port: number;
}

export interface QuorumdConf {
  readonly clusters: readonly QuorumdCluster[];
}

/** Where a cluster's certificates are unless a file says otherwise, on nodes and arbiters alike. */
export function certificateDirectory(cluster: string): string {
  return `/etc/ha.d/arbiter/${cluster}`;
}

const timeKeys = ['interval', 'timeout', 'takeover', 'giveup'] as const;
const numberKeys = { nodenum: 'nodeCount', weight: 'weight', port: 'port' } as const;
const textKeys = ['version', 'certificates'] as const;
const listKeys = { node: 'nodes', arbiter: 'arbiters' } as const;
const known = ['cluster', ...textKeys, ...Object.keys(listKeys), ...timeKeys, ...Object.keys(numberKeys)];

/** A day, in milliseconds. */
const longestTime = 86_400_000;

const defaults = {
  version: '2_0_8',
  interval: 1000,
  timeout: 5000,
  takeover: 3000,
  giveup: 2000,
  nodeCount: 2,
  weight: 100,
  port: defaultArbiterPort,
};

interface Draft {
  readonly name: string;
  readonly nodes: string[];
  readonly arbiters: string[];
  readonly values: Partial<Record<string, string | number>>;
  nodeCountAt: Token | undefined;
}

/** quorumd knew whole milliseconds alone; who writes a unit means it, together with the number or apart. */
function readTime(current: Draft, key: Token, values: readonly [Token, ...Token[]], list: MistakeList): void {
  const text = values.map((value) => value.text).join(' ');
  const ms = parseDuration(text, 'ms');
  if (ms !== undefined && Number.isInteger(ms) && ms > 0 && ms <= longestTime) current.values[key.text] = ms;
  else
    list.add(
      values[0],
      `Cannot read ${key.text} as whole milliseconds, or as 500ms or 2s, of a day at most: "${text}"`,
    );
}

function readValues(current: Draft, key: Token, values: readonly [Token, ...Token[]], list: MistakeList): void {
  const [value, ...rest] = values;
  if (Object.hasOwn(listKeys, key.text)) {
    const names = current[listKeys[key.text as keyof typeof listKeys]];
    for (const name of values) {
      if (names.includes(name.text))
        list.add(name, `Cannot add ${key.text} "${name.text}" as each is named once: it is there twice`);
      else names.push(name.text);
    }
    return;
  }
  if (timeKeys.some((name) => name === key.text)) {
    readTime(current, key, values, list);
  } else if (rest.length > 0) {
    list.add(rest[0]!, `Cannot read "${key.text}" as exactly one value must follow: there are more`);
  } else if (textKeys.some((name) => name === key.text)) {
    if (key.text === 'certificates' && !value.text.startsWith('/'))
      list.add(value, `Cannot read certificates as an absolute path: "${value.text}"`);
    current.values[key.text] = value.text;
  } else {
    const number = parseWhole(value.text, 1, key.text === 'port' ? 65_535 : 999_999_999);
    if (number === undefined) list.add(value, `Cannot read ${key.text} as a whole number from 1: "${value.text}"`);
    else current.values[numberKeys[key.text as keyof typeof numberKeys]] = number;
    if (key.text === 'nodenum') current.nodeCountAt = value;
  }
}

function readLine({ tokens }: Line, clusters: Draft[], list: MistakeList): void {
  const [key, value, ...rest] = tokens as [Token, Token?, ...Token[]];
  const current = clusters.at(-1);
  if (value === undefined) {
    list.add(key, `Cannot read "${key.text}" as exactly one value must follow: there is none`);
  } else if (!known.includes(key.text)) {
    const guess = nearest(key.text, known);
    const hint = guess && `did you mean "${guess}"?`;
    list.add(key, `Cannot read "${key.text}" as a key of quorumd.conf: it is not known`, hint);
  } else if (key.text === 'cluster') {
    if (rest.length > 0) list.add(rest[0]!, 'Cannot read "cluster" as exactly one value must follow: there are more');
    if (clusters.some(({ name }) => name === value.text))
      list.add(value, `Cannot add cluster "${value.text}" as each is there once: it is there twice`);
    // The name is a directory's, and a server name in TLS.
    if (value.text.includes('/') || /^\.+$/.test(value.text) || Buffer.byteLength(value.text) > 64)
      list.add(
        value,
        `Cannot add cluster "${value.text}" as its name must be one word of at most 64 bytes without "/"`,
      );
    clusters.push({ name: value.text, nodes: [], arbiters: [], values: {}, nodeCountAt: undefined });
  } else if (current === undefined) {
    list.add(key, `Cannot read "${key.text}" as a "cluster NAME" line must come first: there is none`);
  } else {
    readValues(current, key, [value, ...rest], list);
  }
}

/**
 * Reads quorumd.conf, or one file of quorumd.d: `cluster NAME` opens a section, `KEY VALUE` lines follow. `node`, `arbiter`
 * (both with one name or several, on one line or several), `certificates` and `port` are ours. Throws a `Problem` with all
 * mistakes.
 */
export function parseQuorumdConf(text: string, file = 'quorumd.conf'): QuorumdConf {
  const list = mistakeList(file);
  const drafts: Draft[] = [];
  for (const line of linesOf(text, 'anywhere')) readLine(line, drafts, list);
  for (const { nodes, values, nodeCountAt } of drafts) {
    if (nodeCountAt !== undefined && nodes.length > 0 && values.nodeCount !== nodes.length)
      list.add(
        nodeCountAt,
        `Cannot take nodenum ${nodeCountAt.text} as there must be as many nodes: ${nodes.length} are`,
      );
  }
  throwMistakes(list);
  const clusters = drafts.map(({ name, nodes, arbiters, values }) => ({
    ...defaults,
    nodeCount: nodes.length || defaults.nodeCount,
    certificates: certificateDirectory(name),
    ...values,
    name,
    nodes,
    arbiters,
  }));
  return { clusters };
}
