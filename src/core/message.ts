import type { GroupName, IpAddress, MacAddress, NodeName } from '../model/names.ts';
import type { Order } from './orders.ts';

/**
 * Which of two attempts to get a lease is the later one. `round` decides, then the proposer, so that two nodes never have
 * the same ballot; the incarnation keeps the ballots of a node before and after its restart apart.
 */
export interface Ballot {
  readonly round: number;
  readonly node: NodeName;
  /** 32 hex digits: the count of starts (16), then randomness (16); orders as text. */
  readonly incarnation: string;
}

/** What a node says about itself; it rides on every renewal and its answer, so that an idle pair needs no other datagram. */
export interface Beat {
  /** First 12 hex digits of the hashes over the configuration files and over the supervisor's bundle; '' is unknown. */
  readonly configHash: string;
  readonly bundleHash: string;
  /** The node's MAC addresses by network device: the gates of its peers tell a director from a client by them. */
  readonly macs: Readonly<Record<string, MacAddress>>;
  readonly standby: boolean;
  /** Whether the sender hears a majority of the voters itself. */
  readonly quorate: boolean;
  /** Groups whose lease the sender holds. */
  readonly holds: readonly GroupName[];
  /** How many ping nodes and groups the sender reaches, at most 255; undefined where it pings none, or does not know yet. */
  readonly reach?: number | undefined;
  /** Groups of which something may still run on the sender, held or not; undefined where agents run none, or it does not say. */
  readonly mayRun?: readonly GroupName[] | undefined;
  /** Groups that the sender gives up for now, as they failed there; said together with `mayRun`. */
  readonly barred?: readonly GroupName[] | undefined;
  /** Groups that the sender holds and does not run all of yet; said together with `mayRun`. */
  readonly starting?: readonly GroupName[] | undefined;
  /** Nodes that are known to be fenced, and were not heard in a newer life. */
  readonly fenced?: readonly Fenced[] | undefined;
  /** Why the sender wants to be fenced itself, as the end of a sentence; undefined: it does not. */
  readonly fenceMe?: string | undefined;
  /** Nodes that the sender does not hear any more, and that groups which it could have wait for; undefined: none. */
  readonly waitsFor?: readonly NodeName[] | undefined;
  /** The hash over the operators' orders that the sender knows; undefined where it knows none. */
  readonly orders?: number | undefined;
  /** The groups that need fencing by the sender's configuration; undefined where agents run none, or it does not say. */
  readonly needs?: readonly GroupName[] | undefined;
  /** A hash over what says where groups are wanted in its configuration, and its drift bound in parts of a million. */
  readonly wants?: number | undefined;
  readonly drift?: number | undefined;
}

/** What a voter says beside its promise of who may still run a group that needs fencing (`fencing/owners.ts`). */
export interface OwnerWord {
  readonly group: GroupName;
  /** Its record counts for the set of voters in force. */
  readonly known: boolean;
  /** The newest ballot that it accepted, and whether everything that was started under it is over. */
  readonly record?: { readonly ballot: Ballot; readonly over: boolean } | undefined;
  /** Nothing of it runs on the sender, and nothing that the sender asked for below this ballot will make anything run. */
  readonly clean: boolean;
  /** Something of it is known to run there. Not clean and not this: whether anything does is not known. */
  readonly runs: boolean;
}

/** A node that was made sure to be off. */
export interface Fenced {
  readonly node: NodeName;
  /** The newest life of it that was known when that was asked for: this one and all before it are over. */
  readonly incarnation: string;
}

/** One group in a request; its ballot is (round, sender, incarnation of the request). */
export interface Request {
  readonly group: GroupName;
  readonly round: number;
  /** In a prepare after a hand-over: the ballot that its holder has released to the sender, in case a voter missed that. */
  readonly released?: Ballot | undefined;
  /** The group's addresses as the sender has them: a voter that has others by this name, or these by another, does not vote. */
  readonly addresses?: readonly IpAddress[] | undefined;
}

