import { seededRandom } from '../../src/base/random.ts';
import { garbled } from './garble.ts';
import type { Datagram, Machine } from './machine.ts';
import type { World } from './world.ts';

/** Milliseconds between two datagrams of a stranger. */
const pace = 4;

/**
 * For a while somebody sends a machine what it was sent before, also before its sender's last restart; what others were
 * sent; and, where messages are bytes, all of that changed, cut short or signed with another key.
 */
export function attack(world: World, machine: Machine, lasts: number): void {
  const random = seededRandom(Math.floor(world.random.next() * 2 ** 32));
  const until = world.now + lasts;
  const shot = (): void => {
    if (world.healed || world.now >= until) return;
    const heard = world.network.heard ?? [];
    const mine = heard.filter(({ to }) => to === machine.index);
    const taken: Datagram | undefined = random.pick(random.chance(0.7) && mine.length > 0 ? mine : heard);
    if (taken !== undefined) {
      const datagram = taken.bytes === undefined || random.chance(0.4) ? taken : garbled(random, taken, taken.bytes);
      world.injected++;
      world.at(world.now, machine.index, { type: 'datagram', datagram });
    }
    world.at(world.now + pace * (0.5 + random.next()), -1, shot);
  };
  shot();
}
