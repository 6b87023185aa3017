/**
 * Host patterns as `ansible` reads them (documentation: "Patterns: targeting hosts and groups"). They look like node sets
 * and are not: all unions come first, then `&`, then `!`, wherever they stand; `web[0]` is the first host of web.
 */
import { NodeSetError, wildcard } from './node-set.ts';

export interface AnsibleWorld {
  /** In the inventory's order: subscripts count by it. */
  readonly hosts: readonly string[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

interface Part {
  readonly text: string;
  readonly column: number;
}

/** Between commas; without any, between colons outside of brackets, but for an IPv6 address. */
function partsOf(text: string): Part[] {
  const separator = text.includes(',') ? ',' : /^[0-9a-f]*(:[0-9a-f]*){2,7}$/i.test(text.trim()) ? undefined : ':';
  const parts: Part[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index <= text.length; index++) {
    const char = text[index];
    if (char === '[') depth++;
    if (char === ']') depth--;
    if (char !== undefined && (char !== separator || depth > 0)) continue;
    const piece = text.slice(start, index);
    const blanks = piece.length - piece.trimStart().length;
    if (piece.trim() !== '') parts.push({ text: piece.trim(), column: start + blanks + 1 });
    start = index + 1;
  }
  return parts;
}

/**
 * The hosts of a pattern, in the inventory's order. Throws `NodeSetError` for a part that matches nothing: Ansible only
 * warns, but a misspelt `!db1` would then run on db1.
 */
export function evaluateAnsiblePattern(text: string, world: AnsibleWorld): Set<string> {
  const parts = partsOf(text);
  const starting = (sign: string): Part[] =>
    parts
      .filter((part) => part.text.startsWith(sign))
      .map((part) => ({ text: part.text.slice(1), column: part.column + 1 }));
  const [without, within] = [starting('!'), starting('&')];
  const plain = parts.filter((part) => !/^[!&]/.test(part.text));
  if (parts.length === 0) return new Set();
  const chosen = new Set(plain.length === 0 ? world.hosts : plain.flatMap((part) => evaluatePart(part, world)));
  let selected = world.hosts.filter((name) => chosen.has(name));
  for (const part of within) {
    const right = new Set(evaluatePart(part, world));
    selected = selected.filter((name) => right.has(name));
  }
  for (const part of without) {
    const right = new Set(evaluatePart(part, world));
    selected = selected.filter((name) => !right.has(name));
  }
  return new Set(selected);
}

function evaluatePart({ text, column }: Part, world: AnsibleWorld): readonly string[] {
  const { pattern, pick } = subscript(text);
  const found = matches(pattern, column, world);
  if (found.length === 0) {
    const must = 'every part of it must match a host or a group';
    throw new NodeSetError(`"${pattern}" does not`, column, { must });
  }
  const picked = pick(found);
  if (picked.length === 0) throw new NodeSetError(`"${text}" picks none of its ${found.length} hosts`, column);
  return picked;
}

type Pick = (hosts: readonly string[]) => readonly string[];

/** `web[0]`, `web[-1]`, `web[0:2]` (both ends included), `web[1:]`; a regular expression has none. */
function subscript(text: string): { pattern: string; pick: Pick } {
  const match = text.startsWith('~') ? null : /^(.+)\[(?:(-?\d+)|(\d+)[:-](\d*))\]$/.exec(text);
  if (match === null) return { pattern: text, pick: (hosts) => hosts };
  const [, pattern, index, first, last] = match as unknown as [string, string, string?, string?, string?];
  if (index !== undefined) return { pattern, pick: (hosts) => hosts.slice(Number(index)).slice(0, 1) };
  const end = last === undefined || last === '' ? undefined : Number(last) + 1;
  return { pattern, pick: (hosts) => hosts.slice(Number(first), end) };
}

/** Groups first; hosts too where no group has that name or the pattern could mean both. */
function matches(pattern: string, column: number, world: AnsibleWorld): readonly string[] {
  if (pattern === 'all' || pattern === '*') return world.hosts;
  const test = tester(pattern, column);
  const groups = Object.keys(world.groups).filter(test);
  const members = new Set(groups.flatMap((name) => world.groups[name]!));
  if (groups.length === 0 || /^~|[.?*[]/.test(pattern)) {
    for (const host of world.hosts) if (test(host)) members.add(host);
  }
  return world.hosts.filter((host) => members.has(host));
}

function tester(pattern: string, column: number): (name: string) => boolean {
  if (!pattern.startsWith('~')) {
    const whole = wildcard(pattern);
    return (name) => whole.test(name);
  }
  try {
    // As Python's `re.match`: from the beginning of the name, not necessarily to its end.
    const expression = new RegExp(`^(?:${pattern.slice(1)})`);
    return (name) => expression.test(name);
  } catch (error) {
    throw new NodeSetError(`"${pattern}" is no regular expression: ${(error as Error).message}`, column);
  }
}
