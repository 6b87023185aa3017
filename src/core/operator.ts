import { showDuration } from '../base/duration.ts';
import { own } from '../base/own.ts';
import type { GroupName, NodeName } from '../model/names.ts';
import type { OperatorCommand } from './event.ts';
import { sayFarewell } from './fencing/farewell.ts';
import { forgetGivenUp } from './gave-up.ts';
import { giveOrders } from './give-orders.ts';
import { shut } from './handover.ts';
import { inMaintenance, noteLeft } from './maintenance.ts';
import { type NewOrder, type Order, ordersOver } from './orders.ts';
import { areStopping, stopsFirst } from './resource-wishes.ts';
import { decide, type Group, type NodeState, wakeBy } from './state.ts';

type Command = Exclude<OperatorCommand, { kind: 'reconfigure' | 'fence' }>;

/** A command of an operator: begins it. What takes its time is answered by `finishOperators` when it is done. */
export function onOperator(state: NodeState, id: number, command: Command, now: number): void {
  state.beat = undefined;
  state.beatNow = true;
  if (command.kind === 'leave') {
    state.leaving = true;
    decide(state, { what: 'standby', why: `the daemon is about to end${whatStays(state)}` });
    wait(state, id, 'leave', now);
    return;
  }
  const refused = refusal(state, command);
  if (refused !== undefined) {
    state.effects.push({ type: 'reply', id, ok: false, text: refused });
    return;
  }
  carryOutOrders(state, giveOrders(state, wishesOf(state, command), now), now);
  if (command.kind === 'online' && (command.node ?? state.self) === state.self) {
    // Said again it has to be heard, too: a node that is about to end stays.
    if (state.leaving) decide(state, { what: 'online', why: 'an operator asked for it' });
    state.leaving = false;
  }
  // Whoever names the node looks for himself when it is done.
  if (command.kind === 'standby' && command.node === undefined) wait(state, id, 'standby', now);
  else state.effects.push({ type: 'reply', id, ok: true, text: said(state, command) });
}

/** Whoever ends musterd in maintenance has to know that nobody goes on with what it held. */
function whatStays(state: NodeState): string {
  const kept = heldHere(state);
  if (!inMaintenance(state, state.self) || kept === '') return '';
  return `; in maintenance ${kept} stays here as it is, nobody takes it over, and its addresses are silent until musterd runs again`;
}

/** The groups that this node holds, as a list for people. */
function heldHere({ groups }: NodeState): string {
  const held = [...groups.values()].filter(({ claim }) => claim.phase === 'holding');
  return held.map(({ name }) => name).join(', ');
}

function wait(state: NodeState, id: number, kind: 'standby' | 'leave', now: number): void {
  // A group that has just arrived is not passed on before one lease is over; moving it takes a part of another.
  state.pending.push({ id, kind, until: now + 2 * state.lease, unwanted: false });
}

/** Why it cannot be, as a sentence; undefined where it can. */
function refusal(state: NodeState, command: Exclude<Command, { kind: 'leave' }>): string | undefined {
  const { cluster } = state;
  const cannot = (verb: string, what: string, must: string, seen: string): string =>
    `Cannot ${verb} "${what}" as ${must}: ${seen}`;
  const { kind } = command;
  const node = 'node' in command ? command.node : undefined;
  const group = 'group' in command ? command.group : undefined;
  if (node !== undefined && !cluster.nodes.includes(node))
    return cannot(
      `${kind} with`,
      node,
      `it must be a node of cluster "${cluster.name}"`,
      `it has ${cluster.nodes.join(', ')}`,
    );
  if (group !== undefined && !state.groups.has(group)) {
    const has = [...state.groups.keys()].join(', ') || 'none';
    return cannot(kind, group, `it must be a resource group of cluster "${cluster.name}"`, `it has ${has}`);
  }
  const holder = kind === 'move' ? holderOf(state, command.group) : (node ?? state.self);
  if ((kind === 'move' || kind === 'standby') && holder !== undefined && inMaintenance(state, holder))
    return cannot(
      kind,
      group ?? holder,
      `${holder} must not be in maintenance`,
      'nothing moves until maintenance is off',
    );
  if (kind !== 'move') return undefined;
  const rules = own(cluster.placement?.groups ?? {}, command.group);
  if (rules?.never.includes(command.node))
    return cannot(kind, command.group, `its rules must let it run on ${command.node}`, 'they say never there');
  return undefined;
}

function holderOf(state: NodeState, group: GroupName): NodeName | undefined {
  const found = state.groups.get(group);
  return found?.claim.phase === 'holding' ? state.self : found?.holder;
}

