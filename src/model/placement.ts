import type { GroupName, NodeName } from './names.ts';

/** Amounts of whatever a node has and a group uses, by name: `{ memory: 4096, cpu: 2 }`; the units are the writer's. */
export type Amounts = Readonly<Record<string, number>>;

/** Part of each day, or of some days; minutes since midnight by the node's own clock. It may reach past midnight. */
export interface FailbackWindow {
  /** 0 is Sunday; the days on which it begins. */
  readonly days: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** When a group may leave a node that it runs well on for one that it would rather have. */
export type Failback =
  | { readonly kind: 'on' }
  | { readonly kind: 'off' }
  /** Once the better node has been up for this long; milliseconds. */
  | { readonly kind: 'after'; readonly delay: number }
  | { readonly kind: 'window'; readonly window: FailbackWindow };

/** What one group says about where it runs. */
export interface GroupPlacement {
  /** Higher is better; a node that is not named weighs 0, and the preferred node of haresources `preferredWeight`. */
  readonly prefer: Readonly<Record<NodeName, number>>;
  readonly never: readonly NodeName[];
  /** What the node that it runs on weighs more than the same node would otherwise; undefined: as for all groups. */
  readonly stickiness: number | undefined;
  readonly failback: Failback | undefined;
  readonly uses: Amounts;
}

/**
 * A rule between groups. `together` and `apart` outrank every weight, and give way only where a group would otherwise run
 * nowhere; `order` says what starts first and stops last. Strict ones never give way: who breaks one runs nowhere, and of
 * `together` and `order` the groups that come later depend on those before them.
 */
export interface GroupRule {
  readonly kind: 'together' | 'apart' | 'order';
  readonly groups: readonly GroupName[];
  readonly strict: boolean;
}

/** `placement:` of muster.yml. */
export interface Placement {
  readonly stickiness: number;
  /** Of groups that say none; undefined: ha.cf's auto_failback. */
  readonly failback: Failback | undefined;
  readonly groups: Readonly<Record<GroupName, GroupPlacement>>;
  /** A node that is not named, or an amount that its node does not name, has no bound. */
  readonly capacity: Readonly<Record<NodeName, Amounts>>;
  readonly rules: readonly GroupRule[];
}

/** What the preferred node of haresources weighs where `prefer` does not say. */
export const preferredWeight = 100;
/** Weights and stickiness lie within these, so that no sum of them outweighs anything but weights. */
export const highestWeight = 10_000;

export const noPlacement: Placement = { stickiness: 0, failback: undefined, groups: {}, capacity: {}, rules: [] };
export const noGroupPlacement: GroupPlacement = {
  prefer: {},
  never: [],
  stickiness: undefined,
  failback: undefined,
  uses: {},
};
