import type { GroupName } from '../../model/names.ts';
import type { Ballot } from '../message.ts';

/**
 * What a voter must not forget of a group that needs fencing: the newest ballot that it accepted, and so who may run the
 * group. Leases end by themselves; what was started under one does not.
 */
export interface OwnerRecord {
  readonly group: GroupName;
  /** Its node is the owner, in the life that its incarnation says. */
  readonly ballot: Ballot;
  /** Nothing that was started under this ballot runs any more: the owner has released the group, or was fenced. */
  readonly over: boolean;
  /** By what set of voters it was accepted, or seen to be accepted still. */
  readonly epoch: number;
}

/** All that a voter keeps on its disk about owners. */
export interface OwnerRecords {
  /** No ballot above this round was promised: after a restart the voter promises nothing up to it, as it may have. */
  readonly promisedUpTo: number;
  readonly owners: readonly OwnerRecord[];
}
