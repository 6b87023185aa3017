import type { Action } from '../../src/core/resources/event.ts';
import type { Fault as CommonFault } from '../../src/drill/fault.ts';
import type { GroupRule } from '../../src/model/placement.ts';
import type { Behaviour } from './agents.ts';

/** What only made-up machines and networks suffer on demand. */
export type SimulatedFault =
  /** Commands to the kernel wait so long: a stuffed pipe, a helper that is not scheduled. */
  | { readonly kind: 'stall'; readonly node: number; readonly lasts: number }
  /** The kernel refuses every command. */
  | { readonly kind: 'refuse'; readonly node: number }
  /** For so long somebody on the network sends this node what was sent before, to others as well, and what nobody signed. */
  | { readonly kind: 'attack'; readonly node: number; readonly lasts: number }
  /** The lease store is out of this node's reach, or (`node` undefined) of everybody's. */
  | { readonly kind: 'store'; readonly node?: number | undefined }
  /** From now on this many ping nodes answer the node. */
  | { readonly kind: 'reach'; readonly node: number; readonly reached: number }
  /** An operator of this node wants another one to vote, or to vote no more. */
  | { readonly kind: 'add' | 'remove'; readonly node: number; readonly voter: number }
  /** An operator of this node wants another one fenced, or says that it is off (`confirmed`). */
  | { readonly kind: 'shoot'; readonly node: number; readonly target: number; readonly confirmed: boolean }
  /** What agents do with one resource of one group for a while. */
  | {
      readonly kind: 'agent';
      readonly node: number;
      readonly group: number;
      readonly resource: number;
      readonly action: Action;
      readonly behaviour: Behaviour;
    }
  /** A resource ends by itself. */
  | { readonly kind: 'crash'; readonly node: number; readonly group: number; readonly resource: number }
  /** Through this node an operator wants a group elsewhere, and maintenance of the whole cluster (ends with its end). */
  | {
      readonly kind: 'move';
      readonly node: number;
      readonly group: string;
      readonly to: number;
      readonly forMs?: number;
    }
  | { readonly kind: 'maintenance'; readonly node: number }
  /** An orderly stop; ends with a start. */
  | { readonly kind: 'leave'; readonly node: number };

/** One thing that goes wrong, or that an operator asks for, as drills have it too; machines are numbers, arbiters last. */
export type Fault = CommonFault<number> | SimulatedFault;

/** When it begins, and for how long it lasts where it ends (true milliseconds). */
export type TimedFault = Fault & { readonly at: number; readonly lasts?: number };

export type FaultKind = Fault['kind'];

/** A whole run, drawn from its seed before it starts. */
export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  readonly arbiters: number;
  readonly groups: number;
  readonly autoFailback: boolean;
  /** So many resources in each group, which agents run; none where it is not said. */
  readonly agents?: number | undefined;
  /** An operator has wishes: moves, maintenance. */
  readonly orders?: boolean | undefined;
  /** What groups are to each other; undefined: nothing, and no rule of placement is followed. */
  readonly rules?: readonly GroupRule[] | undefined;
  /** By group: the nodes (their places) that it must never be on. */
  readonly never?: readonly (readonly number[])[] | undefined;
  /** The policy without a majority is to leave what runs (`no_quorum: freeze`). */
  readonly keeps?: boolean | undefined;
  readonly driftBound: number;
  /** The defaults, or a lease of 80 ms that is renewed every 20. */
  readonly fast: boolean;
  /** From then on the configuration on every disk has the shorter lease of those two: musterds read it when they start. */
  readonly shortensAt?: number | undefined;
  /** Voters come and go; fencing is configured, so that two may be left. */
  readonly changes: boolean;
  /** Arbiters are 200 ms away, by connections that lose one packet in a hundred. */
  readonly far: boolean;
  /** The leases lie in a store instead of with the voters. */
  readonly store: 'etcd' | 'disk' | undefined;
  /** Rates of the voters' clocks against true time: within the bound, but for `drift`. */
  readonly rates: readonly number[];
  /** How far a clock is off at most, as a fraction; more than `driftBound` where that is what the run is about. */
  readonly drift: number;
  /** Every datagram goes over each of so many links. */
  readonly links: number;
  /** Messages are encoded, signed and read back as on the wire, so that anything at all can be sent to a node. */
  readonly wire: boolean;
  readonly network: {
    readonly loss: number;
    readonly duplicate: number;
    /** Milliseconds on the way: usually up to `usual`, sometimes (`slowShare`) up to `slow`. */
    readonly usual: number;
    readonly slow: number;
    readonly slowShare: number;
  };
  /** Share of the commands to a kernel that wait for up to 300 ms. */
  readonly slowCommands: number;
  /** So many of the groups need fencing, and there is something to fence with; undefined: none do. */
  readonly needs?: number | undefined;
  /** The nodes (their places) by whose configurations no group needs fencing. */
  readonly unaware?: readonly number[] | undefined;
  /** Each node wants the groups on the next one, and has them go back there. */
  readonly divided?: boolean | undefined;
  /** The nodes whose configurations say that clocks do not drift. */
  readonly trusting?: readonly number[] | undefined;
  /** Share of the fencings that go wrong in one way or another. */
  readonly fencingFails?: number | undefined;
  /** The nodes that have a way to fence others (their places); undefined: all have. */
  readonly fencers?: readonly number[] | undefined;
  /** Of these, some whose way never works. */
  readonly brokenFencers?: readonly number[] | undefined;
  /** The longest that a disk takes to have a record for good, in milliseconds. */
  readonly slowDisk?: number | undefined;
  readonly faults: readonly TimedFault[];
  /** When all faults are healed, and when the run ends. */
  readonly healAt: number;
  readonly endAt: number;
}
