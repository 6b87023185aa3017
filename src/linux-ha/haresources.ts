import { canonicalIp, prefixOfNetmask } from '../base/ip.ts';
import { own } from '../base/own.ts';
import { agentOf } from '../model/agent.ts';
import { knownAgents } from '../model/known-agents.ts';
import type { NodeName } from '../model/names.ts';
import type { AddressResource, AgentResource, Resource, ResourceGroup } from '../model/resource-group.ts';
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
  for (const [place, part] of parts.entries()) {
    const mask = /^\d{1,3}$/.test(part) ? Number(part) : prefixOfNetmask(part);
    const isOther = mask === undefined && canonicalIp(part) !== undefined;
    // Where the netmask stands, 255.0.255.0 is none, and no broadcast address either.
    if (isOther && place === 0) return undefined;
    if (part === '' || isOther) continue;
    if (mask === undefined) device ??= part.replace(/:.*$/, '');
    else if (mask > (address.includes(':') ? 128 : 32)) return undefined;
    else prefix ??= mask;
  }
  return { kind: 'address', address, prefix, interface: device };
}

/** Their counterparts among OCF agents, with the parameter that is the address: behind the gate like those, never beside it. */
const ocfAddressAgents: Readonly<Record<string, string>> = { IPaddr: 'ip', IPaddr2: 'ip', IPv6addr: 'ipv6addr' };

/** What cannot be read, and what it should be. */
interface BadResource {
  readonly wanted: string;
}

/**
 * Arguments as heartbeat separates them, by `::`; but that may also stand in an IPv6 address, where a named parameter goes
 * on, or where the agent has only one argument.
 */
function splitArguments(agent: string, text: readonly string[]): string[] {
  if (agent.startsWith('ocf:')) {
    const args: string[] = [];
    for (const part of text) {
      const before = args.length - 1;
      if (before < 0 || /^[A-Za-z_][\w-]*=/.test(part)) args.push(part);
      else args[before] += `::${part}`;
    }
    return args;
  }
  const whole = text.join('::');
  // `Delay::0::0` is no address: its agent says what each argument looks like.
  const hasForms = own(knownAgents, agent)?.forms !== undefined;
  return !hasForms && text.length > 1 && canonicalIp(whole.split('/')[0]!) !== undefined ? [whole] : [...text];
}

interface OwnAgent {
  /** As the end of "musterd ...". */
  readonly does: string;
  /** The parameter of the OCF agent that is the one argument here, and those that mean nothing. */
  readonly argument: string;
  readonly ignored: readonly string[];
}

/** What musterd does itself, whatever names it: the real ldirectord would fill the same table, if this kernel has one at all. */
const ownAgents: Readonly<Record<string, OwnAgent>> = {
  ldirectord: { does: 'is ldirectord itself', argument: 'configfile', ignored: ['ldirectord'] },
  IPsrcaddr: { does: 'sets source addresses itself', argument: 'ipaddress', ignored: ['cidr_netmask'] },
};
const ownName = /^(?:ocf:heartbeat:|heartbeat:|lsb:|systemd:)?(\w+)(?:\.service)?$/;

/** The same by its bare name, where it is one of those; undefined where it is none. */
function asOwn({ agent, args }: AgentResource): AgentResource | BadResource | undefined {
  const name = ownName.exec(agent)?.[1] ?? '';
  const known = own(ownAgents, name);
  if (known === undefined) return undefined;
  const checked = (texts: readonly string[]): AgentResource | BadResource => {
    const resource: AgentResource = { kind: 'agent', agent: name, args: texts };
    const meant = agentOf(resource);
    return 'wanted' in meant ? meant : resource;
  };
  const meant = agentOf({ kind: 'agent', agent, args });
  if (!('kind' in meant) || meant.kind !== 'ocf') return checked(args);
  const { [known.argument]: argument, ...others } = meant.parameters;
  const unknown = Object.keys(others).find((parameter) => !known.ignored.includes(parameter));
  if (unknown !== undefined) return { wanted: `musterd ${known.does}, and knows no parameter "${unknown}"` };
  return checked(argument === undefined ? [] : [argument]);
}

