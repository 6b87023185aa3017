import { isScalar } from 'yaml';
import { expandRange, foldHosts, HostRangeError } from '../base/host-range.ts';
import { nearest } from '../base/nearest.ts';
import type { Path, YamlFile } from '../linux-ha/yaml-document.ts';

/** One name or range of a host set, and where it stands. */
export interface SetPart {
  readonly text: string;
  readonly at: { readonly line: number; readonly column: number };
}

/** A place within the text at a path, `offset` characters after its beginning; quotes are counted. */
function within(yaml: YamlFile, path: Path, offset: number): { line: number; column: number } {
  const at = yaml.at(path);
  const node = yaml.document.getIn(path, true);
  const quote = isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') ? 1 : 0;
  return { line: at.line, column: at.column + quote + offset };
}

/** The parts of `a,b[1-3]`, or of a list of such texts; commas inside of brackets belong to their range. */
export function splitSet(yaml: YamlFile, value: string | readonly string[], path: Path): SetPart[] {
  if (typeof value !== 'string') return value.flatMap((item, index) => splitSet(yaml, item, [...path, index]));
  return [...value.matchAll(/(?:\[[^\]]*\]?|[^,[\s])+/g)].map((match) => ({
    text: match[0],
    at: within(yaml, path, match.index ?? 0),
  }));
}

/** The names that a part stands for; a range that is wrong becomes a mistake and no names. */
export function expandPart(yaml: YamlFile, part: SetPart): string[] {
  try {
    return expandRange(part.text);
  } catch (error) {
    if (!(error instanceof HostRangeError)) throw error;
    const at = { line: part.at.line, column: part.at.column + error.column - 1 };
    yaml.list.add(at, `Cannot read "${part.text}" as hosts: ${error.message}`);
    return [];
  }
}

/** Where names are looked up: the inventory's hosts and groups. */
export interface KnownHosts {
  readonly names: ReadonlySet<string>;
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

/** The hosts that a cluster may be made of, with their addresses on its networks (canonical, maybe none). */
export interface ClusterHosts extends KnownHosts {
  readonly addresses: Readonly<Record<string, readonly string[]>>;
}

/**
 * The hosts of a set, each once, in the order in which they are named. `cannot` begins the message about one that is not
 * in the inventory: `Cannot balance "web" as every real server must be in the inventory`.
 */
export function resolveSet(
  yaml: YamlFile,
  value: string | readonly string[],
  path: Path,
  known: KnownHosts,
  cannot: string,
): string[] {
  const found = splitSet(yaml, value, path).flatMap((part) => {
    const members = Object.hasOwn(known.groups, part.text) ? known.groups[part.text] : undefined;
    if (members !== undefined) return members;
    const names = expandPart(yaml, part);
    const missing = names.filter((name) => !known.names.has(name));
    if (missing.length > 0) {
      // Another number of the same name is no slip of the finger, and "known" shows the numbers.
      const letters = missing[0]!.replace(/\d+/g, '');
      const words = [...known.names, ...Object.keys(known.groups)].filter(
        (word) => word.replace(/\d+/g, '') !== letters,
      );
      const guess = nearest(missing[0]!, words);
      const seen = `"${foldHosts(missing)}" is not (known: ${foldHosts(known.names) || 'none'})`;
      yaml.list.add(part.at, `${cannot}: ${seen}`, guess === undefined ? undefined : `did you mean "${guess}"?`);
    }
    return names.filter((name) => known.names.has(name));
  });
  return [...new Set(found)];
}
