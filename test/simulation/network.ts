import type { Random } from '../../src/base/random.ts';
import type { Message } from '../../src/core/message.ts';
import type { Fault } from '../../src/drill/fault.ts';
import { farRoundTrip } from './cluster.ts';
import type { Datagram, Machine } from './machine.ts';
import type { Plan } from './plan.ts';

/** What the network asks of the world around it. */
interface Around {
  readonly now: number;
  readonly healed: boolean;
  at(time: number, machine: number, work: { readonly type: 'datagram'; readonly datagram: Datagram }): void;
}

/** What all datagrams of a direction suffer beside the rest. */
type Slowness = Pick<Extract<Fault, { kind: 'slow' }>, 'delayMs' | 'jitterMs' | 'loss'>;

/** How many datagrams somebody who listens keeps, to send them again. */
const captured = 64;

/** Every pair of machines is joined by one or more links, each with its own delays, losses and cuts. */
export class Network {
  /** What a stranger on the network has heard; only where one will use it. */
  readonly heard: Datagram[] | undefined;
  private readonly plan: Plan;
  private readonly random: Random;
  private readonly around: Around;
  /** Directed pairs that are cut, counted, as cuts overlap; by link, and (link -1) on all of them. */
  private readonly cuts = new Map<number, number>();
  private readonly slowed = new Map<number, Slowness>();
  private readonly lastArrival = new Map<number, number>();

  constructor(plan: Plan, random: Random, around: Around) {
    this.plan = plan;
    this.random = random;
    this.around = around;
    this.heard = plan.faults.some(({ kind }) => kind === 'attack') ? [] : undefined;
  }

  /** One message over all links that there are; they carry the same sequence number. */
  send(from: Machine, to: Machine, message: Message, epoch: number): void {
    const datagram: Datagram = {
      from: from.index,
      to: to.index,
      incarnation: from.incarnation,
      sequence: ++from.sequence,
      order: ++from.sent,
      epoch,
      message,
      bytes: from.codec?.encode(to.name, message, epoch),
      altered: undefined,
    };
    if (this.heard !== undefined) {
      const at = this.heard.length < captured ? this.heard.length : Math.floor(this.random.next() * 4 * captured);
      if (at < captured) this.heard[at] = datagram;
    }
    if (this.cuts.size > 0 && (this.cuts.get(pairOf(from.index, to.index, -1)) ?? 0) > 0) return;
    const far = this.plan.far && (from.arbiter || to.arbiter);
    if (far) this.connect(datagram);
    else for (let link = 0; link < this.plan.links; link++) this.carry(datagram, link);
  }

  /** As UDP: lost, doubled, overtaken. */
  private carry(datagram: Datagram, link: number): void {
    const { random, around } = this;
    const key = pairOf(datagram.from, datagram.to, link);
    if (this.cuts.size > 0 && (this.cuts.get(key) ?? 0) > 0) return;
    const { loss, duplicate, usual, slow, slowShare } = this.plan.network;
    if (!around.healed && random.chance(loss)) return;
    const slowness = this.slowed.size > 0 ? this.slowed.get(pairOf(datagram.from, datagram.to, -1)) : undefined;
    if (slowness !== undefined && random.chance(slowness.loss)) return;
    const late = slowness === undefined ? 0 : slowness.delayMs + random.next() * slowness.jitterMs;
    const copies = !around.healed && random.chance(duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      // One path keeps the order of what it carries; a detour (another route, a full queue) does not.
      const detour = !around.healed && random.chance(slowShare);
      const sent = around.now + late + 0.05 + random.next() * (detour ? slow : usual);
      const at = detour ? sent : Math.max(sent, this.lastArrival.get(key) ?? 0);
      if (!detour) this.lastArrival.set(key, at);
      around.at(at, datagram.to, { type: 'datagram', datagram });
    }
  }

  /** As TCP over a long way: nothing is lost, but what is sent again holds up all behind it. One packet in a hundred is. */
  private connect(datagram: Datagram): void {
    const key = pairOf(datagram.from, datagram.to, 0);
    const again = this.random.chance(0.01) ? 1.2 * farRoundTrip : 0;
    const sent = this.around.now + farRoundTrip / 2 + this.random.next() * 2 + again;
    const at = Math.max(sent, this.lastArrival.get(key) ?? 0);
    this.lastArrival.set(key, at);
    this.around.at(at, datagram.to, { type: 'datagram', datagram });
  }

  /** Cuts a direction on all links (-1) or one, or (`by` -1) takes one such cut back. */
  cut(from: number, to: number, link: number, by: 1 | -1): void {
    const key = pairOf(from, to, link);
    const left = (this.cuts.get(key) ?? 0) + by;
    if (left === 0) this.cuts.delete(key);
    else this.cuts.set(key, left);
  }

  /** Makes a direction late and lossy, on all links; undefined ends that. */
  slow(from: number, to: number, slowness: Slowness | undefined): void {
    if (slowness === undefined) this.slowed.delete(pairOf(from, to, -1));
    else this.slowed.set(pairOf(from, to, -1), slowness);
  }

  heal(): void {
    this.cuts.clear();
    this.slowed.clear();
  }
}

function pairOf(from: number, to: number, link: number): number {
  return ((link + 1) * 64 + from) * 64 + to;
}
