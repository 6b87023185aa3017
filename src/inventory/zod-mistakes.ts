import type * as z from 'zod';
import { nearest } from '../base/nearest.ts';
import { unknownKey, type YamlFile } from '../linux-ha/yaml-document.ts';

type Issue = z.core.$ZodIssue;
type Path = (string | number)[];

/** The keys of each map of a JSON Schema, found along a path; for the nearest known key of a misspelt one. */
function keysAt(schema: unknown, path: Path): string[] {
  const node = schema as Record<string, unknown> | undefined;
  if (node === undefined || node === null) return [];
  const branches = (node.anyOf ?? node.oneOf) as unknown[] | undefined;
  if (branches !== undefined) return branches.flatMap((branch) => keysAt(branch, path));
  const properties = node.properties as Record<string, unknown> | undefined;
  const [first, ...rest] = path;
  if (first === undefined) return Object.keys(properties ?? {}).filter((key) => key !== '$schema');
  if (typeof first === 'number') return keysAt(node.items, rest);
  const next =
    properties !== undefined && Object.hasOwn(properties, first) ? properties[first] : node.additionalProperties;
  return typeof next === 'object' ? keysAt(next, rest) : [];
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a map of keys and values',
  record: 'a map of names and values',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function wanted(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      // A message of the schema's own says more than the kind of value.
      return issue.message.startsWith('Invalid input') ? (kinds[issue.expected] ?? issue.expected) : issue.message;
    case 'invalid_value':
      return `one of ${issue.values.join(', ')}`;
    case 'too_small':
      return issue.origin === 'array' ? 'a list that is not empty' : `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'invalid_key':
      return 'a name of letters, digits, "_", "." and "-"';
    default:
      return issue.message;
  }
}

/** Of a union's branches, the one that was most likely meant: it got furthest before something did not fit. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const depth = (issues: readonly Issue[]): number => Math.max(...issues.map(({ path }) => path.length));
  const inside = branches.filter(
    (issues) => issues.length > 0 && (depth(issues) > 0 || issues[0]!.code === 'unrecognized_keys'),
  );
  return inside.sort((left, right) => depth(right) - depth(left))[0] ?? [];
}

function show(value: unknown): string {
  if (value === undefined) return 'it is missing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | undefined | null)?.[key as string],
    data,
  );
}

function addIssue(yaml: YamlFile, schema: unknown, issue: Issue, base: Path): void {
  const path = [...base, ...(issue.path as Path)];
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) unknownKey(yaml, path, key, keysAt(schema, path));
    return;
  }
  if (issue.code === 'invalid_union') {
    const inner = likeliest(issue.errors);
    if (inner.length > 0) {
      for (const part of inner) addIssue(yaml, schema, part, path);
      return;
    }
    const choices = [...new Set(issue.errors.flatMap((part) => part.map(wanted)))].join(' or ');
    yaml.list.add(yaml.at(path), `Cannot read "${path.at(-1)}" as ${choices}: ${show(valueAt(yaml.data, path))}`);
    return;
  }
  const value = valueAt(yaml.data, path);
  const label = path.length === 0 ? 'the inventory' : `"${path.at(-1)}"`;
  if (issue.code === 'invalid_key') {
    yaml.list.add(
      yaml.keyAt(path.slice(0, -1), String(path.at(-1))),
      `Cannot read ${label} as ${wanted(issue)}: it is not`,
    );
    return;
  }
  const guess =
    issue.code === 'invalid_value' && typeof value === 'string' ? nearest(value, issue.values.map(String)) : undefined;
  const hint = guess === undefined ? undefined : `did you mean "${guess}"?`;
  if (value === undefined && path.length > 0) {
    const around = path.slice(0, -1);
    const owner = around.length === 0 ? 'an inventory' : `"${around.join('.')}"`;
    yaml.list.add(yaml.at(around), `Cannot read ${owner} as it must say "${path.at(-1)}": it does not`);
    return;
  }
  yaml.list.add(yaml.at(path), `Cannot read ${label} as ${wanted(issue)}: ${show(value)}`, hint);
}

/** Adds every mistake that the schema found, each where it stands in the file. */
export function addZodMistakes(yaml: YamlFile, jsonSchema: unknown, error: z.core.$ZodError): void {
  for (const issue of error.issues) addIssue(yaml, jsonSchema, issue, []);
}
