/**
 * The same where the leases lie in a store: its record of a group is the owner's, and lasts. Whoever finds that its time is
 * over may replace it only where its owner has released it, is this node, was fenced, or says when it is asked that
 * nothing of the group runs there. After that answer the owner can get the group again only by a write, and of two that
 * replace the same version the store takes one. Beside that nobody who is heard may say that something of it may run there:
 * what nobody started for us may run all the same.
 */
import type { GroupName, NodeName } from '../../model/names.ts';
import { send } from '../beats.ts';
import { isAlive } from '../membership.ts';
import type { Message } from '../message.ts';
import { nextNonce } from '../nonce.ts';
import type { Group, NodeState, Peer } from '../state.ts';
import { runsNothing } from './clean.ts';
import { needsFencing } from './need.ts';
import { covers } from './owners.ts';
import { mayRunUnsaid, type Obstacle } from './permission.ts';
import { noteWaiting, tryAgain } from './waiting.ts';

/** How many questions may be without an answer. */
const mostQuestions = 32;

/** Whether this node may write its name over what it has seen in the store; where not, it asks who stands in the way. */
export function mayReplace(state: NodeState, group: Group, now: number): boolean {
  if (!needsFencing(state, group.name)) return true;
  const found = storeObstacle(state, group);
  if (found === undefined) {
    state.fencing.waiting.delete(group.name);
    return true;
  }
  noteWaiting(state, group, found, now);
  for (const name of found.nodes) {
    const peer = state.peers.get(name);
    if (peer !== undefined && isAlive(peer)) question(state, peer, group, now);
  }
  return false;
}

const noWords: ReadonlyMap<NodeName, unknown> = new Map();

function storeObstacle(state: NodeState, group: Group): Obstacle | undefined {
  const running = mayRunUnsaid(state, group, noWords);
  if (running.length > 0) return { nodes: running, why: `something of it may run on ${running.join(' and ')}` };
  const { cluster, self, store } = state;
  const { version = '', record } = store?.seen.get(group.name) ?? {};
  const isOut = (name: NodeName): boolean =>
    state.fencing.clean.get(`${group.name} ${name}`) === version || state.fencing.fenced.has(name);
  if (record === undefined) {
    const nodes = cluster.nodes.filter((name) => name !== self && !isOut(name));
    const why = `${store?.name} has no record of who had it, so it may still run on ${nodes.join(' or ')}`;
    return nodes.length === 0 ? undefined : { nodes, why };
  }
  const { holder, incarnation } = record;
  if (holder === undefined || holder === self) return undefined;
  const fenced = state.fencing.fenced.get(holder);
  if (fenced !== undefined && covers(fenced, { round: 0, node: holder, incarnation })) return undefined;
  if (state.fencing.clean.get(`${group.name} ${holder}`) === version) return undefined;
  return { nodes: [holder], why: `${holder} held it last and may still run it` };
}

function question(state: NodeState, to: Peer, group: Group, now: number): void {
  const { questions } = state.fencing;
  const nonce = nextNonce(state.random);
  const version = state.store?.seen.get(group.name)?.version ?? '';
  for (const old of questions.keys()) if (questions.size >= mostQuestions) questions.delete(old);
  questions.set(nonce, { group: group.name, node: to.name, version });
  const { incarnation } = state.options;
  send(state, to, { kind: 'prepare', nonce, incarnation, requests: [], lease: state.lease, owned: [group.name] }, now);
}

/** Somebody asks whether anything of these groups runs here. */
export function answerQuestion(
  state: NodeState,
  from: Peer,
  { nonce, owned = [] }: Extract<Message, { kind: 'prepare' }>,
  now: number,
): void {
  const ballot = { round: 0, node: from.name, incarnation: '' };
  const word = (group: GroupName): boolean => {
    const found = state.groups.get(group);
    return found !== undefined && runsNothing(state, found, ballot);
  };
  const owners = owned.map((group) => ({ group, known: false, clean: word(group), runs: false }));
  if (owners.length > 0) send(state, from, { kind: 'promise', nonce, answers: [], owners }, now);
}

/** What it says: that holds for the version that was seen when it was asked. */
export function onQuestionAnswered(
  state: NodeState,
  from: Peer,
  { nonce, owners = [] }: Extract<Message, { kind: 'promise' }>,
  now: number,
): void {
  const { questions, clean } = state.fencing;
  const asked = questions.get(nonce);
  if (asked === undefined || asked.node !== from.name) return;
  questions.delete(nonce);
  if (!owners.some(({ group, clean: says }) => says && group === asked.group)) return;
  clean.set(`${asked.group} ${from.name}`, asked.version);
  tryAgain(state, () => 0, now);
}
