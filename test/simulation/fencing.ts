import { type Random, seededRandom } from '../../src/base/random.ts';
import type { Effect } from '../../src/core/effect.ts';
import type { Event } from '../../src/core/event.ts';
import type { Machine } from './machine.ts';
import type { Plan } from './plan.ts';
import type { World } from './world.ts';

/** How long a machine that was fenced stays off, in milliseconds, before it boots by itself. */
const offFor = 1000;

/**
 * What switches machines off: slowly, and not always. Sometimes it does nothing and says so, sometimes it does it and says that
 * it failed, or says so long after; where a machine has no power of its own, its BMC has none either. Never does it say
 * that it worked where it has not.
 */
export class FencingDevices {
  readonly #random: Random;
  readonly #rough: number;

  readonly #without: (place: number) => boolean;

  constructor(plan: Pick<Plan, 'seed' | 'fencingFails' | 'fencers' | 'brokenFencers'>) {
    const { seed, fencingFails = 0, fencers, brokenFencers = [] } = plan;
    this.#without = (place) => fencers?.includes(place) === false || brokenFencers.includes(place);
    this.#random = seededRandom(seed ^ 0x0f_e2_ce);
    this.#rough = fencingFails;
  }

  fence(world: World, by: Machine, { id, node }: Extract<Effect, { type: 'fence' }>): void {
    const random = this.#random;
    const target = world.machines.find(({ name }) => name === node)!;
    const rough = world.healed ? 0 : this.#rough;
    const { life } = by;
    const answer = (after: number, ok: boolean, why: string): void => {
      const event: Event = { type: 'fenced', id, node, ok, why };
      world.at(world.now + after, by.index, { type: 'event', life, event });
    };
    if (this.#without(by.index)) {
      answer(20, false, 'no device answers here');
      return;
    }
    const takes = 20 + random.next() * (random.chance(rough) ? 2000 : 300);
    if (random.chance(rough)) {
      answer(takes, false, 'the device does not answer');
      return;
    }
    const silent = random.chance(rough);
    const late = random.chance(rough) ? random.next() * 5000 : 5;
    world.at(world.now + takes, -1, () => {
      // Whoever asked is off itself by now: perhaps nobody carries it out.
      if (!by.powered && random.chance(0.5)) return;
      const dead = !target.powered && random.chance(rough);
      if (!dead) this.#switchOff(world, by, target);
      if (dead) answer(5, false, 'its BMC has no power either');
      else answer(late, !silent, silent ? 'the device does not say whether it worked' : 'it is off');
    });
  }

  #switchOff(world: World, by: Machine, target: Machine): void {
    world.note(() => `${target.name} is switched off by ${by.name}`);
    world.caused();
    world.powerOff(target);
    target.off++;
    world.at(world.now + offFor * (0.2 + this.#random.next()), -1, () => {
      if (target.off > 0 && --target.off > 0) return;
      target.frozen = 0;
      target.stopped = 0;
      world.powerOn(target);
    });
  }
}
