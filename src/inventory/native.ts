import { canonicalIp } from '../base/ip.ts';
import { throwMistakes } from '../linux-ha/lines.ts';
import type { YamlFile } from '../linux-ha/yaml-document.ts';
import type { Inventory, SshSettings, Variables } from '../model/inventory.ts';
import { describeCluster } from './describe-cluster.ts';
import { expandPart, splitSet } from './host-set.ts';
import { milliseconds } from './milliseconds.ts';
import type { NativeHost, NativeInventory } from './schema.ts';
import { findCircle, type InventoryTree, reservedGroup, resolveTree, treeGroup } from './tree.ts';

/** A host with its ranges expanded: its own settings above the defaults. */
interface HostEntry {
  readonly settings: NativeHost;
  readonly address: string;
  readonly clusterAddresses: readonly string[];
}

/** The n-th of the values that a range means, beside the n-th name; a text without a range is the same for all. */
function beside(yaml: YamlFile, text: string, path: (string | number)[], names: readonly string[]): string[] {
  const part = { text, at: yaml.at(path) };
  const values = text.includes('[') && canonicalIp(text) === undefined ? expandPart(yaml, part) : names.map(() => text);
  if (values.length === names.length) return values;
  if (values.length > 0 && names.length > 0) {
    const seen = `${values.length} for ${names.length} ${names.length === 1 ? 'name' : 'names'}`;
    yaml.list.add(
      part.at,
      `Cannot give addresses "${text}" to "${path[1]}" as there must be one for each name: ${seen}`,
    );
  }
  return names.map(() => text);
}

function readHosts(yaml: YamlFile, native: NativeInventory): Map<string, HostEntry> {
  const hosts = new Map<string, HostEntry>();
  for (const [key, value] of Object.entries(native.hosts)) {
    const part = {
      text: key,
      // Looked up only where something is wrong: of a thousand hosts, all of the file would be gone through for each.
      get at() {
        return yaml.keyAt(['hosts'], key);
      },
    };
    const names = expandPart(yaml, part);
    const settings: NativeHost = { ...native.defaults, ...value };
    const given = value?.cluster_addresses ?? [];
    const addresses =
      value?.address === undefined ? names : beside(yaml, value.address, ['hosts', key, 'address'], names);
    const path = ['hosts', key, 'cluster_addresses'];
    const others =
      typeof given === 'string'
        ? [beside(yaml, given, path, names)]
        : given.map((text, index) => beside(yaml, text, [...path, index], names));
    for (const [index, name] of names.entries()) {
      if (hosts.has(name)) {
        yaml.list.add(yaml.keyAt(['hosts'], key), `Cannot add host "${name}" as each is there once: it is there twice`);
      }
      const own = others.length === 0 ? [addresses[index]!] : others.map((list) => list[index]!);
      const clusterAddresses = own.flatMap((text) => canonicalIp(text) ?? []);
      hosts.set(name, { settings, address: addresses[index]!, clusterAddresses });
    }
  }
  return hosts;
}

function readGroups(yaml: YamlFile, native: NativeInventory, tree: InventoryTree): void {
  const groups = native.groups ?? {};
  for (const [name, value] of Object.entries(groups)) {
    const group = treeGroup(tree, name);
    const full = typeof value === 'string' || Array.isArray(value) ? { hosts: value } : value;
    const path = full === value ? ['groups', name, 'hosts'] : ['groups', name];
    if (tree.hosts.has(name)) {
      yaml.list.add(yaml.keyAt(['groups'], name), `Cannot add group "${name}" as no host may have its name: one has`);
    }
    const reserved = reservedGroup(name);
    if (reserved !== undefined) yaml.list.add(yaml.keyAt(['groups'], name), reserved);
    group.variables = (full.vars ?? {}) as Variables;
    group.protected = full.protected === true;
    for (const part of splitSet(yaml, full.hosts ?? [], path)) {
      if (Object.hasOwn(groups, part.text)) group.children.add(part.text);
      else for (const host of checkHosts(yaml, part, tree, name)) group.hosts.add(host);
    }
    for (const part of splitSet(yaml, full.children ?? [], ['groups', name, 'children'])) {
      if (Object.hasOwn(groups, part.text)) group.children.add(part.text);
      else {
        const known = Object.keys(groups).join(', ');
        yaml.list.add(
          part.at,
          `Cannot put "${part.text}" into "${name}" as children must be groups: it is none (known: ${known})`,
        );
      }
    }
  }
}

function checkHosts(
  yaml: YamlFile,
  part: ReturnType<typeof splitSet>[number],
  tree: InventoryTree,
  group: string,
): string[] {
  const names = expandPart(yaml, part);
  const missing = names.filter((name) => !tree.hosts.has(name));
  if (missing.length > 0) {
    const known = [...tree.hosts.keys()].slice(0, 20).join(', ');
    yaml.list.add(
      part.at,
      `Cannot put "${missing[0]}" into group "${group}" as it must be a host or a group: it is neither (known: ${known})`,
    );
  }
  return names.filter((name) => tree.hosts.has(name));
}

function sshSettings(settings: NativeHost): Omit<SshSettings, 'address'> {
  const { user, port, identity_file: identityFile, proxy_command: proxyCommand, persist } = settings;
  return {
    user,
    port,
    identityFile,
    proxyCommand,
    proxyJump: settings.proxy_jump,
    persist: persist === undefined || persist === 'off' ? persist : milliseconds(persist),
  };
}

/** Reads Muster's own format, which the schema has let through. Throws a `Problem` with all mistakes of meaning. */
export function readNative(yaml: YamlFile, file: string): Inventory {
  const native = yaml.data as NativeInventory;
  const entries = readHosts(yaml, native);
  const tree: InventoryTree = { hosts: new Map(), groups: new Map() };
  for (const [name, { settings }] of entries) tree.hosts.set(name, { variables: (settings.vars ?? {}) as Variables });
  treeGroup(tree, 'all').variables = (native.vars ?? {}) as Variables;
  if (native.groups !== undefined && Object.hasOwn(native.groups, 'all')) {
    const hint = 'variables of all hosts stand under "vars"';
    yaml.list.add(
      yaml.keyAt(['groups'], 'all'),
      'Cannot define group "all" as it has every host by itself: it is there',
      hint,
    );
  }
  readGroups(yaml, native, tree);
  const circle = findCircle(tree);
  if (circle !== undefined) {
    const at = yaml.keyAt(['groups'], circle[0]!);
    yaml.list.add(at, `Cannot nest group "${circle[0]}" as no group may contain itself: ${circle.join(' > ')}`);
  }
  throwMistakes(yaml.list);
  const { hosts, groups, protectedGroups } = resolveTree(tree, (name) => {
    const { settings, address } = entries.get(name)!;
    return { connection: settings.connection ?? 'ssh', ssh: { address, ...sshSettings(settings) } };
  });
  const addresses = Object.fromEntries([...entries].map(([name, entry]) => [name, entry.clusterAddresses]));
  const names = new Set(entries.keys());
  const variables = (native.vars ?? {}) as Variables;
  const cluster = native.cluster && describeCluster(yaml, native.cluster, { names, groups, addresses }, variables);
  throwMistakes(yaml.list);
  return { file, hosts, groups, protectedGroups, cluster };
}
