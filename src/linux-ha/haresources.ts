import { canonicalIp, prefixOfNetmask } from '../base/ip.ts';
import type { NodeName } from '../model/names.ts';
import type { AddressResource, Resource, ResourceGroup } from '../model/resource-group.ts';
import { type MistakeList, mistakeList, rawLines, type Token, throwMistakes, words } from './lines.ts';

/** The agents that are virtual addresses to us, not scripts that are run. */
const addressAgents = ['IPaddr', 'IPaddr2', 'IPv6addr'];

/**
 * `10.77.0.100/24/eth0:1/10.77.0.255` in the forms that people have: any part but the address may be missing or empty,
 * the netmask may be dotted, the interface may name an alias, a broadcast address may follow (the kernel knows it too).
 * Undefined where the text does not begin with an address.
 */
export function parseAddress(text: string): AddressResource | undefined {
  const [first, ...parts] = text.split('/');
  const address = canonicalIp(first ?? '');
  if (address === undefined) return undefined;
  let prefix: number | undefined;
  let device: string | undefined;
  for (const part of parts) {
    const mask = /^\d{1,3}$/.test(part) ? Number(part) : prefixOfNetmask(part);
    if (part === '' || (mask === undefined && canonicalIp(part) !== undefined)) continue;
    if (mask === undefined) device ??= part.replace(/:.*$/, '');
    else if (mask > (address.includes(':') ? 128 : 32)) return undefined;
    else prefix ??= mask;
  }
  return { kind: 'address', address, prefix, interface: device };
}

/** One resource as haresources writes it: `IPaddr2::10.77.0.100/24/eth0`, a bare address, or `AGENT::ARG::ARG`. */
export function parseResource(text: string): Resource | undefined {
  const [agent, ...args] = text.split('::') as [string, ...string[]];
  // `::` also occurs in IPv6 addresses, so those are tried as a whole first.
  const bare = parseAddress(text);
  if (bare !== undefined) return bare;
  if (!/^[A-Za-z0-9_.+@-]+$/.test(agent)) return undefined;
  if (addressAgents.includes(agent)) return parseAddress(args.join('::'));
  return { kind: 'agent', agent, args };
}

/** The resource in haresources' notation; `parseResource` reads it back to the same. */
export function writeResource(resource: Resource): string {
  if (resource.kind === 'agent') return [resource.agent, ...resource.args].join('::');
  const agent = resource.address.includes(':') ? 'IPv6addr' : 'IPaddr2';
  const parts = [resource.address, resource.prefix, resource.interface].filter((part) => part !== undefined);
  return `${agent}::${parts.join('/')}`;
}

/**
 * What tells the groups of one haresources apart, as the format has no names: the first address, else the first agent
 * with its arguments. It is the group's name unless muster.yml gives another.
 */
export function groupKey(resources: readonly Resource[]): string {
  const address = resources.find((resource) => resource.kind === 'address');
  return address !== undefined ? address.address : writeResource(resources[0]!);
}

/** Words of each logical line; a line that ends in a backslash goes on in the next one. */
function logicalLines(text: string): Token[][] {
  const lines: Token[][] = [];
  let open: Token[] | undefined;
  for (const [index, raw] of rawLines(text).entries()) {
    const start = raw.search(/(?<=^|\s)#/);
    const said = start < 0 ? raw : raw.slice(0, start);
    const continues = /\\\s*$/.test(said);
    const tokens = words(said.replace(/\\\s*$/, ''), index + 1);
    if (open === undefined) lines.push(tokens);
    else open.push(...tokens);
    open = continues ? (open ?? tokens) : undefined;
  }
  return lines.filter((tokens) => tokens.length > 0);
}

function readResources(tokens: readonly Token[], list: MistakeList): Resource[] {
  return tokens.flatMap((token) => {
    const resource = parseResource(token.text);
    if (resource !== undefined) return [resource];
    const agent = token.text.split('::')[0]!;
    const wanted = addressAgents.includes(agent)
      ? 'an address like 10.0.0.1/24/eth0 must follow'
      : 'it must be an address or AGENT::ARGUMENT';
    list.add(token, `Cannot read resource "${token.text}" as ${wanted}: it is not so`);
    return [];
  });
}

/** A group as haresources says it, with the place of its line, for mistakes that show only together with other files. */
export interface PlacedGroup extends ResourceGroup {
  readonly at: { readonly file: string; readonly line: number; readonly column: number };
}

/** An address of these resources that another group has too, or the whole group's key where that is taken. */
function sharedResource(
  resources: readonly Resource[],
  groups: readonly PlacedGroup[],
): { key: string; other: PlacedGroup } | undefined {
  const addresses = resources.flatMap((resource) => (resource.kind === 'address' ? [resource.address] : []));
  for (const key of addresses.length === 0 ? [groupKey(resources)] : addresses) {
    const other = groups.find((group) => {
      const taken = group.resources.some((resource) => resource.kind === 'address' && resource.address === key);
      return taken || group.name === key;
    });
    if (other !== undefined) return { key, other };
  }
  return undefined;
}

/**
 * Reads haresources: a line a group, `NODE RESOURCE...`. `nodes` are those of ha.cf; without them any name is accepted.
 * Throws a `Problem` with all mistakes.
 */
export function parseHaresources(text: string, file = 'haresources', nodes?: readonly NodeName[]): PlacedGroup[] {
  const list = mistakeList(file);
  const groups: PlacedGroup[] = [];
  for (const [head, ...rest] of logicalLines(text) as [Token, ...Token[]][]) {
    const resources = readResources(rest, list);
    if (nodes !== undefined && !nodes.includes(head.text)) {
      list.add(
        head,
        `Cannot prefer node "${head.text}" as ha.cf must name it: it does not (known: ${nodes.join(', ')})`,
      );
    }
    if (rest.length === 0) {
      list.add(head, `Cannot read the group of "${head.text}" as a resource must follow the node: none does`);
    }
    if (resources.length === 0) continue;
    const name = groupKey(resources);
    const twin = sharedResource(resources, groups);
    if (twin !== undefined) {
      const { key, other } = twin;
      list.add(head, `Cannot add ${key} to a second group as it belongs to one: line ${other.at.line} has it too`);
      continue;
    }
    groups.push({ name, preferred: head.text, resources, at: { file, line: head.line, column: head.column } });
  }
  throwMistakes(list);
  return groups;
}
