/** One thing that goes wrong, or that an operator asks for, at a time and for a while (true milliseconds). */
export type Fault =
  | { readonly kind: 'power'; readonly node: number; readonly at: number; readonly lasts: number }
  | { readonly kind: 'kill'; readonly node: number; readonly at: number; readonly lasts: number }
  | { readonly kind: 'freeze'; readonly node: number; readonly at: number; readonly lasts: number }
  /** Commands to the kernel wait: a stuffed pipe, a helper that is not scheduled. */
  | { readonly kind: 'stall'; readonly node: number; readonly at: number; readonly lasts: number }
  /** The kernel refuses every command. */
  | { readonly kind: 'refuse'; readonly node: number; readonly at: number; readonly lasts: number }
  /** Nothing gets from one node to the other, in this direction. */
  | { readonly kind: 'cut'; readonly from: number; readonly to: number; readonly at: number; readonly lasts: number }
  /** Two sides that do not hear each other; bit i of `side` says where node i is. */
  | { readonly kind: 'partition'; readonly side: number; readonly at: number; readonly lasts: number }
  /** A node's cable of one of its links is out. */
  | { readonly kind: 'link'; readonly node: number; readonly link: number; readonly at: number; readonly lasts: number }
  /** Somebody on the network sends this node what was sent before, what others were sent, and what nobody signed. */
  | { readonly kind: 'attack'; readonly node: number; readonly at: number; readonly lasts: number }
  /** The lease store is out of this node's reach, or (`node` undefined) of everybody's. */
  | { readonly kind: 'store'; readonly node?: number | undefined; readonly at: number; readonly lasts: number }
  /** From now on this many ping nodes answer the node. */
  | { readonly kind: 'reach'; readonly node: number; readonly reached: number; readonly at: number }
  /** An operator of this node wants another one to vote, or to vote no more. */
  | { readonly kind: 'add' | 'remove'; readonly node: number; readonly voter: number; readonly at: number }
  | { readonly kind: 'flush'; readonly node: number; readonly at: number }
  | { readonly kind: 'standby'; readonly node: number; readonly at: number; readonly lasts: number }
  | { readonly kind: 'leave'; readonly node: number; readonly at: number; readonly lasts: number };

export type FaultKind = Fault['kind'];

/** A whole run, drawn from its seed before it starts. */
export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  readonly arbiters: number;
  readonly groups: number;
  readonly autoFailback: boolean;
  /** The policy without a majority is to leave what runs (`no_quorum: freeze`). */
  readonly keeps?: boolean | undefined;
  readonly driftBound: number;
  /** The defaults, or a lease of 80 ms that is renewed every 20. */
  readonly fast: boolean;
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
  readonly faults: readonly Fault[];
  /** When all faults are healed, and when the run ends. */
  readonly healAt: number;
  readonly endAt: number;
}
