/**
 * A voter's memory of owners. A lease ends by itself, and a voter may forget it; what was started under a lease of a group
 * that `needs: fencing` does not end with it. So for such groups a voter is an acceptor as Paxos has it (Lamport, *Paxos
 * Made Simple*, 2001, section 2.2), with a disk:
 *
 *   - it writes down {group, holder, ballot} before it accepts a ballot that is not the one on record. A renewal repeats the
 *     ballot, so it writes nothing;
 *   - it accepts and promises nothing below its record, and after a restart nothing that it may have promised before: not
 *     each promise is written, but a round that none of them is above, some hundred rounds ahead;
 *   - with each promise it says what it has on record.
 *
 * Unlike Paxos, who proposes does not take over the value that it finds: it may propose itself, once the owner that it
 * found is over (`permission.ts`). So at any ballot that was proposed, whatever was chosen below it is over; and of a
 * majority's records the one with the highest ballot says who may run the group.
 */
import type { GroupName } from '../../model/names.ts';
import { compareBallots } from '../ballot.ts';
import type { Ballot, Fenced, OwnerWord } from '../message.ts';
import type { Group, NodeState } from '../state.ts';
import { runsNothing, runsSome } from './clean.ts';
import type { OwnerWrite, PendingAccept } from './fencing-state.ts';
import { neededBy } from './need.ts';
import type { OwnerRecord, OwnerRecords } from './owner-record.ts';

/** How many rounds ahead promises are made possible by one write, and with how many left the next one begins. */
const roundsAhead = 1000;
const roundsLeft = 500;

/** After a write that failed, what nobody waits for is written again so much later; milliseconds. */
const writePause = 1000;

/** How many groups others may make a voter keep on record. */
const mostAsked = 1000;

/** Whether this voter keeps on record who has the group: by its configuration, or because it was asked to before. */
export function keepsOwner({ fencing }: NodeState, group: GroupName): boolean {
  const { needed, saidBy, records, asked } = fencing;
  return needed.has(group) || records.has(group) || asked.has(group) || saidBy.has(group);
}

/** Somebody asks for groups that need fencing by its configuration; an arbiter has no other way to know. */
export function noteAsked({ fencing }: NodeState, owned: readonly GroupName[]): void {
  for (const group of owned) if (fencing.asked.size < mostAsked) fencing.asked.add(group);
}

/** Why a prepare must not be answered with a promise; undefined where it may be. `later`: once more is on the disk. */
export function promiseBarrier({ fencing }: NodeState, group: GroupName, ballot: Ballot): 'old' | 'later' | undefined {
  const record = fencing.records.get(group);
  if (ballot.round <= fencing.forgotten) return 'old';
  if (record !== undefined && compareBallots(ballot, record.ballot) < 0) return 'old';
  return ballot.round > fencing.promisable ? 'later' : undefined;
}

/** Below this round nobody gets a promise of this voter for a group whose owner is on record. */
export function leastRound({ fencing }: NodeState, group: GroupName): number {
  return Math.max(fencing.forgotten, fencing.records.get(group)?.ballot.round ?? 0);
}

/** What has to be done before a ballot is accepted: nothing as it is the one on record, `write` it first, or never (`old`). */
export function acceptBarrier({ fencing }: NodeState, group: GroupName, ballot: Ballot): 'write' | 'old' | undefined {
  const record = fencing.records.get(group);
  if (record !== undefined) {
    const order = compareBallots(ballot, record.ballot);
    if (order === 0) return fencing.unwritten.has(group) ? 'write' : undefined;
    if (order < 0) return 'old';
  }
  return ballot.round <= fencing.forgotten ? 'old' : 'write';
}

/** Puts these ballots on record; when that is on the disk, they are accepted. */
export function writeOwners(state: NodeState, accept: PendingAccept): void {
  const { fencing } = state;
  const underWay = [...fencing.writes.values()].at(-1);
  if (underWay !== undefined && has(underWay.records, accept)) {
    underWay.accepts.push(accept);
    return;
  }
  for (const [group, ballot] of accept.ballots) {
    fencing.records.set(group, { group, ballot, over: false, epoch: state.epoch });
    fencing.unwritten.add(group);
  }
  write(state, [accept]);
}

function has({ owners }: OwnerRecords, { ballots }: PendingAccept): boolean {
  for (const [group, ballot] of ballots)
    if (!owners.some((record) => record.group === group && compareBallots(record.ballot, ballot) === 0)) return false;
  return true;
}

