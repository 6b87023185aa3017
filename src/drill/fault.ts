/** What can go wrong, as data. Drills inject it into machines (lab-injector.ts), the simulation into its made-up ones. */
import type { NodeName } from '../model/names.ts';

/**
 * One fault. `Node` is how machines are named: by their names, or by numbers in the simulation. What a fault means is
 * the same everywhere; an injector that cannot make one says so.
 */
export type Fault<Node = NodeName> =
  /** The loss of the whole machine at once. Ends with power, and a boot. */
  | { readonly kind: 'power'; readonly node: Node }
  /** SIGKILL of musterd, which its service manager starts again. */
  | { readonly kind: 'kill'; readonly node: Node }
  /** SIGSTOP of musterd alone; the kernel and all else go on. */
  | { readonly kind: 'stop'; readonly node: Node }
  /** Every process stops at once and later goes on; the kernel's timers run meanwhile. */
  | { readonly kind: 'freeze'; readonly node: Node }
  /** All cables of the machine are pulled. */
  | { readonly kind: 'link'; readonly node: Node }
  /** One network of the machine, counted from 1, is gone; others carry on. */
  | { readonly kind: 'one-link'; readonly node: Node; readonly link: number }
  /** Nothing gets from one node to the other, in this direction. */
  | { readonly kind: 'cut'; readonly from: Node; readonly to: Node }
  /** These nodes and all others do not hear each other; clients hear all. */
  | { readonly kind: 'partition'; readonly side: readonly Node[] }
  /** Between these nodes and all others, every frame is late, or lost with this chance (0 to 1). */
  | {
      readonly kind: 'slow';
      readonly side: readonly Node[];
      readonly delayMs: number;
      readonly jitterMs: number;
      readonly loss: number;
    }
  /** `nft flush ruleset`. An instant: it has no end. */
  | { readonly kind: 'flush'; readonly node: Node }
  /** A restart of nftables.service, which flushes and loads a ruleset without ours. An instant. */
  | { readonly kind: 'nftables'; readonly node: Node }
  /** The wall clock of musterd jumps by so much; the monotonic one does not. */
  | { readonly kind: 'clock'; readonly node: Node; readonly byMs: number }
  /** Nothing more fits on the disk. */
  | { readonly kind: 'disk'; readonly node: Node }
  /** The machine has no more memory than it cannot do without, and programs that want more. */
  | { readonly kind: 'memory'; readonly node: Node }
  /** So many processes want all of a processor. */
  | { readonly kind: 'busy'; readonly node: Node; readonly processes: number }
  /** No fault: the operator's standby; ends with `online`. */
  | { readonly kind: 'standby'; readonly node: Node };

export type FaultKind = Fault['kind'];

/**
 * Makes faults and ends them. The lab is one implementation (lab-injector.ts), the simulation another
 * (test/simulation/injector.ts); a power switch would be a third. `begin` and `end` return once the fault is there, or
 * gone; `heal` ends all faults there are, of this run or an earlier one. `More` is what this one can make beside the rest.
 */
export interface Injector<Node = NodeName, Done = Promise<void>, More = never> {
  begin(fault: Fault<Node> | More): Done;
  end(fault: Fault<Node> | More): Done;
  heal(): Done;
}
