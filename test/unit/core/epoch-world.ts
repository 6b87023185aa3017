import { type Random, seededRandom } from '../../../src/base/random.ts';
import type { Effect } from '../../../src/core/effect.ts';
import type { VoterRecord } from '../../../src/core/epoch-state.ts';
import type { Event, OperatorCommand } from '../../../src/core/event.ts';
import { createNode, step, wakeAt } from '../../../src/core/node.ts';
import type { NodeState } from '../../../src/core/state.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { clusterOf } from '../../simulation/cluster.ts';
import { EventQueue } from '../../simulation/queue.ts';

interface Node {
  readonly name: string;
  readonly cluster: Cluster;
  state: NodeState | undefined;
  life: number;
  /** What is on its disk; `undefined` until something was written. */
  record: VoterRecord | undefined;
  diskFreeAt: number;
  diskFull: boolean;
  starts: number;
  /** The longest lease of any configuration since it was switched on, as its run directory has it; 0: none yet. */
  longestLease: number;
  /** The next tick that is under way. */
  tickAt: number;
}

interface Due {
  at: number;
  order: number;
  readonly node: Node;
  readonly life: number;
  readonly event: Event;
}

type Send = Extract<Effect, { type: 'send' }>;

/**
 * Nodes whose configuration names some of them as voters, on a network that loses and delays, with disks that take their
 * time and lose what they were not done with in a crash. `held` and `chosen` hold what must never be contradicted.
 */
export class EpochWorld {
  readonly nodes = new Map<string, Node>();
  readonly replies: { readonly node: string; readonly ok: boolean; readonly text: string }[] = [];
  /** The voters of each epoch, as the first node to count by it had them. */
  readonly chosen = new Map<number, string>();
  /** Said where two nodes held one group, or two counted by different voters in one epoch. */
  readonly broken: string[] = [];
  now = 0;
  loss = 0;
  blocked: (send: Send, from: string) => boolean = () => false;
  /** What arrives of what is sent; undefined: nothing. */
  carried: (send: Send, from: string) => Pick<Send, 'epoch' | 'message'> | undefined = (send) => send;
  private readonly random: Random;
  private readonly queue = new EventQueue<Due>();

  /** `count` machines of which the configurations name the first `voters`; machine i knows at least itself. */
  constructor(count: number, voters: number, seed = 1) {
    this.random = seededRandom(seed);
    const sizes = { arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false };
    for (let index = 1; index <= count; index++) {
      // Whoever is not in the configuration yet has been given one that knows all.
      const cluster = clusterOf({ ...sizes, nodes: Math.max(index <= voters ? voters : count, voters) });
      const name = `node${index}`;
      this.nodes.set(name, {
        name,
        cluster,
        state: undefined,
        life: 0,
        record: undefined,
        diskFreeAt: 0,
        diskFull: false,
        starts: 0,
        longestLease: 0,
        tickAt: Number.NEGATIVE_INFINITY,
      });
    }
  }

  /** Switches it on; `configured`: its configuration names so many nodes now; `lease`: and has this one, in milliseconds. */
  start(name: string, configured?: number, lease?: number): void {
    const node = this.nodes.get(name)!;
    node.life++;
    node.starts++;
    node.tickAt = Number.NEGATIVE_INFINITY;
    const named =
      configured === undefined
        ? node.cluster
        : clusterOf({
            nodes: configured,
            arbiters: 0,
            groups: 1,
            autoFailback: false,
            driftBound: 0.001,
            fast: false,
          });
    const cluster = { ...named, timings: { ...named.timings, lease: lease ?? named.timings.lease } };
    node.longestLease = Math.max(node.longestLease, cluster.timings.lease);
    const { longestLease } = node;
    const seed = [1, 2, 3, 4].map(() => this.random.between(0, 2 ** 32 - 1)) as [number, number, number, number];
    const incarnation = String(node.starts).padStart(16, '0') + seed[0].toString(16).padStart(16, '0');
    const options = {
      incarnation,
      seed,
      configHash: '',
      bundleHash: '',
      macs: {},
      recorded: node.record,
      longestLease,
    };
    node.state = createNode(cluster, name, options, this.now);
    this.happen(node, { type: 'tick' });
  }

  crash(name: string): void {
    const node = this.nodes.get(name)!;
    node.state = undefined;
    node.life++;
    node.diskFreeAt = 0;
  }

