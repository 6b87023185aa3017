import { isDeepStrictEqual } from 'node:util';
import { Violation } from '../violation.ts';
import type { Checker } from './checker.ts';

/**
 * Nothing acts on what was forged, was meant for somebody else, was acted on before or is older than what was: of each
 * sender a process takes messages in the order in which they were sent, each once, and as they were written.
 */
export function authentic(): Checker {
  const newest = new Map<string, number>();
  return {
    name: 'authentic',
    accepted(world, machine, datagram, message) {
      const from = world.machines[datagram.from]!.name;
      if (datagram.altered) throw new Violation(`${machine.name} acts on what nobody sent, as if from ${from}`);
      if (datagram.to !== machine.index) throw new Violation(`${machine.name} acts on what ${from} sent to another`);
      // The wire remembers nothing over a restart and yet takes nothing that was sent before it: each side proves that it lives.
      const life = machine.codec === undefined ? machine.life : 0;
      const key = `${machine.index} ${life} ${datagram.from}`;
      if (datagram.order <= (newest.get(key) ?? 0))
        throw new Violation(`${machine.name} acts on something older that ${from} sent, or twice on the same`);
      newest.set(key, datagram.order);
      if (message !== datagram.message && !isDeepStrictEqual(plain(message), plain(datagram.message)))
        throw new Violation(
          `${machine.name} reads ${JSON.stringify(message)} where ${from} wrote ${JSON.stringify(datagram.message)}`,
        );
    },
  };
}

/** Without the difference between what is missing and what is undefined; the wire carries whole milliseconds. */
function plain(message: unknown): unknown {
  const whole = (key: string, value: unknown): unknown => (key === 'remaining' ? Math.ceil(Number(value)) : value);
  return JSON.parse(JSON.stringify(message, whole));
}
