/**
 * Tables, chains, sets and rules as netlink messages, for the one table that has to belong to a socket of ours. Formats:
 * linux/netfilter/nf_tables.h (messages, NFTA_*, NFT_META_*); `nft --debug=netlink` shows the same expressions.
 */
import type { Request } from './connection.ts';
import { attribute, be32, NLM_F_APPEND, NLM_F_CREATE, nested, u32, zeroEnded } from './message.ts';
import { generic, NFPROTO_NETDEV, NFTA_DATA_VALUE, type } from './nftables.ts';

const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_DELTABLE = 2;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_NEWRULE = 6;
const NFT_MSG_NEWSET = 9;
const NFT_TABLE_F_OWNER = 0x2;
const NF_ACCEPT = 1;
const REGISTER = 1;
const VERDICT_REGISTER = 0;

const message = (kind: number, flags: number, ...attributes: readonly Buffer[]): Request => ({
  type: type(kind),
  flags,
  body: Buffer.concat([generic(NFPROTO_NETDEV), ...attributes]),
});
const text = (kind: number, value: string): Buffer => attribute(kind, zeroEnded(value));
const number = (kind: number, value: number): Buffer => attribute(kind, be32(value));

/**
 * A table that belongs to the socket which sends this: nobody else can change it, `flush ruleset` passes it over, and it
 * ends with the socket (Linux 5.12). One that is this socket's already stays as it is.
 */
export const ownedTable = (table: string): Request =>
  message(NFT_MSG_NEWTABLE, NLM_F_CREATE, text(1, table), number(2, NFT_TABLE_F_OWNER));

export const deletedTable = (table: string): Request => message(NFT_MSG_DELTABLE, 0, text(1, table));

const hooks = { ingress: 0, egress: 1 } as const;

/** A base chain of type filter on one device, whose policy is to accept. */
export function baseChain(
  table: string,
  chain: string,
  hook: keyof typeof hooks,
  device: string,
  priority: number,
): Request {
  const where = nested(4, number(1, hooks[hook]), number(2, priority), text(3, device));
  return message(
    NFT_MSG_NEWCHAIN,
    NLM_F_CREATE,
    text(1, table),
    text(3, chain),
    where,
    number(5, NF_ACCEPT),
    text(7, 'filter'),
  );
}

/** nft's numbers of types, by which it lists the elements, and the length of a key in bytes. */
const keys = { ipv4_addr: [7, 4], ipv6_addr: [8, 16], ether_addr: [9, 6] } as const;

/** An empty set; `id` tells the sets of one transaction apart. */
export function newSet(table: string, set: string, key: keyof typeof keys, id: number): Request {
  const [kind, length] = keys[key];
  return message(
    NFT_MSG_NEWSET,
    NLM_F_CREATE,
    text(1, table),
    text(2, set),
    number(3, 0),
    number(4, kind),
    number(5, length),
    number(10, id),
  );
}

/** One step of a rule: a rule goes on to its next step as long as each one matches. */
export type Expression = Buffer;

const expression = (name: string, ...data: readonly Buffer[]): Expression =>
  nested(1, text(1, name), nested(2, ...data));

export function newRule(table: string, chain: string, ...expressions: readonly Expression[]): Request {
  return message(
    NFT_MSG_NEWRULE,
    NLM_F_CREATE | NLM_F_APPEND,
    text(1, table),
    text(2, chain),
    nested(4, ...expressions),
  );
}

const metaKeys = { protocol: 1, mark: 3, l4proto: 16, pkttype: 19 } as const;
const loadMeta = (key: keyof typeof metaKeys): Expression =>
  expression('meta', number(1, REGISTER), number(2, metaKeys[key]));

const comparisons = { '==': 0, '<=': 3, '>=': 5 } as const;
const compare = (how: keyof typeof comparisons, value: Uint8Array): Expression =>
  expression('cmp', number(1, REGISTER), number(2, comparisons[how]), nested(3, attribute(NFTA_DATA_VALUE, value)));

const bases = { link: 0, network: 1, transport: 2 } as const;
const load = (base: keyof typeof bases, offset: number, length: number): Expression =>
  expression('payload', number(1, REGISTER), number(2, bases[base]), number(3, offset), number(4, length));

/** The packet's mark is this one. */
export const markIs = (mark: number): Expression[] => [loadMeta('mark'), compare('==', u32(mark))];

export const setMark = (mark: number): Expression[] => [
  expression('immediate', number(1, REGISTER), nested(2, attribute(NFTA_DATA_VALUE, u32(mark)))),
  expression('meta', number(2, metaKeys.mark), number(3, REGISTER)),
];

/** PACKET_HOST (0), PACKET_OTHERHOST (3), ... of linux/if_packet.h: whom the device took the frame for. */
export const packetType = (kind: number): Expression[] => [loadMeta('pkttype'), compare('==', Buffer.from([kind]))];

/** The EtherType below any VLAN tag. */
export const etherType = (value: number): Expression[] => [
  loadMeta('protocol'),
  compare('==', Buffer.from([value >> 8, value & 0xff])),
];

export const layer4 = (protocol: number): Expression[] => [loadMeta('l4proto'), compare('==', Buffer.from([protocol]))];

/** The byte that many bytes into a header lies between these two. */
export const byteBetween = (base: keyof typeof bases, offset: number, least: number, most: number): Expression[] => [
  load(base, offset, 1),
  compare('>=', Buffer.from([least])),
  compare('<=', Buffer.from([most])),
];

/** What lies there, `length` bytes long, is an element of the set. */
export const isIn = (set: string, base: keyof typeof bases, offset: number, length: number): Expression[] => [
  load(base, offset, length),
  expression('lookup', text(1, set), number(2, REGISTER)),
];

const verdict = (code: number): Expression =>
  expression('immediate', number(1, VERDICT_REGISTER), nested(2, nested(2, number(1, code))));
export const drop: Expression = verdict(0);
export const accept: Expression = verdict(NF_ACCEPT);
