import { throwMistakes } from '../linux-ha/lines.ts';
import { type Path, unknownKey, type YamlFile } from '../linux-ha/yaml-document.ts';
import type { Inventory, Variables } from '../model/inventory.ts';
import { ansibleConnection, expandAnsibleRange } from './ansible-variables.ts';
import { findCircle, type InventoryTree, reservedGroup, resolveTree, treeGroup, treeHost } from './tree.ts';

type Fields = Readonly<Record<string, unknown>>;

const groupKeys = ['hosts', 'children', 'vars'];

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether the data has Ansible's shape: every name at the top is a group, and `hosts` and `cluster` are none. */
export function looksLikeAnsible(data: unknown): boolean {
  if (!isMap(data)) return false;
  const names = Object.keys(data);
  if (names.some((name) => ['hosts', 'cluster', 'groups', 'defaults', '$schema'].includes(name))) return false;
  return (
    names.includes('all') ||
    Object.values(data).some((group) => isMap(group) && groupKeys.some((key) => Object.hasOwn(group, key)))
  );
}

class Reader {
  readonly #yaml: YamlFile;
  readonly tree: InventoryTree = { hosts: new Map(), groups: new Map() };

  constructor(yaml: YamlFile) {
    this.#yaml = yaml;
  }

  /** The map at a path; nothing at all is an empty one, as in `children: { web: }`. */
  #map(value: unknown, path: Path): Fields {
    if (value === null || value === undefined) return {};
    if (isMap(value)) return value;
    const what = path.length === 0 ? 'the inventory' : `"${path.at(-1)}"`;
    this.#yaml.list.add(this.#yaml.at(path), `Cannot read ${what} as a map of names: ${JSON.stringify(value)}`);
    return {};
  }

  #hosts(group: string, value: unknown, path: Path): void {
    for (const [text, own] of Object.entries(this.#map(value, path))) {
      const names = expandAnsibleRange(text);
      if (names === undefined) {
        this.#yaml.list.add(
          this.#yaml.keyAt(path, text),
          `Cannot read "${text}" as a host or a range like node[1:3]: it is neither`,
        );
        continue;
      }
      const variables = this.#map(own, [...path, text]) as Variables;
      for (const name of names) {
        const host = treeHost(this.tree, name);
        host.variables = { ...host.variables, ...variables };
        treeGroup(this.tree, group).hosts.add(name);
      }
    }
  }

  group(name: string, value: unknown, path: Path): void {
    const fields = this.#map(value, path);
    for (const key of Object.keys(fields)) if (!groupKeys.includes(key)) unknownKey(this.#yaml, path, key, groupKeys);
    const reserved = reservedGroup(name);
    if (reserved !== undefined) this.#yaml.list.add(this.#yaml.keyAt(path.slice(0, -1), name), reserved);
    const group = treeGroup(this.tree, name);
    group.variables = { ...group.variables, ...(this.#map(fields.vars, [...path, 'vars']) as Variables) };
    this.#hosts(name, fields.hosts, [...path, 'hosts']);
    for (const [child, inner] of Object.entries(this.#map(fields.children, [...path, 'children']))) {
      group.children.add(child);
      this.group(child, inner, [...path, 'children', child]);
    }
  }

  read(): void {
    for (const [name, group] of Object.entries(this.#map(this.#yaml.data, []))) this.group(name, group, [name]);
  }
}

/** Reads an Ansible YAML inventory: hosts, groups and variables. Throws a `Problem` with all mistakes. */
export function readAnsibleYaml(yaml: YamlFile, file: string): Inventory {
  const reader = new Reader(yaml);
  reader.read();
  // Everything is below "all" anyway; as a child it would only count twice.
  reader.tree.groups.get('all')?.children.clear();
  const circle = findCircle(reader.tree);
  if (circle !== undefined) {
    const message = `Cannot nest group "${circle[0]}" as no group may contain itself: ${circle.join(' > ')}`;
    yaml.list.add({ line: 1, column: 1 }, message);
  }
  throwMistakes(yaml.list);
  return { file, ...resolveTree(reader.tree, ansibleConnection), cluster: undefined };
}