function wishesOf(state: NodeState, command: Exclude<Command, { kind: 'leave' }>): NewOrder[] {
  switch (command.kind) {
    case 'online':
    case 'standby':
      return [{ kind: 'standby', about: command.node ?? state.self, value: command.kind === 'standby' ? 'on' : '' }];
    case 'move':
      return [{ kind: 'pin', about: command.group, value: command.node, remaining: command.forMs }];
    case 'clear': {
      const groups = command.group === undefined ? [...state.groups.keys()] : [command.group];
      return groups.flatMap((about): NewOrder[] => [
        ...(command.failures === true ? [] : [{ kind: 'pin', about, value: '' } as const]),
        { kind: 'clear', about, value: 'on' },
      ]);
    }
    case 'maintenance':
      return [{ kind: 'maintenance', about: command.node ?? '', value: command.on ? 'on' : '' }];
  }
}

function said(state: NodeState, command: Exclude<Command, { kind: 'leave' }>): string {
  switch (command.kind) {
    case 'online':
      return `${command.node ?? state.self} is online`;
    case 'standby':
      return `${command.node} is to be standby`;
    case 'move': {
      const { group, node, forMs } = command;
      return `${group} is to run on ${node} ${forMs === undefined ? 'until it is cleared' : `for ${showDuration(forMs)}`}`;
    }
    case 'clear':
      return command.failures === true
        ? `failures of ${command.group ?? 'all groups'} are forgotten`
        : `nobody wants ${command.group ?? 'any group'} anywhere any more, and failures are forgotten`;
    case 'maintenance': {
      const where = command.node ?? 'the whole cluster';
      return command.on
        ? `maintenance of ${where} is on: what runs is let alone, and nobody takes over`
        : `maintenance of ${where} is off`;
    }
  }
}

/** What follows at once from orders that are new here. */
export function carryOutOrders(state: NodeState, orders: readonly Order[], now: number): void {
  for (const { kind, about, value, remaining, by } of orders) {
    const why = by === state.self ? 'an operator asked for it' : `an operator asked for it through ${by}`;
    switch (kind) {
      case 'standby':
        if (about === state.self && state.standby !== (value !== ''))
          decide(state, { what: value === '' ? 'online' : 'standby', why });
        break;
      case 'pin': {
        const time = remaining === undefined ? '' : ` for ${showDuration(remaining)}`;
        if (by !== state.self) break;
        if (value === '') decide(state, { what: 'clear', group: about, why: `${why}: it is pinned no more` });
        else decide(state, { what: 'move', group: about, node: value, why: `${why}${time}` });
        break;
      }
      case 'clear':
        if (by === state.self) decide(state, { what: 'clear', group: about, why: `${why}: failures are forgotten` });
        forgetGivenUp(state, about);
        state.effects.push({ type: 'forgetFailures', group: about });
        break;
      case 'maintenance': {
        const where = about === '' ? 'of the whole cluster' : `of ${about}`;
        decide(state, { what: 'maintenance', why: `${value === '' ? 'off' : 'on'} ${where}: ${why}` });
        break;
      }
      case 'left':
        break;
    }
  }
  if (orders.length > 0) applyOrders(state, now);
}

function applyOrders(state: NodeState, now: number): void {
  const standby = state.orders.standby.has(state.self);
  if (standby !== state.standby) {
    state.standby = standby;
    state.beat = undefined;
    state.beatNow = true;
  }
  noteLeft(state, now);
}

/** What follows from orders as time goes on; to be called in every step. */
export function followOrders(state: NodeState, now: number): void {
  const over = ordersOver(state.orders, now);
  if (over.length > 0) {
    for (const { kind, about: group } of over)
      if (kind === 'pin')
        decide(state, { what: 'clear', group, why: 'the time for which an operator had moved it is over' });
    giveOrders(state, over, now);
    applyOrders(state, now);
  }
  wakeBy(state, state.orders.endsAt);
  noteLeft(state, now);
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
  const kept = held.map((group) => group.name).join(', ');
  if (inMaintenance(state, state.self)) {
    for (const { id, kind } of state.pending) {
      const until = kind === 'standby' ? ', and hands it over when that is off' : '';
      const keeps = `${state.self} keeps ${kept}, as it is in maintenance${until}`;
      const ok = kept === '' || kind === 'leave';
      state.effects.push({ type: 'reply', id, ok, text: kept === '' ? `${state.self} holds nothing` : keeps });
    }
    state.pending = [];
    return;
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
    if ((busy.length > 0 || stopping) && now < until) {
      wakeBy(state, until);
      if (kind === 'leave' && now < until - state.lease / 2) wakeBy(state, until - state.lease / 2);
      return true;
    }
    const ok = held.length === 0;
    const text = ok ? `${state.self} holds nothing` : `${state.self} still holds ${kept}: no other node could take it`;
    state.effects.push({ type: 'reply', id, ok, text });
    if (kind === 'leave' && ok) sayFarewell(state);
    return false;
  });
}
