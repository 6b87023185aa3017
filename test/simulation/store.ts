import type { Effect } from '../../src/core/effect.ts';
import type { Event } from '../../src/core/event.ts';
import type { StoreAnswer, StoreRecord, StoreWrite } from '../../src/core/store-record.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

type Request = Extract<Effect, { type: 'storeRead' | 'storeWrite' }>;

/** After what a driver gives up waiting for the store. */
const patience = 1000;

/**
 * A register that compares and swaps in one instant. On the way there and back requests and answers take their time and
 * are lost; what is under way is done also when the node that asked for it is frozen or dead by then.
 */
export class LeaseStore {
  /** Nodes that do not reach it, counted, as such faults overlap; -1 is everybody. */
  readonly cuts = new Map<number, number>();
  private readonly records = new Map<string, { version: number; record: StoreRecord }>();
  private revision = 0;

  read(group: string): StoreAnswer {
    const found = this.records.get(group);
    return { group, ok: true, version: found === undefined ? '' : String(found.version), record: found?.record };
  }

  ask(world: World, machine: Machine, request: Request): void {
    const { random, plan } = world;
    const answer = (after: number, ok: boolean, answers: readonly StoreAnswer[]): void => {
      const event: Event = { type: 'storeAnswer', nonce: request.nonce, ok, answers };
      world.at(world.now + after, machine.index, { type: 'event', life: machine.life, event });
    };
    const rough = !world.healed;
    const way = (): number =>
      random.next() * (rough && random.chance(plan.network.slowShare) ? 4 * plan.network.slow : 4) + 0.3;
    const there = way();
    const back = way();
    const lost = rough && random.chance(plan.network.loss);
    const unheard = rough && random.chance(plan.network.loss);
    if (lost || this.unreachable(machine)) {
      answer(patience * (0.2 + random.next()), false, []);
      return;
    }
    const { life } = machine;
    world.at(world.now + there, -1, () => {
      const answers =
        request.type === 'storeRead'
          ? request.groups.map((group) => this.read(group))
          : request.writes.map((write) => this.write(world, machine, write));
      const late = unheard || there + back > patience || this.unreachable(machine);
      if (machine.life === life) answer(late ? patience : back, !late, late ? [] : answers);
    });
  }

  private unreachable({ index }: Machine): boolean {
    return (this.cuts.get(index) ?? 0) + (this.cuts.get(-1) ?? 0) > 0;
  }

  private write(world: World, machine: Machine, { group, expected, record }: StoreWrite): StoreAnswer {
    const now = this.read(group);
    if (now.version !== expected) return { ...now, ok: false };
    this.records.set(group, { version: ++this.revision, record });
    world.note(() => `store: ${group} is ${record.holder ?? 'nobody'}'s, written by ${machine.name}`);
    for (const checker of world.checkers) checker.stored?.(world, group, record);
    return this.read(group);
  }
}