/** A voter's answer for one group. */
export interface Answer {
  readonly group: GroupName;
  readonly ok: boolean;
  /** Where refused: the highest round that the voter knows, so that the next attempt can be above it. */
  readonly round: number;
  /** Where refused because a lease lives: who holds it, and for how many milliseconds yet by the voter's count. */
  readonly holder?: NodeName | undefined;
  readonly remaining: number;
}

/**
 * Everything that supervisors say to each other, in one closed union. The sender, its incarnation and the replay
 * protection are the wire's (`wire/codec.ts`). `nonce` is 128 bits in 32 hex digits; an answer repeats its request's.
 */
export type Message =
  /** A sign of life where nothing else was said for a keepalive. */
  | { readonly kind: 'beat'; readonly beat: Beat }
  /**
   * PaxosLease's first phase: promise to accept nothing older than my ballot. The paper's carries no lease, as all proposers
   * there have the same one. Here `lease` bounds the attempt (`timing.ts`), and with it how long the promise must be kept in
   * mind; undefined where the sender's version does not say it.
   */
  | {
      readonly kind: 'prepare';
      readonly nonce: string;
      readonly incarnation: string;
      readonly requests: readonly Request[];
      readonly lease?: number | undefined;
      /** Those of the groups that need fencing: voters keep on their disks who has them. */
      readonly owned?: readonly GroupName[] | undefined;
    }
  | {
      readonly kind: 'promise';
      readonly nonce: string;
      readonly answers: readonly Answer[];
      /** Of the groups that need fencing, and were promised, or refused as they were not asked for as such. */
      readonly owners?: readonly OwnerWord[] | undefined;
    }
  /** The second phase, and every renewal: grant me these leases for `lease` milliseconds from when you answer. */
  | {
      readonly kind: 'propose';
      readonly nonce: string;
      readonly incarnation: string;
      readonly lease: number;
      readonly requests: readonly Request[];
      readonly beat: Beat;
    }
  | { readonly kind: 'accept'; readonly nonce: string; readonly answers: readonly Answer[]; readonly beat: Beat }
  /** The sender's gate is shut for these ballots; `to` may take over at once, anybody else when the lease has run out. */
  | {
      readonly kind: 'release';
      readonly to?: NodeName | undefined;
      readonly releases: readonly { readonly group: GroupName; readonly ballot: Ballot }[];
    }
  /** The holder would like the receiver to take these groups over; it goes on holding them until it is asked to yield. */
  | { readonly kind: 'offer'; readonly nonce: string; readonly groups: readonly GroupName[] }
  /** Operators' orders that the receiver seems not to know. */
  | { readonly kind: 'orders'; readonly orders: readonly Order[] }
  /** The voters by which the sender counts; its epoch stands beside every message. */
  | { readonly kind: 'voters'; readonly voters: readonly NodeName[] }
  /** The sender is about to remove the receiver from the voters: it hands over what it holds. */
  | { readonly kind: 'stepDown' }
  /** Which voters the next epoch has is decided by Paxos (`epoch-register.ts`). `base`: those of this epoch, by the sender. */
  | {
      readonly kind: 'changePrepare';
      readonly nonce: string;
      readonly ballot: Ballot;
      readonly base: readonly NodeName[];
    }
  | {
      readonly kind: 'changePromise';
      readonly nonce: string;
      readonly ok: boolean;
      /** Where refused: the highest round that the voter knows. */
      readonly round: number;
      readonly accepted?: { readonly ballot: Ballot; readonly voters: readonly NodeName[] } | undefined;
    }
  | {
      readonly kind: 'changePropose';
      readonly nonce: string;
      readonly ballot: Ballot;
      readonly voters: readonly NodeName[];
    }
  | { readonly kind: 'changeAccept'; readonly nonce: string; readonly ok: boolean; readonly round: number }
  /** The answer to an offer: the sender accepts passed frames and is ready; the holder may shut its gate. */
  | { readonly kind: 'take'; readonly nonce: string; readonly groups: readonly GroupName[] };
