import type { GroupName, NodeName } from '../model/names.ts';
import type { VoterRecord } from './epoch-state.ts';
import type { OwnerRecords } from './fencing/owner-record.ts';
import type { Fenced, Message } from './message.ts';
import type { Order } from './orders.ts';
import type { Wish } from './resources/event.ts';
import type { StoreWrite } from './store-record.ts';

/**
 * Everything that a step wants done, in the order in which it has to be done. Drivers refuse an effect after its
 * `deadline` (monotonic milliseconds), so that nothing that was decided before a freeze is done after it.
 */
export type Effect =
  /** One datagram to one voter, over every link that reaches it. */
  | { readonly type: 'send'; readonly to: NodeName; readonly epoch: number; readonly message: Message }
  /**
   * Write this record where it survives a crash of the machine, in the order of the effects, over the last one. Answered by
   * `epochPersisted`; until then nobody acts upon it.
   */
  | { readonly type: 'persistEpoch'; readonly id: number; readonly record: VoterRecord }
  /** The same for who has the groups that need fencing, in a record of its own; answered by `ownersPersisted`. */
  | { readonly type: 'persistOwners'; readonly id: number; readonly records: OwnerRecords }
  /** Keep in mind over a restart of musterd, and not over a boot, that these nodes are off; nobody waits for it. */
  | { readonly type: 'noteFenced'; readonly fenced: readonly Fenced[] }
  /** Make sure that this node is off (or has no hands on anything shared). Takes what it takes; answered by `fenced`. */
  | { readonly type: 'fence'; readonly id: number; readonly node: NodeName; readonly why: string }
  /**
   * Put (every address of the groups, token) into the kernel's timed set, for `lifetime` milliseconds that the kernel
   * counts from when it applies the command. Answered by `armed`; only then are the voters asked.
   */
  | {
      readonly type: 'arm';
      readonly token: number;
      readonly groups: readonly GroupName[];
      readonly lifetime: number;
      readonly deadline: number;
    }
  /** Point the untimed map of these groups' addresses at an armed token: the gate is open for what is left of it. */
  | { readonly type: 'grant'; readonly token: number; readonly groups: readonly GroupName[]; readonly deadline: number }
  /**
   * Shut the gate of these groups: they leave the untimed map in one kernel transaction. With `passTo`, frames that still
   * come are passed on to that node, at most for `passFor` milliseconds and only while `passToken` is still armed: that
   * element stays in the timed set, so that a close which the kernel applies late passes nothing on. Tokens
   * stay armed until they time out: other groups may have them too. Ends what `acceptPassed` opened for them. Always allowed, never late;
   * answered by `closed`.
   */
  | {
      readonly type: 'close';
      readonly token: number;
      readonly groups: readonly GroupName[];
      readonly passTo?: NodeName | undefined;
      readonly passFor?: number | undefined;
      readonly passToken?: number | undefined;
    }
  /**
   * For `lifetime` milliseconds, treat frames that this peer passes on for these groups as clients' frames behind an open
   * gate, also while the own gate is still shut: the old holder's armed token bounds what it passes on, and the voters
   * keep the lease for this node until it is over, so nobody else can be open meanwhile.
   */
  | {
      readonly type: 'acceptPassed';
      readonly from: NodeName;
      readonly groups: readonly GroupName[];
      readonly lifetime: number;
      readonly deadline: number;
    }
  /** Desired state: the groups whose addresses are on the network interface, open or frozen behind a shut gate; all others are only on `lo`. */
  | { readonly type: 'hold'; readonly groups: readonly GroupName[] }
  /** Keep these orders across restarts, over those of before; nobody waits for it. */
  | { readonly type: 'persistOrders'; readonly orders: readonly Order[] }
  /** An operator says that it is mended: what failed of the group on this node is forgotten. */
  | { readonly type: 'forgetFailures'; readonly group: GroupName }
  /** Read these groups' records in the lease store. Answered by `storeAnswer`, within a second or so also where it fails. */
  | {
      readonly type: 'storeRead';
      readonly nonce: string;
      readonly groups: readonly GroupName[];
      readonly deadline: number;
    }
  /** Compare-and-swap, each group for itself; not begun after its deadline. Answered by `storeAnswer`. */
  | {
      readonly type: 'storeWrite';
      readonly nonce: string;
      readonly writes: readonly StoreWrite[];
      readonly deadline: number;
    }
  /** What the resources of a group are to do from now on; answered by `resources` with `answers: id`, now and on every change. */
  | {
      readonly type: 'want';
      readonly group: GroupName;
      readonly wish: Wish;
      /** The lease is lost: a start under way is broken off. */
      readonly urgently: boolean;
      readonly id: number;
    }
  /** Tell the network once who holds these groups' addresses (gratuitous ARP, unsolicited NA). */
  | { readonly type: 'announce'; readonly groups: readonly GroupName[]; readonly deadline: number }
  /** Ask on the wire, before taking it over, whether somebody who is no peer answers for these groups' addresses. */
  | { readonly type: 'probeAddress'; readonly groups: readonly GroupName[]; readonly deadline: number }
  /** A peer came or went: what follows the peers (their MACs in the gate, their real servers in the balancer) is looked at anew. */
  | { readonly type: 'followPeers' }
  /** One line for the journal: what was decided and why. */
  | { readonly type: 'decide'; readonly decision: Decision }
  | { readonly type: 'reply'; readonly id: number; readonly ok: boolean; readonly text: string };

/** A decision as the journal keeps it. */
export interface Decision {
  readonly what:
    | 'takeover'
    | 'release'
    | 'lost'
    | 'renewed-late'
    | 'handover'
    | 'node-dead'
    | 'node-up'
    | 'quorum-lost'
    | 'quorum-gained'
    | 'standby'
    | 'online'
    | 'move'
    | 'clear'
    | 'maintenance'
    | 'address-taken'
    | 'announce'
    | 'link-down'
    | 'link-up'
    | 'gate-lost'
    | 'reach'
    | 'voters'
    | 'resources'
    | 'waits'
    | 'unaware'
    | 'fence'
    | 'fenced'
    | 'fence-failed'
    | 'left';
  readonly group?: GroupName | undefined;
  readonly node?: NodeName | undefined;
  /** The network device, of `link-up` and `link-down`. */
  readonly device?: string | undefined;
  readonly how?: Manner | undefined;
  readonly why: string;
}

/**
 * What `what` alone does not say, for whoever alerts or counts: a `takeover` was planned (`switchover`) or not (`failover`);
 * that a node is `fenced` was only `learned` from the one that saw to it; `resources` are `well` again.
 */
export type Manner = 'failover' | 'switchover' | 'learned' | 'well';

/** Why something is done, as a sentence, and in what manner. */
export interface Reason {
  readonly why: string;
  readonly how?: Manner | undefined;
}
