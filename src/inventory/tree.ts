import { type ConnectionKind, type Host, resultSets, type SshSettings, type Variables } from '../model/inventory.ts';

/**
 * What every inventory format comes down to before groups are resolved. `all` need not be there; names are unique by
 * being keys.
 */
export interface InventoryTree {
  readonly hosts: Map<string, TreeHost>;
  readonly groups: Map<string, TreeGroup>;
}

export interface TreeHost {
  variables: Variables;
}

export interface TreeGroup {
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  variables: Variables;
  /** Its name has to be typed before anything goes to its hosts. */
  protected?: boolean;
}

/** How a host is reached, out of all variables that it has. */
export type ConnectionReader = (name: string, variables: Variables) => { ssh: SshSettings; connection: ConnectionKind };

/** The group of that name, made where it is not there yet. */
export function treeGroup(tree: InventoryTree, name: string): TreeGroup {
  const group = tree.groups.get(name) ?? { hosts: new Set(), children: new Set(), variables: {} };
  tree.groups.set(name, group);
  return group;
}

/** What is wrong with a group of this name, or undefined: `@failed` and its like are what the last run left behind. */
export function reservedGroup(name: string): string | undefined {
  if (!(resultSets as readonly string[]).includes(name)) return undefined;
  return `Cannot add group "${name}" as @${name} must mean the hosts that the last run left: the name is reserved`;
}

/** The host of that name, made where it is not there yet. */
export function treeHost(tree: InventoryTree, name: string): TreeHost {
  const host = tree.hosts.get(name) ?? { variables: {} };
  tree.hosts.set(name, host);
  return host;
}

/** The groups that form a circle of children, in order, or undefined where there is none. */
export function findCircle(tree: InventoryTree): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const child of tree.groups.get(name)?.children ?? []) {
      const circle = visit(child, [...trail, name]);
      if (circle !== undefined) return circle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of tree.groups.keys()) {
    const circle = visit(name, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/** How many groups lie above each one; a group stands below all of its parents. */
function depths(tree: InventoryTree): Map<string, number> {
  const depth = new Map([...tree.groups.keys()].map((name) => [name, 0]));
  // Without circles, as many rounds as there are groups are enough for the deepest of them.
  for (let round = 0, moved = true; moved && round <= tree.groups.size; round++) {
    moved = false;
    for (const [name, group] of tree.groups) {
      for (const child of group.children) {
        if (depth.get(child)! > depth.get(name)!) continue;
        depth.set(child, depth.get(name)! + 1);
        moved = true;
      }
    }
  }
  return depth;
}

/** Every host of a group, those of its children included, in the inventory's order of hosts. */
function membersOf(tree: InventoryTree, name: string): Set<string> {
  const members = new Set<string>();
  const visit = (group: string): void => {
    for (const host of tree.groups.get(group)?.hosts ?? []) members.add(host);
    for (const child of tree.groups.get(group)?.children ?? []) visit(child);
  };
  visit(name);
  return members;
}

/**
 * Hosts with their groups (parents before children, `all` first) and variables (all, then parents, then children, then the
 * host's own; of groups at one depth the later name wins, as in Ansible). The tree must be free of circles.
 */
export function resolveTree(
  tree: InventoryTree,
  connect: ConnectionReader,
): { hosts: Host[]; groups: Record<string, string[]>; protectedGroups: string[] } {
  const depth = depths(tree);
  const order = [...tree.groups.keys()]
    .filter((name) => name !== 'all')
    .sort((left, right) => depth.get(left)! - depth.get(right)! || (left < right ? -1 : 1));
  const members = new Map(order.map((name) => [name, membersOf(tree, name)]));
  const hosts = [...tree.hosts].map(([name, host]): Host => {
    const own = order.filter((group) => members.get(group)!.has(name));
    const groups = ['all', ...own];
    const variables = Object.assign(
      {},
      ...groups.map((group) => tree.groups.get(group)?.variables ?? {}),
      host.variables,
    );
    return { name, groups, variables, ...connect(name, variables) };
  });
  const names = [...tree.hosts.keys()];
  const groups: Record<string, string[]> = { all: names };
  for (const group of order) groups[group] = names.filter((name) => members.get(group)!.has(name));
  const guarded = ({ protected: said, variables }: TreeGroup): boolean =>
    said === true || variables.muster_protected === true;
  const protectedGroups = [...tree.groups].flatMap(([name, group]) => (guarded(group) ? [name] : []));
  return { hosts, groups, protectedGroups };
}
