/** `placement:` of muster.yml and of the inventory: where groups would rather run, and what they are to each other. */
import {
  type Amounts,
  type Failback,
  type GroupPlacement,
  type GroupRule,
  highestWeight,
  type Placement,
} from '../model/placement.ts';
import { failbackForms, parseFailback } from './failback.ts';
import type { Path } from './yaml-document.ts';
import type { YamlReader } from './yaml-reader.ts';

const keys = ['stickiness', 'failback', 'capacity', 'groups', 'rules'];
const groupKeys = ['prefer', 'never', 'stickiness', 'failback', 'uses'];
export const ruleKinds = ['together', 'apart', 'order'] as const;
/** An amount may be a fraction, down to a thousandth. */
export const highestAmount = 1e9;

/** The whole of `placement:`, which stands at `base`; undefined where it is left out. */
export function readPlacement(reader: YamlReader, value: unknown, base: Path): Placement | undefined {
  if (value === undefined || value === null) return undefined;
  const top = reader.map(value, base, keys);
  const capacity = Object.entries(reader.map(top.capacity, [...base, 'capacity'], undefined)).map(
    ([node, amounts]) => [node, readAmounts(reader, amounts, [...base, 'capacity', node])] as const,
  );
  const groups = Object.entries(reader.map(top.groups, [...base, 'groups'], undefined)).map(
    ([name, group]) => [name, readGroup(reader, group, [...base, 'groups', name])] as const,
  );
  return {
    stickiness: readWeight(reader, top.stickiness, [...base, 'stickiness'], 0) ?? 0,
    failback: readFailback(reader, top.failback, [...base, 'failback']),
    groups: Object.fromEntries(groups),
    capacity: Object.fromEntries(capacity),
    rules: reader
      .list(top.rules, [...base, 'rules'])
      .flatMap((rule, index) => readRule(reader, rule, [...base, 'rules', index]) ?? []),
  };
}

function readGroup(reader: YamlReader, value: unknown, path: Path): GroupPlacement {
  const fields = reader.map(value, path, groupKeys);
  const prefer = Object.entries(reader.map(fields.prefer, [...path, 'prefer'], undefined)).flatMap(([node, weight]) => {
    const read = readWeight(reader, weight, [...path, 'prefer', node], -highestWeight);
    return read === undefined ? [] : [[node, read] as const];
  });
  return {
    prefer: Object.fromEntries(prefer),
    never: readNames(reader, fields.never, [...path, 'never']),
    stickiness: readWeight(reader, fields.stickiness, [...path, 'stickiness'], 0),
    failback: readFailback(reader, fields.failback, [...path, 'failback']),
    uses: readAmounts(reader, fields.uses, [...path, 'uses']),
  };
}

function readRule(reader: YamlReader, value: unknown, path: Path): GroupRule | undefined {
  const fields = reader.map(value, path, [...ruleKinds, 'strict']);
  const said = ruleKinds.filter((kind) => fields[kind] !== undefined);
  const [kind] = said;
  if (kind === undefined || said.length > 1)
    return reader.wrong(path, `one of ${ruleKinds.join(', ')}, with a list of groups`, value);
  const groups = readNames(reader, fields[kind], [...path, kind]);
  if (groups.length < 2) return reader.wrong([...path, kind], 'a list of two groups at least', fields[kind]);
  const { strict = false } = fields;
  if (typeof strict !== 'boolean') return reader.wrong([...path, 'strict'], 'true or false', strict);
  return { kind, groups, strict };
}

function readNames(reader: YamlReader, value: unknown, path: Path): string[] {
  const names = reader.list(value, path).flatMap((item, index) => reader.text(item, [...path, index]) ?? []);
  return [...new Set(names)];
}

function readWeight(reader: YamlReader, value: unknown, path: Path, low: number): number | undefined {
  return reader.number(value, path, low, highestWeight, true);
}

function readAmounts(reader: YamlReader, value: unknown, path: Path): Amounts {
  const amounts = Object.entries(reader.map(value, path, undefined)).flatMap(([what, amount]) => {
    const read = reader.number(amount, [...path, what], 0, highestAmount, false);
    return read === undefined ? [] : [[what, read] as const];
  });
  return Object.fromEntries(amounts);
}

function readFailback(reader: YamlReader, value: unknown, path: Path): Failback | undefined {
  if (value === undefined) return undefined;
  // YAML 1.1, which some write by habit, takes the bare words for booleans.
  if (typeof value === 'boolean') return { kind: value ? 'on' : 'off' };
  const failback = typeof value === 'string' ? parseFailback(value) : undefined;
  return failback ?? reader.wrong(path, failbackForms, value);
}
