import type { GroupName, MacAddress, NodeName } from '../model/names.ts';
import type { Message } from './message.ts';
import type { GroupPhase } from './resources/event.ts';
import type { StoreAnswer } from './store-record.ts';

/** Everything that can happen to a node, in one closed union. `now` (monotonic milliseconds) is passed beside it. */
export type Event =
  /** The time that the last step asked for with `wakeAt` has come, or some other time. */
  | { readonly type: 'tick' }
  /** An authenticated message that is neither replayed nor older than the newest one of its sender. */
  | {
      readonly type: 'message';
      readonly from: NodeName;
      readonly link: string;
      /** The epoch of the voters by which the sender counts; undefined where its protocol knows none: 0. */
      readonly epoch?: number | undefined;
      /** Which life of the sender it is from, as in a ballot. */
      readonly incarnation?: string | undefined;
      readonly message: Message;
    }
  /** The kernel has acknowledged the `arm` effect of this token, or refused it. */
  | { readonly type: 'armed'; readonly token: number; readonly ok: boolean }
  /** The kernel has acknowledged the `grant` effect of this token, or refused it: from now on the gate is open. */
  | { readonly type: 'granted'; readonly token: number; readonly ok: boolean }
  /** The kernel has acknowledged a `close` effect: no new client frame is accepted any more. */
  | { readonly type: 'closed'; readonly token: number; readonly ok: boolean }
  /** The ruleset vanished or was changed by somebody; the driver has rendered it again, closed. */
  | { readonly type: 'gateLost' }
  /** The lease store's answer to the `storeRead` or `storeWrite` of this nonce; not `ok`: it could not be had, and what was written is unknown. */
  | {
      readonly type: 'storeAnswer';
      readonly nonce: string;
      readonly ok: boolean;
      readonly answers: readonly StoreAnswer[];
    }
  /** The record of the `persistEpoch` of this id is on the disk and stays there, or (not `ok`) may not be. */
  | { readonly type: 'epochPersisted'; readonly id: number; readonly ok: boolean }
  /** The same of the `persistOwners` of this id. */
  | { readonly type: 'ownersPersisted'; readonly id: number; readonly ok: boolean }
  /**
   * What came of the `fence` effect of this id. `ok`: the node is known to have been off after it was asked for; `why` says
   * how that is known, or why it is not.
   */
  | {
      readonly type: 'fenced';
      readonly id: number;
      readonly node: NodeName;
      readonly ok: boolean;
      readonly why: string;
    }
  /** A cable was plugged in or out. */
  | { readonly type: 'link'; readonly device: string; readonly up: boolean; readonly mac: MacAddress | undefined }
  /** Somebody who is no peer answered for an address of this group when it was asked for on the wire. */
  | { readonly type: 'addressTaken'; readonly group: GroupName; readonly by: MacAddress }
  /** How many of the ping nodes and groups (each as one) answer this node; said when it is first known, and on every change. */
  | { readonly type: 'reach'; readonly reached: number; readonly of: number }
  /**
   * How the resources of a group stand here: said once after the start, after every `want`, and on every change. `answers`
   * is the id of the newest `want` that it follows from, 0 before the first.
   */
  | {
      readonly type: 'resources';
      readonly group: GroupName;
      readonly phase: GroupPhase;
      /** Something of it may run in part. */
      readonly dirty: boolean;
      /** Why this node gives the group up for now, as the end of a sentence; undefined: it may run here. */
      readonly barred: string | undefined;
      readonly answers: number;
    }
  /** Something of a group cannot be stopped here, or failed and is to be fenced for that: this node has to be switched off. */
  | { readonly type: 'fenceWanted'; readonly group: GroupName; readonly why: string }
  /** What the local clock says, minutes since Sunday's midnight: only failback windows follow it. */
  | { readonly type: 'clock'; readonly minuteOfWeek: number }
  /** This node runs another configuration now, by the hash over its files: new keys were taken up. */
  | { readonly type: 'configured'; readonly configHash: string }
  /** What an operator asked for through the control socket; answered by one `reply` effect with the same id. */
  | { readonly type: 'operator'; readonly id: number; readonly command: OperatorCommand };

export type OperatorCommand =
  /** Hand over everything and take nothing until `online`; this node, or another one. */
  | { readonly kind: 'standby'; readonly node?: NodeName | undefined }
  | { readonly kind: 'online'; readonly node?: NodeName | undefined }
  /** A group is to run on a node, whatever its weights say: for so many milliseconds, or until `clear`. */
  | { readonly kind: 'move'; readonly group: GroupName; readonly node: NodeName; readonly forMs?: number | undefined }
  /** The end of `move`, and failures are forgotten; of one group, or of all. `failures`: only these. */
  | { readonly kind: 'clear'; readonly group?: GroupName | undefined; readonly failures?: boolean | undefined }
  /** Whatever runs is let alone (`maintenance.ts`); on one node, or everywhere. */
  | { readonly kind: 'maintenance'; readonly on: boolean; readonly node?: NodeName | undefined }
  /** Hand over everything, then answer: the daemon is about to end (systemctl stop, reboot). */
  | { readonly kind: 'leave' }
  /** Fence a node; `confirmed`: do not, an operator has made sure that it is off. */
  | { readonly kind: 'fence'; readonly node: NodeName; readonly confirmed: boolean }
  /** One voter more or less, or (neither) record the voters in force, so that the configuration changes them no more. */
  | { readonly kind: 'reconfigure'; readonly add?: NodeName | undefined; readonly remove?: NodeName | undefined };
