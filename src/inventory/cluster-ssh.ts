/**
 * The clusters files of ClusterSSH (`/etc/clusters`, `~/.clusterssh/clusters`; clusterssh(1), "FILES"): a tag a line, then
 * its servers or other tags. `#` begins a comment, a backslash at the end goes on with the next line.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Host, Inventory } from '../model/inventory.ts';

/** Tags with what stands behind them. */
export type ClusterTags = ReadonlyMap<string, readonly string[]>;

/** Where ClusterSSH looks, in its order. */
export function clusterFiles(): string[] {
  return ['/etc/clusters', join(homedir(), '.clusterssh/clusters')];
}

/** A tag that stands there several times has all of their servers. */
export function parseClusters(text: string): ClusterTags {
  const tags = new Map<string, string[]>();
  const lines = text.replace(/\\[ \t]*\r?\n/g, ' ').split(/\r?\n/);
  for (const line of lines) {
    const [tag, ...words] = line
      .replace(/(^|\s)#.*$/, '')
      .split(/\s+/)
      .filter((word) => word !== '');
    if (tag === undefined) continue;
    tags.set(tag, [...(tags.get(tag) ?? []), ...words.flatMap(expandBraces)]);
  }
  return tags;
}

/** More than anybody means. */
const maxServers = 10_000;

/** `web{1..3,7}` and `{a,b}.example.org`, as ClusterSSH expands them; text that is no such range stays as it is. */
export function expandBraces(word: string): string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/.exec(word);
  if (match === null) return [word];
  const [, before, list, after] = match as unknown as [string, string, string, string];
  const choices = list.split(',').flatMap((part) => {
    const range = /^(\d+)\.\.(\d+)$/.exec(part);
    if (range === null) return [part];
    const [first, last] = [Number(range[1]), Number(range[2])];
    if (last < first || last - first >= maxServers) return [part];
    const width = range[1]!.startsWith('0') ? range[1]!.length : 1;
    return Array.from({ length: last - first + 1 }, (_, index) => String(first + index).padStart(width, '0'));
  });
  return expandBraces(after).flatMap((rest) => choices.map((choice) => `${before}${choice}${rest}`));
}

/** The servers of a tag, tags within it expanded. A circle of tags adds nothing. */
export function serversOf(tags: ClusterTags, tag: string, above: readonly string[] = []): string[] {
  const found = (tags.get(tag) ?? []).flatMap((word) => {
    if (!tags.has(word)) return [word];
    return above.includes(word) || word === tag ? [] : serversOf(tags, word, [...above, tag]);
  });
  return [...new Set(found)];
}

/** A host out of `user@name:port` as ClusterSSH has it; what follows `=` is about its window. */
export function hostFromWord(word: string): Host {
  const match = /^(?:([^@]+)@)?(\[[^\]]+\]|[^:=]+|[^=]*:[^=]*:[^=]*?)(?::(\d+))?(?:=.*)?$/.exec(word);
  const [, user, address = word, port] = match ?? [];
  const name = address.replace(/^\[|\]$/g, '');
  return {
    name,
    connection: 'ssh',
    ssh: {
      address: name,
      user,
      port: port === undefined ? undefined : Number(port),
      identityFile: undefined,
      proxyCommand: undefined,
    },
    groups: ['all'],
    variables: {},
  };
}

/**
 * The inventory with ClusterSSH's tags as groups; what it has itself keeps its meaning, and servers that it does not know
 * become hosts, reached as `ssh` reaches them.
 */
export function withClusters(inventory: Inventory, tags: ClusterTags): Inventory {
  const hosts = new Map(inventory.hosts.map((host) => [host.name, host]));
  const groups: Record<string, readonly string[]> = { ...inventory.groups };
  for (const tag of tags.keys()) {
    if (Object.hasOwn(groups, tag) || hosts.has(tag)) continue;
    const members = serversOf(tags, tag).map(hostFromWord);
    for (const host of members) if (!hosts.has(host.name)) hosts.set(host.name, host);
    groups[tag] = [...new Set(members.map(({ name }) => name))];
  }
  groups.all = [...hosts.keys()];
  return { ...inventory, hosts: [...hosts.values()], groups };
}

/** The tags of all files that can be read; one that is not there has none. */
export async function readClusters(files: readonly string[] = clusterFiles()): Promise<ClusterTags> {
  const tags = new Map<string, readonly string[]>();
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    for (const [tag, words] of parseClusters(text)) tags.set(tag, [...(tags.get(tag) ?? []), ...words]);
  }
  return tags;
}
