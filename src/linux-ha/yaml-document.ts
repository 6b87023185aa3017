import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml';
import { nearest } from '../base/nearest.ts';
import { type MistakeList, mistakeList, throwMistakes } from './lines.ts';

export type Path = readonly (string | number)[];

/** A YAML file that parsed: its plain data, and where each part of it stands. */
export interface YamlFile {
  readonly document: Document;
  readonly data: unknown;
  readonly list: MistakeList;
  /** Line and column of the value at a path; of the nearest part around it where the path leads nowhere. */
  at(path: Path): { line: number; column: number };
  /** Line and column of a key of the map at a path. */
  keyAt(path: Path, key: string): { line: number; column: number };
}

/** Nobody nests deeper by hand, and the library's recursion ends in a stack overflow somewhere beyond. */
const maxDepth = 100;

function tooDeep(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    if (char === '[' || char === '{') depth++;
    else if (char === ']' || char === '}') depth = Math.max(0, depth - 1);
    if (depth > maxDepth) return true;
  }
  return text.split('\n').some((line) => /^(\s|[-?:] )*/.exec(line)![0].length > 2 * maxDepth);
}

/** Where the quote begins that an error misses the end of; the parser only notices at the end of the file. */
function openQuote(document: Document, error: YAMLParseError): number | undefined {
  if (!/^Missing closing/.test(error.message)) return undefined;
  let start: number | undefined;
  visit(document, {
    Scalar: (_, { range, type }) => {
      if (range && range[0] <= error.pos[0] && type?.startsWith('QUOTE')) start = range[0];
    },
  });
  return start;
}

function firstLine(message: string): string {
  return message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
}

/**
 * Parses one YAML 1.2 document (JSON included). Throws a `Problem` with the position of each syntax error, duplicate key or
 * unresolved alias. `sound`: this text was found without any before, and is not searched for what is costly to find.
 */
export function parseYaml(text: string, file: string, { sound = false } = {}): YamlFile {
  const list = mistakeList(file);
  const counter = new LineCounter();
  if (!sound && tooDeep(text)) {
    list.add({ line: 1, column: 1 }, `Cannot read YAML as it must not be nested deeper than ${maxDepth} levels: it is`);
    throwMistakes(list);
  }
  // The library compares each key of a map with all before it.
  const options = { lineCounter: counter, prettyErrors: false, logLevel: 'error', uniqueKeys: !sound } as const;
  const document = parseDocument(text, options);
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const seen = new Set<number>();
  for (const error of document.errors) {
    const where = place(openQuote(document, error) ?? error.pos[0]);
    // The parser stumbles several times over one slip; the first time on a line says it best.
    if (seen.has(where.line)) continue;
    seen.add(where.line);
    list.add(where, `Cannot read YAML as its syntax must be right: ${firstLine(error.message)}`);
  }
  throwMistakes(list);
  let data: unknown;
  try {
    data = document.toJS();
  } catch (error) {
    list.add(
      { line: 1, column: 1 },
      `Cannot read YAML as its aliases must lead somewhere: ${firstLine((error as Error).message)}`,
    );
    throwMistakes(list);
  }
  const pairOf = (path: Path, key: string): Pair | undefined => {
    const parent = path.length === 0 ? document.contents : document.getIn(path, true);
    return isMap(parent)
      ? (parent as YAMLMap).items.find(({ key: name }) => String(isScalar(name) ? name.value : name) === key)
      : undefined;
  };
  const keyAt = (path: Path, key: string): { line: number; column: number } => {
    const pair = pairOf(path, key);
    const node = isPair(pair) ? pair.key : undefined;
    return isNode(node) && node.range ? place(node.range[0]) : at(path);
  };
  const at = (path: Path): { line: number; column: number } => {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      // An empty value has a place of its own, at the end of its line; its key says more.
      const empty = isScalar(node) && node.source === '' && typeof path[length - 1] === 'string';
      if (isNode(node) && node.range && !empty) return place(node.range[0]);
      if (length > 0 && typeof path[length - 1] === 'string') {
        const pair = pairOf(path.slice(0, length - 1), path[length - 1] as string);
        if (isPair(pair) && isNode(pair.key) && pair.key.range) return place(pair.key.range[0]);
      }
    }
    return { line: 1, column: 1 };
  };
  return { document, data, list, at, keyAt };
}

/** Line and column of what a path ends in: of a map's key, of a list's item. */
export function placeOf(yaml: YamlFile, path: Path): { line: number; column: number } {
  const last = path.at(-1);
  return typeof last === 'string' ? yaml.keyAt(path.slice(0, -1), last) : yaml.at(path);
}

/** Adds a mistake for a key that is not known, with the nearest one that is. */
export function unknownKey(yaml: YamlFile, path: Path, key: string, known: readonly string[]): void {
  const guess = nearest(key, known);
  const where = path.length === 0 ? 'the file' : `"${path.join('.')}"`;
  const hint = guess === undefined ? `known here: ${known.join(', ')}` : `did you mean "${guess}"?`;
  yaml.list.add(yaml.keyAt(path, key), `Cannot read "${key}" as a key of ${where}: it is not known`, hint);
}
