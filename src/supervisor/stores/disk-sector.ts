/**
 * What lies on a quorum disk. Blocks of 4096 bytes, of which the first 512 are used: one sector, which a disk writes wholly
 * or not at all, and the block fits disks of either kind. Block 0 says whose disk it is; block n is written by the node in
 * place n alone. Numbers are big-endian.
 *
 *   header  `MUSTERQH`, u16 version, 6 zero, 16 bytes of SHA-256 of the cluster's name, 24 x 8 bytes of a node's name
 *   node    `MUSTERQD`, u16 version, u16 entries, u32 zero, 16 bytes cluster, 16 bytes incarnation, entries of 40 bytes:
 *           8 bytes of a group's name, u32 promised, u32 round, u32 counter, u32 lease, u8 to (a place, 0 none), u8 flags
 *           (1 released, 2 written in a former life), 2 zero, 12 bytes nonce
 *   both    16 bytes of SHA-256 over the 496 before them at the end of the sector
 */
import { createHash } from 'node:crypto';
import { diskGroups, diskNodes } from '../../model/lease-store.ts';
import type { NodeName } from '../../model/names.ts';

export const blockSize = 4096;
/** All of it. */
export const diskSize = blockSize * (1 + diskNodes);
const sector = 512;
const version = 1;
const checked = sector - 16;

/** What one node says of one group. `round` 0: it has never held it; ballots are (round, place). */
export interface Entry {
  /** 16 hex digits. */
  readonly group: string;
  /** The highest round that this node has announced. */
  readonly promised: number;
  readonly round: number;
  readonly counter: number;
  readonly lease: number;
  readonly released: boolean;
  /** The place of the node that it was released to; 0: none. */
  readonly to: number;
  readonly formerLife: boolean;
  /** 24 hex digits. */
  readonly nonce: string;
}

export interface NodeSector {
  readonly incarnation: string;
  readonly entries: readonly Entry[];
}

/** The first bytes of SHA-256 of a name, in hex. */
export function digest(text: string, bytes: number): string {
  return createHash('sha256')
    .update(text)
    .digest('hex')
    .slice(0, 2 * bytes);
}

function seal(block: Buffer): Buffer {
  createHash('sha256').update(block.subarray(0, checked)).digest().copy(block, checked, 0, 16);
  return block;
}

function isSealed(block: Buffer, magic: string): boolean {
  if (block.toString('latin1', 0, 8) !== magic || block.readUInt16BE(8) !== version) return false;
  const sum = createHash('sha256').update(block.subarray(0, checked)).digest().subarray(0, 16);
  return sum.equals(block.subarray(checked, sector));
}

export function isBlank(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** The names' digests by place - 1; undefined where it is no header, '' where it is another cluster's. */
export function readHeader(block: Buffer, cluster: string): readonly string[] | '' | undefined {
  if (!isSealed(block, 'MUSTERQH')) return undefined;
  if (block.toString('hex', 16, 32) !== digest(cluster, 16)) return '';
  const places = Array.from({ length: diskNodes }, (_, index) => block.toString('hex', 32 + 8 * index, 40 + 8 * index));
  return places.map((name) => (name === '0'.repeat(16) ? '' : name));
}

/** A header in which these nodes have their places; those that have one keep it. Throws RangeError where there is no room. */
export function writeHeader(cluster: string, nodes: readonly NodeName[], before: readonly string[] = []): Buffer {
  const places = Array.from({ length: diskNodes }, (_, index) => before[index] ?? '');
  for (const name of nodes.map((node) => digest(node, 8))) {
    if (places.includes(name)) continue;
    const free = places.indexOf('');
    if (free < 0) throw new RangeError(`a quorum disk has room for ${diskNodes} nodes`);
    places[free] = name;
  }
  const block = Buffer.alloc(blockSize);
  block.write('MUSTERQH', 'latin1');
  block.writeUInt16BE(version, 8);
  block.write(digest(cluster, 16), 16, 'hex');
  for (const [index, name] of places.entries()) block.write(name, 32 + 8 * index, 'hex');
  return seal(block);
}

/** undefined where the sector is broken; one without entries where it was never written, or by another cluster. */
export function readNode(block: Buffer, cluster: string): NodeSector | undefined {
  if (isBlank(block.subarray(0, sector))) return { incarnation: '', entries: [] };
  if (!isSealed(block, 'MUSTERQD')) return undefined;
  if (block.toString('hex', 16, 32) !== digest(cluster, 16)) return { incarnation: '', entries: [] };
  const entries = Array.from({ length: Math.min(block.readUInt16BE(10), diskGroups) }, (_, index): Entry => {
    const at = 48 + 40 * index;
    const flags = block[at + 25]!;
    return {
      group: block.toString('hex', at, at + 8),
      promised: block.readUInt32BE(at + 8),
      round: block.readUInt32BE(at + 12),
      counter: block.readUInt32BE(at + 16),
      lease: block.readUInt32BE(at + 20),
      to: block[at + 24]!,
      released: (flags & 1) !== 0,
      formerLife: (flags & 2) !== 0,
      nonce: block.toString('hex', at + 28, at + 40),
    };
  });
  return { incarnation: block.toString('hex', 32, 48), entries };
}

export function writeNode(cluster: string, { incarnation, entries }: NodeSector): Buffer {
  if (entries.length > diskGroups) throw new RangeError(`a sector holds ${diskGroups} groups`);
  const block = Buffer.alloc(blockSize);
  block.write('MUSTERQD', 'latin1');
  block.writeUInt16BE(version, 8);
  block.writeUInt16BE(entries.length, 10);
  block.write(digest(cluster, 16), 16, 'hex');
  block.write(incarnation, 32, 'hex');
  for (const [index, entry] of entries.entries()) {
    const at = 48 + 40 * index;
    block.write(entry.group, at, 'hex');
    block.writeUInt32BE(entry.promised, at + 8);
    block.writeUInt32BE(entry.round, at + 12);
    block.writeUInt32BE(entry.counter, at + 16);
    block.writeUInt32BE(Math.ceil(entry.lease), at + 20);
    block[at + 24] = entry.to;
    block[at + 25] = (entry.released ? 1 : 0) | (entry.formerLife ? 2 : 0);
    block.write(entry.nonce, at + 28, 'hex');
  }
  return seal(block);
}
