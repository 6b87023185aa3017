import type { Effect } from '../../src/core/effect.ts';
import type { Event } from '../../src/core/event.ts';
import type { Ballot, Message } from '../../src/core/message.ts';
import type { Checker } from './checkers/checker.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

/** One armed token, and what the voters answered to the request that was made with it. */
export interface Asked {
  readonly machine: Machine;
  readonly token: number;
  /** Milliseconds of the clock of whoever counts. */
  readonly lease: number;
  /** By what set it counted then: answers of a voter that counts by another are none. */
  readonly epoch: number;
  /** Whose votes count, by what the asker had on its disk then, or by whom it knew to be off when it opened: their places in the world. */
  voters: readonly number[];
  readonly ballots: ReadonlyMap<string, Ballot>;
  /** By group and voter: until what true time the voter will keep it, by its own clock; 0 where it said nothing. */
  readonly until: ReadonlyMap<string, Float64Array>;
}

type Propose = Extract<Message, { kind: 'propose' }>;

const kept = 4000;

/**
 * What the voters granted, written down from what they really sent and kept apart from what the nodes believe: the checkers
 * judge by it.
 */
export class Ledger implements Checker {
  readonly name = 'ledger';
  private readonly byNonce = new Map<string, Asked>();
  private readonly byToken = new Map<string, Asked>();

  /** What was asked for with this token of this life of a machine. */
  asked(machine: Machine, token: number): Asked | undefined {
    return this.byToken.get(keyOf(machine, token));
  }

  stepped(world: World, machine: Machine, event: Event, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'grant' && (event.type === 'armed' || event.type === 'ownersPersisted'))
        this.noteAlone(world, machine, effect);
      if (effect.type === 'grant') this.noteCounted(world, machine, effect.token);
      if (effect.type !== 'send') continue;
      const { message } = effect;
      if (message.kind === 'propose' && event.type === 'armed') this.noteAsked(world, machine, event.token, message);
      else if (message.kind === 'accept') this.noteAnswer(world, machine, message, effect.epoch);
    }
  }

  /** A majority keeps the group for this asker until then (true time), by the voters' own clocks; 0 where there is none. */
  keptUntil(asked: Asked, group: string): number {
    const until = asked.until.get(group);
    if (until === undefined) return 0;
    return Float64Array.from(asked.voters, (voter) => until[voter]!)
      .sort()
      .at(-majorityOf(asked))!;
  }

  private noteAsked(
    world: World,
    machine: Machine,
    token: number,
    { nonce, requests, lease, incarnation }: Pick<Propose, 'nonce' | 'requests' | 'lease' | 'incarnation'>,
  ): void {
    if (this.byNonce.has(nonce)) return;
    const until = new Map<string, Float64Array>();
    const ballots = new Map<string, Ballot>();
    for (const { group, round } of requests) {
      const votes = new Float64Array(world.machines.length);
      votes[machine.index] = world.now + machine.trueSpan(lease);
      until.set(group, votes);
      ballots.set(group, { round, node: machine.name, incarnation });
    }
    const { state } = machine;
    const voters = world.machines.filter(({ name }) => state?.voters.includes(name)).map(({ index }) => index);
    // What is written down first is granted later than the rest of its round.
    const earlier = this.byToken.get(keyOf(machine, token));
    for (const [group, votes] of earlier?.until ?? []) if (!until.has(group)) until.set(group, votes);
    for (const [group, ballot] of earlier?.ballots ?? []) if (!ballots.has(group)) ballots.set(group, ballot);
    const asked = { machine, token, lease, epoch: machine.state?.epoch ?? 0, voters, ballots, until };
    this.byNonce.set(nonce, asked);
    this.byToken.set(keyOf(machine, token), asked);
    prune(this.byNonce);
    prune(this.byToken);
  }

  /** Where one voter is left it asks nobody: its own vote, given when its kernel has armed, is the majority. */
  private noteAlone(world: World, machine: Machine, { token, groups }: Extract<Effect, { type: 'grant' }>): void {
    const { state } = machine;
    const alone = state?.voters.length === 1 || (state?.fencing?.subtracted ?? 0) !== 0;
    if (state === undefined || !alone || !state.voters.includes(machine.name)) return;
    const known = this.byToken.get(keyOf(machine, token));
    const asked = groups.filter((group) => known?.until.has(group) !== true);
    if (asked.length === 0) return;
    const requests = asked.map((group) => {
      const claim = state.groups.get(group)?.claim;
      return { group, round: claim?.phase === 'holding' ? claim.round : 0 };
    });
    const { incarnation } = machine;
    const nonce = `alone ${keyOf(machine, token)} ${asked.join(' ')}`;
    this.noteAsked(world, machine, token, { nonce, requests, lease: machine.lease, incarnation });
  }

  /** A voter that is known to be off counts no more, of two. */
  private noteCounted(world: World, machine: Machine, token: number): void {
    const { subtracted = 0 } = machine.state?.fencing ?? {};
    const asked = this.byToken.get(keyOf(machine, token));
    if (asked === undefined || subtracted === 0) return;
    const isOff = (voter: number): boolean =>
      ((machine.state?.peers.get(world.machines[voter]!.name)?.bit ?? 0) & subtracted) !== 0;
    asked.voters = asked.voters.filter((voter) => !isOff(voter));
  }

  private noteAnswer(
    world: World,
    machine: Machine,
    message: Extract<Message, { kind: 'accept' }>,
    epoch: number,
  ): void {
    const asked = this.byNonce.get(message.nonce);
    if (asked === undefined || asked.epoch !== epoch) return;
    const { lease } = asked;
    for (const { ok, group } of message.answers) {
      const votes = asked.until.get(group);
      if (ok && votes !== undefined) votes[machine.index] = world.now + machine.trueSpan(lease);
    }
  }
}

export function majorityOf({ voters }: Asked): number {
  return Math.floor(voters.length / 2) + 1;
}

function keyOf(machine: Machine, token: number): string {
  return `${machine.index} ${machine.life} ${token}`;
}

/** Rounds are short: the oldest of thousands is asked for by nobody any more. */
function prune(map: Map<string, unknown>): void {
  if (map.size < 2 * kept) return;
  for (const key of map.keys()) {
    map.delete(key);
    if (map.size <= kept) return;
  }
}
