/**
 * Who held the VIP when, from what the witness saw. Pure.
 *
 * "Double holder" means: two nodes accept new client frames for one VIP, or answer ARP or ND for it, in one instant. An
 * answer that was asked for at `sent` and seen at `answered` proves that its node accepted at some instant between the
 * two, no more. So a node that answered rounds without a gap held the VIP *for certain* from the first answer seen to
 * the last question sent, and two nodes held it at once for certain where such stretches overlap. A hand-over, in which
 * one node's last answer and the other's first fall into one round, is therefore no double holder; and the answer of a
 * node that was frozen after it had accepted the question counts for the time of the question.
 * Two nodes that answer one and the same ARP request or neighbour solicitation, which the switch copies to all at once, are one instant as well.
 */
import type { MacAddress } from '../model/names.ts';
import type { WitnessAnswer } from './observation.ts';

export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A stretch of rounds that one node answered without a gap. */
export interface Stretch {
  readonly mac: MacAddress;
  readonly what: WitnessAnswer['what'];
  /** When it held for certain; empty (`toMs < fromMs`) for a single answer. */
  readonly certain: Interval;
  /** All of it: from the first question sent to the last answer seen. */
  readonly possible: Interval;
  readonly rounds: number;
}

export interface DoubleHolding extends Interval {
  readonly macs: readonly [MacAddress, MacAddress];
  /** What each of the two answered. */
  readonly what: readonly [WitnessAnswer['what'], WitnessAnswer['what']];
}

/** Joins answers of one node and kind into stretches of rounds without a gap. */
export function stretchesOf(answers: readonly WitnessAnswer[]): readonly Stretch[] {
  const series = new Map<string, WitnessAnswer[]>();
  for (const answer of answers) {
    const key = `${answer.mac} ${answer.what}`;
    const list = series.get(key);
    if (list === undefined) series.set(key, [answer]);
    else list.push(answer);
  }
  const stretches: Stretch[] = [];
  for (const list of series.values()) {
    list.sort((left, right) => left.round - right.round || left.answeredMs - right.answeredMs);
    let start = 0;
    for (let index = 1; index <= list.length; index++) {
      const next = list[index];
      if (next !== undefined && next.round - list[index - 1]!.round <= 1) continue;
      stretches.push(stretchFrom(list.slice(start, index)));
      start = index;
    }
  }
  return stretches.sort((left, right) => left.possible.fromMs - right.possible.fromMs);
}

function stretchFrom(answers: readonly WitnessAnswer[]): Stretch {
  const firstSeen = Math.min(...[answers[0]!, ...answers.slice(1, 2)].map((answer) => answer.answeredMs));
  const last = answers[answers.length - 1]!;
  return {
    mac: last.mac,
    what: last.what,
    certain: { fromMs: firstSeen, toMs: last.sentMs },
    possible: { fromMs: answers[0]!.sentMs, toMs: Math.max(...answers.slice(-2).map((answer) => answer.answeredMs)) },
    rounds: last.round - answers[0]!.round + 1,
  };
}

/** The overlap that two stretches of different nodes prove, if any. An instant counts as long as one round. */
function overlap(left: Stretch, right: Stretch, intervalMs: number): Interval | undefined {
  const fromMs = Math.max(left.certain.fromMs, right.certain.fromMs);
  const toMs = Math.min(left.certain.toMs, right.certain.toMs);
  if (toMs > fromMs) return { fromMs, toMs };
  // A single answer that was asked for and seen while the other held for certain.
  const [single, other] = left.rounds <= right.rounds ? [left, right] : [right, left];
  const inside = single.possible.fromMs >= other.certain.fromMs && single.possible.toMs <= other.certain.toMs;
  return inside ? { fromMs: single.possible.fromMs, toMs: single.possible.fromMs + intervalMs } : undefined;
}

/** Whose address it was that was asked for: a group may have one of each version, and they are judged apart. */
const versionOf = (what: WitnessAnswer['what']): 4 | 6 => (what === 'echo' || what === 'arp' ? 4 : 6);

/** Requests to all that two nodes answered. */
function sharedRequests(answers: readonly WitnessAnswer[], intervalMs: number): readonly DoubleHolding[] {
  const first = new Map<string, WitnessAnswer>();
  const shared: DoubleHolding[] = [];
  for (const answer of answers) {
    if (answer.what !== 'arp' && answer.what !== 'nd') continue;
    const key = `${answer.what} ${answer.round}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, answer);
    else if (other.mac !== answer.mac)
      shared.push({
        macs: [other.mac, answer.mac],
        what: [answer.what, answer.what],
        fromMs: answer.sentMs,
        toMs: answer.sentMs + intervalMs,
      });
  }
  return shared;
}

/** Every time in which two nodes held the VIP at once; they may overlap each other. */
export function doubleHoldings(answers: readonly WitnessAnswer[], intervalMs: number): readonly DoubleHolding[] {
  const stretches = stretchesOf(answers);
  const found: DoubleHolding[] = [...sharedRequests(answers, intervalMs)];
  for (const [index, left] of stretches.entries()) {
    for (const right of stretches.slice(index + 1)) {
      if (right.possible.fromMs > left.possible.toMs) break;
      if (right.mac === left.mac || versionOf(left.what) !== versionOf(right.what)) continue;
      const both = overlap(left, right, intervalMs);
      if (both !== undefined) found.push({ ...both, macs: [left.mac, right.mac], what: [left.what, right.what] });
    }
  }
  return found.sort((left, right) => left.fromMs - right.fromMs);
}

/** Milliseconds that the intervals cover together. */
export function covered(intervals: readonly Interval[]): number {
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { fromMs, toMs } of [...intervals].sort((left, right) => left.fromMs - right.fromMs)) {
    total += Math.max(0, toMs - Math.max(fromMs, until));
    until = Math.max(until, toMs);
  }
  return total;
}
