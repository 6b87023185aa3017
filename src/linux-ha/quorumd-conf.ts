import { nearest } from '../base/nearest.ts';
import { linesOf, mistakeList, parseWhole, throwMistakes } from './lines.ts';

/** One cluster that the arbiter decides for, as heartbeat's quorumd has it; all times in milliseconds. */
export interface QuorumdCluster {
  readonly name: string;
  readonly version: string;
  /** Between two requests of a node. */
  readonly interval: number;
  /** Silence after which a node counts as gone. */
  readonly timeout: number;
  /** How long after that another may get the quorum. */
  readonly takeover: number;
  /** When a node that cannot reach the arbiter gives up by itself. */
  readonly giveup: number;
  readonly nodeCount: number;
  readonly weight: number;
}

export interface QuorumdConf {
  readonly clusters: readonly QuorumdCluster[];
}

const numberKeys = {
  interval: 'interval',
  timeout: 'timeout',
  takeover: 'takeover',
  giveup: 'giveup',
  nodenum: 'nodeCount',
  weight: 'weight',
} as const;
const defaults = {
  version: '2_0_8',
  interval: 1000,
  timeout: 5000,
  takeover: 3000,
  giveup: 2000,
  nodeCount: 2,
  weight: 100,
};

/** Reads quorumd.conf: `cluster NAME` opens a section, `KEY VALUE` lines follow. Throws a `Problem` with all mistakes. */
export function parseQuorumdConf(text: string, file = 'quorumd.conf'): QuorumdConf {
  const list = mistakeList(file);
  const clusters: (Record<string, string | number> & { name: string })[] = [];
  for (const line of linesOf(text, 'anywhere')) {
    const [key, value, ...rest] = line.tokens;
    const current = clusters.at(-1);
    if (value === undefined || rest.length > 0) {
      list.add(
        rest[0] ?? key!,
        `Cannot read "${key!.text}" as exactly one value must follow: there ${value === undefined ? 'is none' : 'are more'}`,
      );
    } else if (key!.text === 'cluster') {
      if (clusters.some(({ name }) => name === value.text))
        list.add(value, `Cannot add cluster "${value.text}" as each is there once: it is there twice`);
      clusters.push({ name: value.text });
    } else if (key!.text !== 'version' && !Object.hasOwn(numberKeys, key!.text)) {
      const known = nearest(key!.text, ['cluster', 'version', ...Object.keys(numberKeys)]);
      list.add(
        key!,
        `Cannot read "${key!.text}" as a key of quorumd.conf: it is not known`,
        known && `did you mean "${known}"?`,
      );
    } else if (current === undefined) {
      list.add(key!, `Cannot read "${key!.text}" as a "cluster NAME" line must come first: there is none`);
    } else if (key!.text === 'version') {
      current.version = value.text;
    } else {
      const number = parseWhole(value.text, 1, 86_400_000);
      if (number === undefined) list.add(value, `Cannot read ${key!.text} as a whole number from 1: "${value.text}"`);
      else current[numberKeys[key!.text as keyof typeof numberKeys]] = number;
    }
  }
  throwMistakes(list);
  return { clusters: clusters.map((cluster) => ({ ...defaults, ...cluster })) };
}