  operate(name: string, command: OperatorCommand): void {
    const node = this.nodes.get(name)!;
    if (node.state !== undefined) this.happen(node, { type: 'operator', id: 1, command });
  }

  state(name: string): NodeState {
    return this.nodes.get(name)!.state!;
  }

  /** `epoch: voters` of every node that is on. */
  sets(): string[] {
    return [...this.nodes.values()].flatMap(({ state }) =>
      state === undefined ? [] : [`${state.epoch}: ${state.voters.join(' ')}`],
    );
  }

  holders(): string[] {
    return [...this.nodes.values()].flatMap(({ name, state }) => {
      const claim = state?.groups.get('web1')?.claim;
      return claim?.phase === 'holding' && claim.gateOpen && this.now < claim.leaseEnd ? [name] : [];
    });
  }

  run(span: number): void {
    const end = this.now + span;
    for (let next = this.queue.pop(); next !== undefined; next = this.queue.pop()) {
      if (next.at > end) {
        this.queue.push(next);
        break;
      }
      this.now = Math.max(this.now, next.at);
      if (next.node.state !== undefined && next.node.life === next.life) this.happen(next.node, next.event);
    }
    this.now = end;
  }

  private happen(node: Node, event: Event): void {
    const { effects } = step(node.state!, event, this.now);
    for (const effect of effects) this.perform(node, effect);
    const wake = wakeAt(node.state!);
    if (node.tickAt <= this.now || wake < node.tickAt) {
      node.tickAt = Math.max(wake, this.now + 0.01);
      this.later(node, { type: 'tick' }, node.tickAt - this.now);
    }
    this.judge(node);
  }

  private later(node: Node, event: Event, after: number): void {
    this.queue.push({ at: this.now + Math.max(after, 0.01), order: 0, node, life: node.life, event });
  }

  private perform(node: Node, effect: Effect): void {
    switch (effect.type) {
      case 'send': {
        const to = this.nodes.get(effect.to);
        if (to === undefined || this.random.chance(this.loss) || this.blocked(effect, node.name)) return;
        const arrives = this.carried(effect, node.name);
        if (arrives === undefined) return;
        const { epoch, message } = arrives;
        const event: Event = { type: 'message', from: node.name, link: 'eth0', epoch, message };
        this.later(to, event, 0.1 + this.random.next() * 3);
        return;
      }
      case 'arm':
        this.later(node, { type: 'armed', token: effect.token, ok: true }, 0.1);
        return;
      case 'grant':
        this.later(node, { type: 'granted', token: effect.token, ok: true }, 0.1);
        return;
      case 'close':
        this.later(node, { type: 'closed', token: effect.token, ok: true }, 0.1);
        return;
      case 'persistEpoch':
        this.persist(node, effect);
        return;
      case 'reply':
        this.replies.push({ node: node.name, ok: effect.ok, text: effect.text });
        return;
      default:
        return;
    }
  }

  /** On the disk from a moment before it is said to be: a crash between the two keeps it, one before loses it. */
  private persist(node: Node, { id, record }: Extract<Effect, { type: 'persistEpoch' }>): void {
    const ok = !node.diskFull;
    node.diskFreeAt = Math.max(node.diskFreeAt, this.now) + 1 + this.random.next() * 20;
    const { life } = node;
    const settled: Event = { type: 'epochPersisted', id, ok };
    this.queue.push({ at: node.diskFreeAt, order: 0, node, life, event: settled });
    if (ok) this.written.push({ at: node.diskFreeAt - 0.5, node, life, record });
  }

  private readonly written: { at: number; node: Node; life: number; record: VoterRecord }[] = [];

  /** Puts on the disks what has got there by now; has to come before a crash and a start. */
  settleDisks(): void {
    for (const write of this.written.splice(0)) {
      if (write.at > this.now) {
        if (write.life === write.node.life) this.written.push(write);
      } else if (write.life === write.node.life) write.node.record = write.record;
    }
  }

  private judge({ name, state }: Node): void {
    this.settleDisks();
    const set = [...state!.voters].sort().join(' ');
    const first = this.chosen.get(state!.epoch);
    if (first === undefined) this.chosen.set(state!.epoch, set);
    else if (first !== set && state!.epoch > 0)
      this.broken.push(`epoch ${state!.epoch} is ${first}, and ${set} on ${name}`);
    const holders = this.holders();
    if (holders.length > 1) this.broken.push(`${holders.join(' and ')} hold web1 at ${this.now.toFixed(1)}`);
  }
}
