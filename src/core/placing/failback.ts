import type { Failback } from '../../model/placement.ts';
import type { Piece, Seat } from './board.ts';

const day = 24 * 60;

/** Whether a minute of the week (from Sunday's midnight) lies in a window, which may reach past midnight. */
export function inWindow(window: Extract<Failback, { kind: 'window' }>['window'], minuteOfWeek: number): boolean {
  const { days, from, to } = window;
  const length = to > from ? to - from : to + day - from;
  return days.some((start) => (minuteOfWeek - (start * day + from) + 7 * day) % (7 * day) < length);
}

/** Why a piece may not leave the seat that it runs well on for this one yet, as the end of a sentence; undefined where it may. */
export function staysFor({ facts, failback }: Piece, seat: Seat, minuteOfWeek: number | undefined): string | undefined {
  if (facts.gaveUp?.has(seat.facts.name) === true) return 'it failed there, and nobody has cleared that';
  return failbackWaits(failback, seat.facts.upFor, minuteOfWeek);
}

/**
 * Why a group may not go to a better node yet, as the end of a sentence; undefined where it may. `upFor` is how long that
 * node has been able, in milliseconds.
 */
function failbackWaits(failback: Failback, upFor: number, minuteOfWeek: number | undefined): string | undefined {
  switch (failback.kind) {
    case 'on':
      return undefined;
    case 'off':
      return 'failback is off';
    case 'after':
      return upFor >= failback.delay ? undefined : 'it has not been up for long enough';
    case 'window':
      return minuteOfWeek !== undefined && inWindow(failback.window, minuteOfWeek)
        ? undefined
        : 'its failback window is shut';
  }
}
