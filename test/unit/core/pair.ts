import type { Effect } from '../../../src/core/effect.ts';
import type { Event } from '../../../src/core/event.ts';
import type { Message } from '../../../src/core/message.ts';
import { createNode, step } from '../../../src/core/node.ts';
import type { NodeState } from '../../../src/core/state.ts';
import { clusterOf } from '../../simulation/cluster.ts';

const cluster = clusterOf({ nodes: 3, arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false });

export function newNode(self: string, now: number, of = cluster): NodeState {
  const incarnation = '1'.padStart(16, '0') + '0'.repeat(16);
  return createNode(of, self, { incarnation, seed: [1, 2, 3, 4], configHash: '', bundleHash: '', macs: {} }, now);
}

export function happens(state: NodeState, event: Event, now: number): readonly Effect[] {
  return step(state, event, now).effects;
}

export function say(state: NodeState, from: string, message: Message, now: number): readonly Effect[] {
  return happens(state, { type: 'message', from, link: 'eth0', message }, now);
}

export function sent<K extends Message['kind']>(effects: readonly Effect[], kind: K): Extract<Message, { kind: K }>[] {
  return effects.flatMap((effect) =>
    effect.type === 'send' && effect.message.kind === kind ? [effect.message as Extract<Message, { kind: K }>] : [],
  );
}

export function only<T extends Effect['type']>(effects: readonly Effect[], type: T): Extract<Effect, { type: T }> {
  const found = effects.filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type);
  if (found.length !== 1) throw new Error(`${found.length} effects "${type}", not one`);
  return found[0]!;
}

export const beat: Message = {
  kind: 'beat',
  beat: { configHash: '', bundleHash: '', macs: {}, standby: false, quorate: true, holds: [] },
};

/** node1 at the moment at which it asks for web1, with the nonce of that round and its token; `before`: what it knew. */
export function asking(before?: (state: NodeState) => void): {
  state: NodeState;
  now: number;
  token: number;
  nonce: string;
} {
  const state = newNode('node1', 0);
  say(state, 'node2', beat, 10);
  say(state, 'node3', beat, 10);
  before?.(state);
  // Silence and the address probe are over; the first sign of life of a second voter is all that is missing.
  let now = 400;
  const prepare = sent(say(state, 'node2', beat, now), 'prepare')[0]!;
  const answers = [{ group: 'web1', ok: true, round: 1, remaining: 0 }];
  now += 1;
  const { token } = only(say(state, 'node2', { kind: 'promise', nonce: prepare.nonce, answers }, now), 'arm');
  now += 1;
  const propose = sent(happens(state, { type: 'armed', token, ok: true }, now), 'propose')[0]!;
  return { state, now, token, nonce: propose.nonce };
}

/** node1 with an open gate for web1. */
export function holding(): { state: NodeState; now: number; token: number } {
  const { state, now, token, nonce } = asking();
  accept(state, nonce, now + 1);
  happens(state, { type: 'granted', token, ok: true }, now + 2);
  return { state, now: now + 2, token };
}

export function accept(state: NodeState, nonce: string, now: number): readonly Effect[] {
  if (beat.kind !== 'beat') throw new Error('no beat');
  const answers = [{ group: 'web1', ok: true, round: 1, remaining: 0 }];
  return say(state, 'node2', { kind: 'accept', nonce, answers, beat: beat.beat }, now);
}
