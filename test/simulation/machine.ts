import type { Effect } from '../../src/core/effect.ts';
import type { VoterRecord } from '../../src/core/epoch-state.ts';
import type { Event } from '../../src/core/event.ts';
import type { OwnerRecords } from '../../src/core/fencing/owner-record.ts';
import type { Fenced, Message } from '../../src/core/message.ts';
import type { Order } from '../../src/core/orders.ts';
import type { NodeState } from '../../src/core/state.ts';
import type { ReplayGuard } from '../../src/wire/authentication.ts';
import type { Codec } from '../../src/wire/codec.ts';
import type { SimulatedAgents } from './agents.ts';
import { KernelGate } from './kernel-gate.ts';

/** A datagram on its way, as the wire would carry it. */
export interface Datagram {
  readonly from: number;
  readonly to: number;
  readonly incarnation: string;
  readonly sequence: number;
  /** Counts what the sender ever sent, restarts included. */
  readonly order: number;
  /** Of the voters by which the sender counts. */
  readonly epoch: number;
  readonly message: Message;
  /** As it travels, where the plan says so. */
  readonly bytes: Uint8Array | undefined;
  /** A stranger changed the bytes. */
  readonly altered: boolean | undefined;
}

/** What waits for a machine: a datagram, a command for its kernel, an acknowledgement, a timer. */
export type Work =
  | { readonly type: 'datagram'; readonly datagram: Datagram }
  | { readonly type: 'kernel'; readonly boot: number; readonly apply: () => void }
  | { readonly type: 'event'; readonly life: number; readonly event: Event }
  /** Of musterd's process, beside its core. */
  | { readonly type: 'process'; readonly life: number; readonly apply: () => void }
  | { readonly type: 'tick'; readonly life: number };

/** One simulated machine: its clock, its process, its kernel. */
export class Machine {
  readonly index: number;
  readonly name: string;
  readonly arbiter: boolean;
  private readonly rate: number;
  private readonly offset: number;

  /** Counts boots (the kernel forgets) and lives of the process (the supervisor forgets). */
  boot = 0;
  life = 0;
  starts = 0;
  powered = false;
  running = false;
  /** Freezes, stalls and switched-off states overlap; each is counted. */
  frozen = 0;
  /** The process alone; its kernel does what it was told. */
  stopped = 0;
  off = 0;
  killed = 0;
  refusing = 0;
  stalledUntil = 0;
  kernelFreeAt = 0;
  state: NodeState | undefined;
  wake = Number.POSITIVE_INFINITY;
  lastLocal = Number.NEGATIVE_INFINITY;
  /** Of all configurations that its musterds ever read; machines boot in no time here, but in more than a lease elsewhere. */
  longestLease = 0;
  /** The lease of the musterd that runs. */
  lease = 0;
  incarnation = '';
  sequence = 0;
  /** Everything ever sent, by all lives. */
  sent = 0;
  /** What this life of the process has to tell fresh messages by: the guard alone, or the whole codec. */
  guard: ReplayGuard | undefined;
  codec: Codec | undefined;
  /** What its disk says of the voters; writes take their time, in order. */
  record: VoterRecord | undefined;
  /** And of who has the groups that need fencing. */
  owners: OwnerRecords | undefined;
  /** Who is off, as it knows until it boots. */
  fencedNote: readonly Fenced[] = [];
  /** Since when this life of its process has known of maintenance of the whole cluster; true time. */
  heardOfMaintenance: number | undefined;
  /** What its disk says of operators' orders; a write of them is done at once. */
  orders: { readonly at: number; readonly list: readonly Order[] } | undefined;
  diskFreeAt = 0;
  /** What it has been given and not written yet, oldest first. */
  readonly writes: {
    readonly life: number;
    readonly effect: Extract<Effect, { type: 'persistEpoch' | 'persistOwners' }>;
  }[] = [];
  gate = new KernelGate();
  /** Where its groups have resources. */
  agents: SimulatedAgents | undefined;
  held: readonly string[] = [];
  announcedAt = new Map<string, number>();
  acceptsPassed = new Map<string, { from: string; until: number }>();
  readonly waiting: Work[] = [];

  constructor(index: number, name: string, arbiter: boolean, rate: number, offset: number) {
    this.index = index;
    this.name = name;
    this.arbiter = arbiter;
    this.rate = rate;
    this.offset = offset;
  }

  /** The machine's monotonic clock at a true time. */
  local(now: number): number {
    this.lastLocal = Math.max(this.lastLocal, this.offset + now * this.rate);
    return this.lastLocal;
  }

  /** The true time at which the machine's clock shows `local`. */
  trueTime(local: number): number {
    return (local - this.offset) / this.rate;
  }

  /** How long in true time a local duration takes. */
  trueSpan(span: number): number {
    return span / this.rate;
  }
}
