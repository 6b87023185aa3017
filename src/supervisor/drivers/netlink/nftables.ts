/**
 * The few nftables messages that musterd sends many times a second; the ruleset itself goes in as text through `nft`.
 * Formats: linux/netfilter/nfnetlink.h (`struct nfgenmsg`, batches) and linux/netfilter/nf_tables.h (messages, NFTA_*).
 */
import type { MacAddress } from '../../../model/names.ts';
import type { Request } from './connection.ts';
import { attribute, be64, NLM_F_ACK, NLM_F_CREATE, nested, readAttributes, u32, zeroEnded } from './message.ts';

export const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;
export const NFPROTO_NETDEV = 5;
const NFT_MSG_GETRULE = 7;
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_DELSETELEM = 14;
const NFT_MSG_GETGEN = 16;
const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_SET_ELEM_DATA = 2;
const NFTA_SET_ELEM_TIMEOUT = 4;
export const NFTA_DATA_VALUE = 1;
const NFTA_RULE_TABLE = 1;
const NFTA_RULE_CHAIN = 2;
const NFTA_GEN_ID = 1;

export const type = (message: number): number => (NFNL_SUBSYS_NFTABLES << 8) | message;

/** `struct nfgenmsg`: family, version 0, resource id (big-endian). */
export const generic = (family: number, resource = 0): Buffer =>
  Buffer.from([family, 0, resource >> 8, resource & 0xff]);

/** An element of a set, or of a map where it has `data`; `timeout` in milliseconds, counted from when it is applied. */
export interface Element {
  readonly set: string;
  readonly key: Uint8Array;
  readonly data?: Uint8Array | undefined;
  readonly timeout?: number | undefined;
}

/** A packet mark as an element's key or data: in the machine's byte order. */
export const markBytes = u32;

export function macBytes(mac: MacAddress): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

/** Parts of a concatenated key: each takes whole registers of 4 bytes. */
export function concatenated(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.concat([part, Buffer.alloc((4 - (part.length % 4)) % 4)])));
}

const heads = new Map<string, Buffer>();

/** What every message about the elements of one set begins with. */
function elementHead(table: string, set: string): Buffer {
  const name = `${table} ${set}`;
  let head = heads.get(name);
  if (head === undefined) {
    head = Buffer.concat([
      generic(NFPROTO_NETDEV),
      attribute(NFTA_SET_ELEM_LIST_TABLE, zeroEnded(table)),
      attribute(NFTA_SET_ELEM_LIST_SET, zeroEnded(set)),
    ]);
    heads.set(name, head);
  }
  return head;
}

const batchEdge = generic(0, NFNL_SUBSYS_NFTABLES);

function elementMessage(message: number, flags: number, table: string, element: Element): Request {
  const value = (kind: number, bytes: Uint8Array): Buffer => nested(kind, attribute(NFTA_DATA_VALUE, bytes));
  const parts = [value(NFTA_SET_ELEM_KEY, element.key)];
  if (element.data !== undefined) parts.push(value(NFTA_SET_ELEM_DATA, element.data));
  if (element.timeout !== undefined) parts.push(attribute(NFTA_SET_ELEM_TIMEOUT, be64(element.timeout)));
  const body = Buffer.concat([
    elementHead(table, element.set),
    nested(NFTA_SET_ELEM_LIST_ELEMENTS, nested(NFTA_LIST_ELEM, ...parts)),
  ]);
  return { type: type(message), flags, body };
}

/** What one transaction changes, in this order. */
export interface ElementChanges {
  /** Sets and maps that lose all their elements; they may be empty. */
  readonly flush?: readonly string[];
  /** Elements that must be there: a refused transaction makes the kernel wait for a grace period, some 30 ms. */
  readonly remove?: readonly Element[];
  readonly add?: readonly Element[];
}

function flushMessage(table: string, set: string): Request {
  return { type: type(NFT_MSG_DELSETELEM), flags: 0, body: elementHead(table, set) };
}

/** All or nothing: changes elements of a `netdev` table; the last change is acknowledged, unless nobody waits for it. */
export function elementTransaction(
  table: string,
  { flush = [], remove = [], add = [] }: ElementChanges,
  acknowledged = true,
): Request[] {
  const changes = [
    ...flush.map((set) => flushMessage(table, set)),
    ...remove.map(({ set, key }) => elementMessage(NFT_MSG_DELSETELEM, 0, table, { set, key })),
    ...add.map((element) => newElement(table, element)),
  ];
  return batch(changes, acknowledged);
}

/** A new element of a set of a `netdev` table, as one of the messages of a batch. */
export const newElement = (table: string, element: Element): Request =>
  elementMessage(NFT_MSG_NEWSETELEM, NLM_F_CREATE, table, element);

/** The messages of one transaction: all or nothing; the last one is acknowledged, unless nobody waits for it. */
export function batch(messages: readonly Request[], acknowledged = true): Request[] {
  const changes = [...messages];
  const last = changes.pop();
  if (last === undefined) throw new Error('a transaction without a change has no acknowledgement');
  return [
    { type: NFNL_MSG_BATCH_BEGIN, flags: 0, body: batchEdge },
    ...changes,
    acknowledged ? { ...last, flags: last.flags | NLM_F_ACK } : last,
    { type: NFNL_MSG_BATCH_END, flags: 0, body: batchEdge },
  ];
}

/** Asks for the number of the ruleset's generation: each change of anything in nftables makes it one larger. */
export function generationRequest(): Request {
  return { type: type(NFT_MSG_GETGEN), flags: 0, body: generic(0) };
}

export function generationOf(body: Buffer): number | undefined {
  return readAttributes(body.subarray(4)).get(NFTA_GEN_ID)?.readUInt32BE();
}

/** Type and body of a dump of all rules of a chain. */
export function rulesRequest(table: string, chain: string): { readonly type: number; readonly body: Buffer } {
  const body = Buffer.concat([
    generic(NFPROTO_NETDEV),
    attribute(NFTA_RULE_TABLE, zeroEnded(table)),
    attribute(NFTA_RULE_CHAIN, zeroEnded(chain)),
  ]);
  return { type: type(NFT_MSG_GETRULE), body };
}
