import type { Effect } from '../../../../src/core/effect.ts';
import type { OwnerRecords } from '../../../../src/core/fencing/owner-record.ts';
import type { Ballot, OwnerWord } from '../../../../src/core/message.ts';
import { createNode } from '../../../../src/core/node.ts';
import type { NodeState } from '../../../../src/core/state.ts';
import { clusterOf } from '../../../simulation/cluster.ts';
import { beat, happens, only, say, sent } from '../pair.ts';

const sizes = { arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false, agents: 1, needs: 1 };

/** The one life that a node has in these tests. */
export const life = '1'.padStart(16, '0') + '0'.repeat(16);

export function ballotOf(node: string, round: number): Ballot {
  return { round, node, incarnation: life };
}

/** What a voter has on its disk: this owner of web1, and the round that no promise was above. */
export function recordOf(node: string, round: number, promisedUpTo = 0): OwnerRecords {
  return { promisedUpTo, owners: [{ group: 'web1', ballot: ballotOf(node, round), over: false, epoch: 0 }] };
}

/** A node of three, with one group that needs fencing (or, with `needs` 0, does not); it has just started, and runs nothing. */
export function newNode(self: string, owners?: OwnerRecords, needs = 1): NodeState {
  const options = { incarnation: life, seed: [1, 2, 3, 4] as const, configHash: '', bundleHash: '', macs: {}, owners };
  const state = createNode(clusterOf({ nodes: 3, ...sizes, needs }), self, options, 0);
  const effects = happens(state, { type: 'tick' }, 0);
  if (needs > 0 || owners !== undefined) written(state, effects, 1);
  const nothing = { phase: 'stopped', dirty: false, barred: undefined, answers: 0 } as const;
  happens(state, { type: 'resources', group: 'web1', ...nothing }, 2);
  return state;
}

/** The disk has what was to be written. */
export function written(state: NodeState, effects: readonly Effect[], now: number): readonly Effect[] {
  const { id } = only(effects, 'persistOwners');
  return happens(state, { type: 'ownersPersisted', id, ok: true }, now);
}

/** node1 at the moment at which it asks for web1: it hears node2, and node3 no more. */
export function asking(owners?: OwnerRecords): { state: NodeState; now: number; nonce: string } {
  const state = newNode('node1', owners);
  hear(state, 'node3', 10);
  for (const now of [10, 100, 200, 300, 350]) hear(state, 'node2', now);
  const now = 400;
  const nonce = sent(hear(state, 'node2', now), 'prepare').at(-1)?.nonce ?? '';
  return { state, now, nonce };
}

/** A sign of life. */
export function hear(state: NodeState, from: string, now: number, incarnation = life): readonly Effect[] {
  return happens(state, { type: 'message', from, link: 'eth0', incarnation, message: beat }, now);
}

/** node2 promises, and says this beside it. */
export function promise(state: NodeState, nonce: string, word: Partial<OwnerWord>, now: number): readonly Effect[] {
  const answers = [{ group: 'web1', ok: true, round: 1, remaining: 0 }];
  const owners = [{ group: 'web1', known: true, clean: true, runs: false, ...word }];
  return say(state, 'node2', { kind: 'promise', nonce, answers, owners }, now);
}

export function arms(effects: readonly Effect[]): boolean {
  return effects.some(({ type }) => type === 'arm');
}