function write(state: NodeState, accepts: PendingAccept[]): void {
  const { fencing } = state;
  const id = ++fencing.lastId;
  // A record says more than was accepted, while another write is under way: that is no harm, as it was proposed.
  const records: OwnerRecords = {
    promisedUpTo: Math.max(fencing.promisable, topRound(state) + roundsAhead),
    // What is over, of groups that are gone, says no more than nothing does.
    owners: [...fencing.records.values()].filter(({ group, over }) => !over || state.groups.has(group)),
  };
  fencing.stale = false;
  fencing.reserving = true;
  fencing.writes.set(id, { records, accepts });
  state.effects.push({ type: 'persistOwners', id, records });
}

function topRound(state: NodeState): number {
  let top = state.fencing.forgotten;
  for (const { name, topRound } of state.groups.values()) if (keepsOwner(state, name)) top = Math.max(top, topRound);
  return top;
}

/** What was written is on the disk to stay, or (not `ok`) may not be. Returns it where acceptances waited for it. */
export function ownersWritten(state: NodeState, id: number, ok: boolean, now: number): OwnerWrite | undefined {
  const { fencing } = state;
  const done = fencing.writes.get(id);
  if (done === undefined) return undefined;
  fencing.writes.delete(id);
  fencing.reserving = fencing.writes.size > 0;
  if (!ok) {
    state.counters.ownersUnwritten = (state.counters.ownersUnwritten ?? 0) + 1;
    fencing.stale = true;
    fencing.writeAgainAt = now + writePause;
    return undefined;
  }
  fencing.promisable = Math.max(fencing.promisable, done.records.promisedUpTo);
  fencing.recount = true;
  for (const { group, ballot } of done.records.owners) {
    const record = fencing.records.get(group);
    if (record !== undefined && compareBallots(record.ballot, ballot) === 0) fencing.unwritten.delete(group);
  }
  return done;
}

/** Sees to it that promises can be given in time, and that what nobody waits for gets to the disk; in every step. */
export function keepRecords(state: NodeState, now: number): void {
  const { fencing } = state;
  if (fencing.needed.size === 0 && fencing.records.size === 0 && fencing.asked.size === 0 && fencing.saidBy.size === 0)
    return;
  if (state.store !== undefined || (state.voterMask & state.selfBit) === 0 || fencing.reserving) return;
  if (now < fencing.writeAgainAt) return;
  if (fencing.recount) forgetUnneeded(state);
  if (fencing.stale || topRound(state) + roundsLeft > fencing.promisable) write(state, []);
}

/** Where every node says what needs fencing by its configuration, and none says it of a group any more, its record goes. */
function forgetUnneeded(state: NodeState): void {
  const { needed, records, asked } = state.fencing;
  state.fencing.recount = false;
  for (const { role, beat } of state.peers.values()) if (role === 'node' && beat?.needs === undefined) return;
  for (const group of records.keys()) {
    if (needed.has(group) || neededBy(state, group) !== undefined) continue;
    records.delete(group);
    asked.delete(group);
    state.fencing.stale = true;
  }
}

/** What this voter says of a group beside a promise of this ballot. */
export function ownWord(state: NodeState, group: Group, ballot: Ballot): OwnerWord {
  const record = state.fencing.records.get(group.name);
  return {
    group: group.name,
    known: record !== undefined && countsNow(state, record),
    record: record === undefined ? undefined : { ballot: record.ballot, over: record.over },
    clean: runsNothing(state, group, ballot),
    runs: runsSome(group),
  };
}

/**
 * Any majority of the voters has one in common with any majority of the set before it, not of one that is older: a record
 * from there says nothing for a majority any more.
 */
function countsNow({ epoch }: NodeState, record: OwnerRecord): boolean {
  return record.epoch + 1 >= epoch;
}

/** A voter that accepts a ballot which is on record already has seen it in force by the voters of now. */
export function noteRenewed({ fencing, epoch }: NodeState, group: GroupName): void {
  const record = fencing.records.get(group);
  if (record === undefined || record.epoch === epoch) return;
  fencing.records.set(group, { ...record, epoch });
  fencing.stale = true;
}

/** The owner has said that nothing of it runs any more. That may be lost: then it is only slower. */
export function noteOver(state: NodeState, group: GroupName, ballot: Ballot): void {
  const record = state.fencing.records.get(group);
  if (record === undefined || record.over || compareBallots(record.ballot, ballot) !== 0) return;
  markOver(state, record);
}

/** A node was fenced: whatever it had in that life or before is over. */
export function noteOwnerFenced(state: NodeState, fenced: Fenced): void {
  for (const record of state.fencing.records.values())
    if (!record.over && covers(fenced, record.ballot)) markOver(state, record);
}

function markOver({ fencing }: NodeState, record: OwnerRecord): void {
  fencing.records.set(record.group, { ...record, over: true });
  fencing.stale = true;
}

/** Whether this fencing ended what was started under a ballot. */
export function covers({ node, incarnation }: Fenced, ballot: Ballot): boolean {
  return ballot.node === node && ballot.incarnation <= incarnation;
}
