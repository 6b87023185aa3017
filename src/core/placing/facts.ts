import type { GroupName, NodeName } from '../../model/names.ts';
import type { Placement } from '../../model/placement.ts';

/** A node as placement sees it. */
export interface NodeFacts {
  readonly name: NodeName;
  /** undefined: it may take groups. Else why not, as the end of a sentence: `it is in standby`. */
  readonly unable: string | undefined;
  /** Milliseconds for which it has been able without a break. */
  readonly upFor: number;
  /** How many ping nodes it reaches. */
  readonly reach: number;
}

/** Where somebody wants a group, or does not want it, whatever its weights say. */
export interface GroupFacts {
  readonly name: GroupName;
  readonly preferred: NodeName;
  /** Where it runs now. */
  readonly on: NodeName | undefined;
  /** Nodes that it may not run on for now, with the reason: `it failed there 3 times`. */
  readonly barred: ReadonlyMap<NodeName, string>;
  /** Nodes that gave it up as it failed there: it may run there again, and does not fail back to them. */
  readonly gaveUp?: ReadonlySet<NodeName> | undefined;
  /** The node that an operator moved it to. */
  readonly pinned: NodeName | undefined;
}

/** All that a placement follows from: the same facts give the same plan, on whichever node it is made. */
export interface PlacementFacts {
  readonly placement: Placement;
  /** ha.cf's auto_failback. */
  readonly autoFailback: boolean;
  /** In the order of ha.cf, which breaks ties. */
  readonly nodes: readonly NodeFacts[];
  /** In the order of haresources: where there is not room for all, the first come first. */
  readonly groups: readonly GroupFacts[];
  /** Minutes since Sunday's midnight by the local clock, for windows; undefined: it is in no window. */
  readonly minuteOfWeek: number | undefined;
}