function readResource(text: string): Resource | BadResource {
  const [agent, ...rest] = text.split('::') as [string, ...string[]];
  // `::` also occurs in IPv6 addresses, so those are tried as a whole first.
  const bare = parseAddress(text);
  if (bare !== undefined) return bare;
  const address = 'an address like 10.0.0.1/24/eth0 must follow';
  if (addressAgents.includes(agent)) return parseAddress(rest.join('::')) ?? { wanted: address };
  const resource: Resource = { kind: 'agent', agent, args: splitArguments(agent, rest) };
  const ownOne = asOwn(resource);
  if (ownOne !== undefined) return ownOne;
  const meant = agentOf(resource);
  if ('wanted' in meant) return meant;
  if (meant.kind !== 'ocf' || meant.provider !== 'heartbeat') return resource;
  const parameter = own(ocfAddressAgents, meant.type);
  if (parameter === undefined) return resource;
  const { [parameter]: ip = '', cidr_netmask: mask = '', nic = '', broadcast = '', ...others } = meant.parameters;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return { wanted: `musterd moves addresses itself, and knows no parameter "${unknown}"` };
  return parseAddress([ip, mask, nic, broadcast].join('/')) ?? { wanted: `${agent}::${parameter}=ADDRESS must follow` };
}

/**
 * One resource as haresources writes it: a bare address, `IPaddr2::10.77.0.100/24/eth0`, a script of heartbeat's or of
 * init's with its arguments (`Filesystem::/dev/sdb1::/srv::ext4`), `ocf:PROVIDER:TYPE::NAME=VALUE`, `systemd:UNIT`,
 * `UNIT.service` or `lsb:SCRIPT`. Undefined where it is none of these.
 */
export function parseResource(text: string): Resource | undefined {
  const read = readResource(text);
  return 'wanted' in read ? undefined : read;
}

/** What a resource that `parseResource` does not read should have been, in words. */
export function wantedResource(text: string): string {
  const read = readResource(text);
  return 'wanted' in read ? read.wanted : '';
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

/** Words of each logical line, as heartbeat's ResourceManager reads them. */
function logicalLines(text: string): Token[][] {
  const lines: Token[][] = [];
  let open: Token[] | undefined;
  let glue = false;
  for (const [index, raw] of rawLines(text).entries()) {
    // A comment begins anywhere, also within a word, and hides a backslash at its end. (On a line that goes on from another
    // one heartbeat 3 sees none, and would run its words.)
    const said = raw.replace(/#.*$/, '');
    const continues = /\\\s*$/.test(said);
    const body = said.replace(/\\\s*$/, '');
    const tokens = words(body, index + 1);
    const last = open?.at(-1);
    // The backslash and the line's end vanish: a word that touches them goes on where the next line begins.
    if (glue && last !== undefined && tokens[0]?.column === 1)
      open!.splice(-1, 1, { ...last, text: last.text + tokens.shift()!.text });
    if (open === undefined) lines.push(tokens);
    else open.push(...tokens);
    open = continues ? (open ?? tokens) : undefined;
    glue = continues && /\S$/.test(body);
  }
  return lines.filter((tokens) => tokens.length > 0);
}

function readResources(tokens: readonly Token[], list: MistakeList): Resource[] {
  return tokens.flatMap((token) => {
    const resource = parseResource(token.text);
    if (resource !== undefined) return [resource];
    list.add(token, `Cannot read resource "${token.text}" as ${wantedResource(token.text)}: it is not so`);
    return [];
  });
}

/** The files that haresources passes to ldirectord, as it writes them. */
export function ldirectordFilesIn(text: string): string[] {
  const resources = logicalLines(text).flatMap(([, ...rest]) => rest.map((token) => parseResource(token.text)));
  return resources.flatMap((resource) =>
    resource?.kind === 'agent' && resource.agent === 'ldirectord' ? resource.args.slice(0, 1) : [],
  );
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
    // Heartbeat knows no upper case in names of nodes.
    const node = nodes?.find((name) => name === head.text || name.toLowerCase() === head.text.toLowerCase());
    if (nodes !== undefined && node === undefined) {
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
    groups.push({ name, preferred: node ?? head.text, resources, at: { file, line: head.line, column: head.column } });
  }
  throwMistakes(list);
  return groups;
}
