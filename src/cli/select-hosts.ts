import { expandRange, HostRangeError } from '../base/host-range.ts';
import { nearest } from '../base/nearest.ts';
import { Problem } from '../base/problem.ts';
import type { Host, Inventory } from '../model/inventory.ts';

/** Operators of ClusterShell's node sets, left to right without precedence: union, difference, intersection, xor. */
const operators: Readonly<Record<string, (left: Set<string>, right: Set<string>) => Set<string>>> = {
  ',': (left, right) => new Set([...left, ...right]),
  '!': (left, right) => new Set([...left].filter((name) => !right.has(name))),
  '&': (left, right) => new Set([...left].filter((name) => right.has(name))),
  '^': (left, right) =>
    new Set([...[...left].filter((name) => !right.has(name)), ...[...right].filter((name) => !left.has(name))]),
};

/**
 * The hosts of an inventory that a node set names, in the inventory's order: `node[1-3]`, `@group`, `all`, `a,b!c`, `&`, `^`.
 * A group may be named without its `@` where no host has that name. Throws `Problem('usage')` for what is unknown.
 */
export function selectHosts(inventory: Inventory, pattern: string): Host[] {
  // Operators count outside brackets only: `node[1,3]` is one term.
  const parts = pattern.match(/(?:\[[^\]]*\]|[^,!&^[])+|[,!&^]|\[/g) ?? [];
  let selected = new Set<string>();
  let operator = ',';
  for (const part of parts.map((text) => text.trim()).filter((text) => text !== '')) {
    if (part in operators) operator = part;
    else {
      selected = operators[operator]!(selected, new Set(namesOf(inventory, part, pattern)));
      operator = ',';
    }
  }
  const hosts = inventory.hosts.filter((host) => selected.has(host.name));
  if (hosts.length > 0) return hosts;
  throw new Problem('usage', `Cannot use "${pattern}" as it must name hosts of ${inventory.file}: none is left`);
}

function namesOf(inventory: Inventory, term: string, pattern: string): readonly string[] {
  const isHost = (name: string): boolean => inventory.hosts.some((host) => host.name === name);
  const group = term.startsWith('@') ? term.slice(1) : term;
  if (term.startsWith('@') || !isHost(term)) {
    if (group === 'all') return inventory.hosts.map((host) => host.name);
    const members = Object.hasOwn(inventory.groups, group) ? inventory.groups[group] : undefined;
    if (members !== undefined) return members;
  }
  let names: string[];
  try {
    names = term.startsWith('@') ? [term] : expandRange(term);
  } catch (error) {
    if (!(error instanceof HostRangeError)) throw error;
    throw new Problem('usage', `Cannot use "${pattern}" as its ranges must read node[1-3]: ${error.message}`);
  }
  const unknown = names.find((name) => !isHost(name));
  if (unknown === undefined) return names;
  const known = [
    ...inventory.hosts.map((host) => host.name),
    ...Object.keys(inventory.groups).map((name) => `@${name}`),
    'all',
  ];
  const near = nearest(unknown, known);
  throw new Problem(
    'usage',
    `Cannot use "${pattern}" as every host and group must be in ${inventory.file}: "${unknown}" is not`,
    { hint: near === undefined ? undefined : `did you mean ${near}?` },
  );
}
