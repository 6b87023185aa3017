/**
 * Whether a candidate may propose itself for a group that needs fencing: only when everything that was started before is
 * over. Of the records that a majority of the voters gave with their promises the one with the highest ballot says whose
 * that is (`owners.ts`). It is over where
 *
 *   - its owner has released the group, or was fenced in that life or a later one; or
 *   - it is this node: whatever runs of it runs here; or
 *   - its owner promises this ballot and says that nothing of the group runs there. It asks for nothing any more but above
 *     this ballot, so that counts although it was said a moment ago. One that votes no more says it in its beats: it can
 *     get nothing while these voters are in force.
 *
 * Beside that nobody may say that something of it runs there: what nobody started for us may run all the same. Who is heard and
 * has not given his word (a majority may come together without it) is taken by his beats.
 *
 * Voters that have no record that counts (a lost disk, the first start, a new voter) are not part of that majority. Where too
 * few are, nobody knows who had it: then every other node of the configuration has to be clean or fenced.
 */
import type { NodeName } from '../../model/names.ts';
import { compareBallots } from '../ballot.ts';
import { isAlive } from '../membership.ts';
import type { OwnerWord } from '../message.ts';
import { mayRunOn } from '../resource-wishes.ts';
import { type Group, isMajority, type NodeState, type Peer, type Preparing } from '../state.ts';
import { isVoter } from '../voters.ts';
import { covers } from './owners.ts';

/** Who stands in the way; empty: nobody, so it may be proposed. */
export interface Obstacle {
  readonly nodes: readonly NodeName[];
  readonly why: string;
}

const none: Obstacle = { nodes: [], why: '' };

export function obstacle(state: NodeState, group: Group, preparing: Preparing): Obstacle {
  const { words } = preparing;
  const running = [...words].flatMap(([name, { runs }]) => (runs && name !== state.self ? [name] : []));
  if (running.length > 0) return { nodes: running, why: `something of it runs on ${running.join(' and ')}` };
  const silent = mayRunUnsaid(state, group, words);
  if (silent.length > 0) return { nodes: silent, why: `something of it may run on ${silent.join(' and ')}` };
  const found = newestRecord(words);
  const owner = found === undefined || isOver(state, group, words, found) ? undefined : found.ballot.node;
  if (isMajority(state, knowing(state, words)))
    return owner === undefined ? none : { nodes: [owner], why: `${owner} held it last and may still run it` };
  const others = state.cluster.nodes.filter(
    (name) => name !== state.self && (name === owner || !isOut(state, group, words, name)),
  );
  if (others.length === 0) return none;
  return {
    nodes: others,
    why: `too few voters have on record who had it, so it may still run on ${others.join(' or ')}`,
  };
}

/** Those that are heard, have not given their word, and may run something of the group as far as their beats say. */
export function mayRunUnsaid(state: NodeState, group: Group, words: ReadonlyMap<NodeName, unknown>): NodeName[] {
  const found: NodeName[] = [];
  for (const peer of state.peers.values())
    if (isAlive(peer) && !words.has(peer.name) && mayRunOn(state, group, peer.name)) found.push(peer.name);
  return found;
}

type Words = ReadonlyMap<NodeName, OwnerWord>;
type SaidRecord = NonNullable<OwnerWord['record']>;

/** Of two that say the same ballot, one may not have heard that it is over. */
function newestRecord(words: Words): SaidRecord | undefined {
  let newest: SaidRecord | undefined;
  for (const { record } of words.values()) {
    if (record === undefined) continue;
    const order = newest === undefined ? 1 : compareBallots(record.ballot, newest.ballot);
    if (order > 0 || (order === 0 && record.over)) newest = record;
  }
  return newest;
}

function knowing(state: NodeState, words: Words): number {
  let bits = 0;
  for (const [name, { known }] of words)
    if (known) bits |= name === state.self ? state.selfBit : (state.peers.get(name)?.bit ?? 0);
  return bits;
}

function isOver(state: NodeState, group: Group, words: Words, { ballot, over }: SaidRecord): boolean {
  if (over || ballot.node === state.self || isClean(state, group, words, ballot.node)) return true;
  const fenced = state.fencing.fenced.get(ballot.node);
  return fenced !== undefined && covers(fenced, ballot);
}

/** Whether nothing of the group can run on a node, whatever it had. */
function isOut(state: NodeState, group: Group, words: Words, name: NodeName): boolean {
  return isClean(state, group, words, name) || state.fencing.fenced.has(name);
}

/** Whether a node says itself that it runs nothing of the group, and will not before somebody may hear of this ballot. */
function isClean(state: NodeState, group: Group, words: Words, name: NodeName): boolean {
  if (words.get(name)?.clean === true) return true;
  const peer = state.peers.get(name);
  if (peer === undefined || isVoter(state, name) || !isAlive(peer) || peer.beatEpoch !== state.epoch) return false;
  return peer.beat?.mayRun !== undefined && !peer.beat.mayRun.includes(group.name);
}

/** Whether a voter that is alive has not answered yet: what it says may make the difference. */
export function mayHearMore(preparing: Preparing, peers: Iterable<Peer>, voterMask: number): boolean {
  for (const { bit, state } of peers)
    if ((bit & voterMask & ~(preparing.promised | preparing.refused)) !== 0 && (state === 'up' || state === 'late'))
      return true;
  return false;
}
