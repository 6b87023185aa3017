/**
 * Compare-and-swap on a disk that can only read and write sectors: Disk Paxos (Gafni, Lamport: Disk Paxos, Distributed
 * Computing 16, 2003) with one disk, in which whoever holds a record keeps its ballot and counts its own renewals.
 *
 * Each node writes its own sector only, and after each write reads those of all others. The record of a group is that of the
 * highest ballot (round, then place), and its version is (round, place, counter). Taking over: announce a round above
 * all that are known, read; go on only if no other node announced a higher one *and* the version is the expected one; then
 * write the record under that round, read, and be done only if still nobody announced a higher one. Renewing: write the
 * record with the counter one up, read, and be done only if nobody announced a higher round.
 *
 * Why a write that was done is what every later one builds on: its last read came after its record was written. Had another
 * node announced a higher round before that read, it would have been seen. So the other one announces later, and the read
 * that follows its announcement finds the record; what it expects has to be that version or a later one. This also holds
 * where several hang in between for any time, since no step relies on how long another takes.
 *
 * A node that announced and then failed has only made the holder go above it once, by the same way.
 */
import { type Entry, type NodeSector, readHeader, readNode } from './disk-sector.ts';

/** What a node would write, and only where the version is still `expected` ('' where nobody ever held it). */
export interface Swap {
  readonly group: string;
  readonly expected: string;
  readonly record: Pick<Entry, 'lease' | 'released' | 'to' | 'nonce'>;
}

/** The record of one group: who wrote it (a place), and what. */
export interface Current {
  readonly version: string;
  readonly place: number;
  readonly entry: Entry | undefined;
}

export type Outcome = Current & { readonly ok: boolean };

/** The disk as the register wants it: all sectors, by place, in one read; and the own one, written. */
export interface Sectors {
  readonly place: number;
  readonly incarnation: string;
  read(): Promise<ReadonlyMap<number, NodeSector>>;
  write(own: NodeSector): Promise<void>;
}

/** The record with the highest ballot. */
export function currentOf(sectors: ReadonlyMap<number, NodeSector>, group: string): Current {
  let current: Current = { version: '', place: 0, entry: undefined };
  for (const [place, { entries }] of sectors) {
    const entry = entries.find((candidate) => candidate.group === group);
    if (entry === undefined || entry.round === 0) continue;
    const { round } = current.entry ?? { round: 0 };
    if (entry.round < round || (entry.round === round && place < current.place)) continue;
    current = { version: `${entry.round}.${place}.${entry.counter}`, place, entry };
  }
  return current;
}

/** Whether another node has announced a ballot above (round, place). */
function isOvertaken(sectors: ReadonlyMap<number, NodeSector>, group: string, round: number, own: number): boolean {
  for (const [place, { entries }] of sectors) {
    const promised = place === own ? 0 : (entries.find((entry) => entry.group === group)?.promised ?? 0);
    if (promised > round || (promised === round && place > own)) return true;
  }
  return false;
}

function highestRound(sectors: ReadonlyMap<number, NodeSector>, group: string): number {
  const all = [...sectors.values()].flatMap(({ entries }) => entries.filter((entry) => entry.group === group));
  return Math.max(0, ...all.map(({ promised, round }) => Math.max(promised, round)));
}

/** This node's sector as it is to be: what its last life left says so, and groups that are no more leave it. */
export function ownSector(disk: Sectors, found: NodeSector | undefined, groups: readonly string[]): NodeSector {
  const { incarnation } = disk;
  const former = found?.incarnation !== incarnation;
  const entries = (found?.entries ?? []).filter(({ group }) => groups.includes(group));
  return { incarnation, entries: entries.map((entry) => (former ? { ...entry, formerLife: true } : entry)) };
}

function changed(own: NodeSector, group: string, change: Partial<Entry>): NodeSector {
  const blank: Entry = {
    group,
    promised: 0,
    round: 0,
    counter: 0,
    lease: 0,
    released: false,
    to: 0,
    formerLife: false,
    nonce: '',
  };
  const before = own.entries.find((entry) => entry.group === group) ?? blank;
  return { ...own, entries: [...own.entries.filter((entry) => entry !== before), { ...before, ...change }] };
}

/**
 * Does what can be done of these swaps. `groups` are all that the cluster has; `fence` is called, after the first phase and
 * before the second, with the places of nodes whose unreleased records are about to be replaced. Rejects where the disk
 * fails; then any of it may have been done.
 */
export async function swapAll(
  disk: Sectors,
  swaps: readonly Swap[],
  groups: readonly string[],
  fence: (places: readonly number[]) => Promise<void>,
): Promise<Outcome[]> {
  let sectors = await disk.read();
  let own = ownSector(disk, sectors.get(disk.place), groups);
  const write = async (): Promise<void> => {
    await disk.write(own);
    sectors = new Map(await disk.read()).set(disk.place, own);
  };
  const failed = new Set<Swap>();
  const renewing = new Map<Swap, number>();
  const taking = new Map<Swap, number>();
  for (const swap of swaps) {
    const { version, place, entry } = currentOf(sectors, swap.group);
    if (version !== swap.expected) failed.add(swap);
    else if (entry !== undefined && place === disk.place && !isOvertaken(sectors, swap.group, entry.round, place)) {
      renewing.set(swap, entry.round);
      own = changed(own, swap.group, { ...swap.record, counter: entry.counter + 1, formerLife: false });
    } else {
      const round = highestRound(sectors, swap.group) + 1;
      taking.set(swap, round);
      own = changed(own, swap.group, { promised: round });
    }
  }
  if (renewing.size + taking.size > 0) await write();
  for (const [swap, round] of renewing) if (isOvertaken(sectors, swap.group, round, disk.place)) failed.add(swap);
  const losers = new Set<number>();
  for (const [swap, round] of taking) {
    const { version, place, entry } = currentOf(sectors, swap.group);
    if (version !== swap.expected || isOvertaken(sectors, swap.group, round, disk.place)) {
      failed.add(swap);
      taking.delete(swap);
    } else if (entry !== undefined && !entry.released && place !== disk.place) losers.add(place);
  }
  if (taking.size > 0) {
    if (losers.size > 0) await fence([...losers]);
    for (const [swap, round] of taking)
      own = changed(own, swap.group, { ...swap.record, round, counter: 0, formerLife: false });
    await write();
    for (const [swap, round] of taking) if (isOvertaken(sectors, swap.group, round, disk.place)) failed.add(swap);
  }
  return swaps.map((swap) => ({ ...currentOf(sectors, swap.group), ok: !failed.has(swap) }));
}

/** Reads blocks into sectors by place. Throws a sentence where the disk is not this cluster's, or a sector is broken. */
export function parseDisk(bytes: Buffer, cluster: string, size: number): Map<number, NodeSector> {
  const block = (index: number): Buffer => bytes.subarray(index * size, (index + 1) * size);
  const places = readHeader(block(0), cluster);
  if (places === undefined) throw new Error('it is no quorum disk; make it one: musterd format-disk');
  if (places === '') throw new Error('it is the quorum disk of another cluster');
  const sectors = new Map<number, NodeSector>();
  for (const [index, name] of places.entries()) {
    if (name === '') continue;
    const sector = readNode(block(index + 1), cluster);
    if (sector === undefined) throw new Error(`the sector in place ${index + 1} is broken`);
    sectors.set(index + 1, sector);
  }
  return sectors;
}
