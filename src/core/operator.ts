import type { OperatorCommand } from './event.ts';
import { shut } from './handover.ts';
import { areStopping, stopsFirst } from './resource-wishes.ts';
import { decide, type Group, type NodeState, wakeBy } from './state.ts';

/** A command of an operator: begins it; `finishOperators` answers when it is done. */
export function onOperator(
  state: NodeState,
  id: number,
  command: Exclude<OperatorCommand, { kind: 'reconfigure' | 'fence' }>,
  now: number,
): void {
  state.beat = undefined;
  state.beatNow = true;
  switch (command.kind) {
    case 'online':
      state.standby = false;
      state.leaving = false;
      decide(state, { what: 'online', why: 'an operator asked for it' });
      state.effects.push({ type: 'reply', id, ok: true, text: `${state.self} is online` });
      return;
    case 'standby':
      state.standby = true;
      decide(state, { what: 'standby', why: 'an operator asked for it' });
      break;
    case 'leave':
      state.leaving = true;
      decide(state, { what: 'standby', why: 'the daemon is about to end' });
      break;
  }
  // A group that has just arrived is not passed on before one lease is over; moving it takes a part of another.
  state.pending.push({ id, kind: command.kind, until: now + 2 * state.lease, unwanted: false });
}

/** Answers the commands whose time has come. A node that leaves drops at the end what nobody wants. */
export function finishOperators(state: NodeState, now: number): void {
  if (state.pending.length === 0) return;
  const held: Group[] = [];
  const busy: Group[] = [];
  for (const group of state.groups.values()) {
    if (group.claim.phase === 'holding') held.push(group);
    if (group.claim.phase !== 'idle' || state.store?.releasing.has(group.name)) busy.push(group);
  }
  // They take what they take; only then does the time for handing over begin.
  const stopping = areStopping(state);
  for (const one of state.pending) {
    if (stopping) one.until = now + 2 * state.lease;
    else if (one.kind === 'leave' && now >= one.until - state.lease / 2) one.unwanted = true;
  }
  const unwanted = state.pending.some((one) => one.unwanted);
  if (unwanted && held.length > 0)
    shut(
      state,
      held.filter((group) => stopsFirst(state, group, () => 'this node leaves, and nobody is there to take it over')),
      undefined,
      now,
    );
  state.pending = state.pending.filter(({ id, kind, until }) => {
    if (busy.length > 0 && now < until) {
      wakeBy(state, until);
      if (kind === 'leave' && now < until - state.lease / 2) wakeBy(state, until - state.lease / 2);
      return true;
    }
    const kept = held.map((group) => group.name).join(', ');
    const ok = held.length === 0;
    const text = ok ? `${state.self} holds nothing` : `${state.self} still holds ${kept}: no other node could take it`;
    state.effects.push({ type: 'reply', id, ok, text });
    return false;
  });
}
