/** What only some clusters have. */
export type Feature =
  | 'changes'
  | 'far'
  | 'wire'
  | 'store'
  | 'agents'
  | 'needs'
  | 'orders'
  | 'rules'
  | 'never'
  | 'shortensAt'
  | 'unaware'
  | 'divided'
  | 'trusting';

/** One change of a source file; `find` must stand in it exactly once. */
export interface Edit {
  /** Under `src/core`, or under `src` where it names a folder. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/**
 * Planted defects: each breaks one rule of the lease, the gate, membership, hand-over or the epochs in the text of the core
 * or the wire. The production code knows nothing of them. Each must be found by the simulation.
 */
export interface Defect extends Edit {
  readonly name: string;
  /** The rule that it breaks, in words. */
  readonly rule: string;
  /** Where more than one line keeps a rule, all of them are broken. */
  readonly also?: readonly Edit[] | undefined;
  /** Only clusters that have this, or all of these, can tell: others are not tried. */
  readonly where?: Feature | readonly Feature[] | undefined;
  /** A run of `regressions/` that shows it, where drawn ones take too long to come upon it. */
  readonly shownBy?: string | undefined;
}

export function editsOf({ file, find, replace, also }: Defect): readonly Edit[] {
  return [{ file, find, replace }, ...(also ?? [])];
}

/** Where the file stands under `src`. */
export function pathOf({ file }: Edit): string {
  return file.includes('/') ? file : `core/${file}`;
}
