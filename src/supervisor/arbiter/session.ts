import type { TLSSocket } from 'node:tls';
import type { Message } from '../../core/message.ts';
import type { NodeName } from '../../model/names.ts';
import { Codec, type DropReason } from '../../wire/codec.ts';
import { type Frame, helloBytes } from '../../wire/stream.ts';
import { Lane } from './lane.ts';

/** Connections of one node at once; one more ends the oldest, so that a node that has to begin anew always can. */
const mostLanes = 4;

export interface SessionOptions {
  readonly self: NodeName;
  readonly node: NodeName;
  readonly incarnation: string;
  readonly patience: number;
  readonly now: () => number;
  readonly onMessage: (from: NodeName, message: Message, epoch: number) => void;
  /** The first connection opened, or the last one closed. */
  readonly onTurn: (up: boolean, why: string) => void;
  readonly onDrop: (why: DropReason | 'no-hello') => void;
}

interface Member {
  readonly lane: Lane;
  readonly print: string;
  /** Tells the copies of a datagram that come over several connections from replays. */
  readonly number: number;
  /** What the node said in its hello; nothing else is heard before it. */
  secret: Buffer | undefined;
}

/** What an arbiter shares with one node: its connections, and the secret of the node's start that signs what they carry. */
export class Session {
  readonly #options: SessionOptions;
  #members: Member[] = [];
  #admitted = 0;
  #secret: Buffer | undefined;
  #codec: Codec | undefined;
  /** The newest that was heard: what a node said before its restart counts for nothing after it. */
  #incarnation = '';

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get connections(): number {
    return this.#members.length;
  }

  get roundTrip(): number | undefined {
    const trips = this.#members.flatMap(({ lane }) => lane.roundTrip ?? []);
    return trips.length === 0 ? undefined : Math.min(...trips);
  }

  /** Takes a connection that this node has proven to be its own, with the fingerprint of its certificate. */
  admit(socket: TLSSocket, print: string): void {
    const { now, patience } = this.#options;
    const lane: Lane = new Lane(socket, {
      now,
      patience,
      onFrame: (frame) => this.#receive(member, frame),
      onClose: (why) => this.#leave(member, why),
    });
    const member: Member = { lane, print, number: this.#admitted++ % mostLanes, secret: undefined };
    this.#members.push(member);
    if (this.#members.length > mostLanes) this.#members[0]!.lane.close('the node has newer connections');
    if (this.#members.length === 1) this.#options.onTurn(true, `${this.#options.node} is connected`);
  }

  send(message: Message, epoch: number): void {
    if (this.#codec === undefined || this.#members.length === 0) return;
    const datagram = this.#codec.encode(this.#options.node, message, epoch);
    for (const { lane, secret } of this.#members) if (secret !== undefined) lane.send('datagram', datagram);
  }

  /** Ends the connections whose certificate does not count any more. */
  keep(counts: (print: string) => boolean): void {
    for (const { lane, print } of [...this.#members]) if (!counts(print)) lane.refuse('its certificate counts no more');
  }

  close(why: string): void {
    for (const { lane } of [...this.#members]) lane.close(why);
  }

  #leave(member: Member, why: string): void {
    this.#members = this.#members.filter((other) => other !== member);
    if (this.#members.length === 0)
      this.#options.onTurn(false, `${this.#options.node} is not connected any more: ${why}`);
  }

  #receive(member: Member, { kind, payload }: Frame): void {
    if (kind === 'hello') {
      if (payload.length === helloBytes && member.secret === undefined) this.#greet(member, Buffer.from(payload));
      else member.lane.close('it said hello in a wrong way');
      return;
    }
    if (kind !== 'datagram') return;
    if (member.secret === undefined || this.#codec === undefined) {
      this.#options.onDrop('no-hello');
      return;
    }
    const decoded = this.#codec.decode(payload, `connection ${member.number}`);
    if (!decoded.ok) {
      // The copy that came over the other connection is what the second one is for.
      if (decoded.why !== 'duplicate') this.#options.onDrop(decoded.why);
    } else if (decoded.incarnation < this.#incarnation) this.#options.onDrop('old-incarnation');
    else {
      this.#incarnation = decoded.incarnation;
      this.#options.onMessage(decoded.from, decoded.message, decoded.epoch);
    }
  }

  /** Another secret means that the node has started anew: its older connections are those of a process that is gone. */
  #greet(member: Member, secret: Buffer): void {
    member.secret = secret;
    if (this.#secret?.equals(secret)) return;
    this.#secret = secret;
    const { self, node, incarnation } = this.#options;
    this.#codec = new Codec({
      self,
      incarnation,
      keyring: { signWith: 0, secrets: new Map([[0, secret]]) },
      peers: [node],
      // The secret is of this start of the node, and the connection of this start of the arbiter.
      echoes: false,
    });
    for (const other of [...this.#members]) {
      if (other !== member && other.secret !== undefined) other.lane.close('the node has started anew');
    }
  }
}
