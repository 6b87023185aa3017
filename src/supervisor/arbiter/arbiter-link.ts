import { randomBytes } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import type { Message } from '../../core/message.ts';
import type { Arbiter } from '../../model/cluster.ts';
import type { NodeName } from '../../model/names.ts';
import { Codec } from '../../wire/codec.ts';
import type { ArbiterLinkStatus } from '../../wire/status.ts';
import { type Frame, helloBytes } from '../../wire/stream.ts';
import { type Certificates, judgeCertificate } from './certificates.ts';
import { Lane } from './lane.ts';

/**
 * Connections to one arbiter at the same time. Every frame goes over all of them, and counts once: TCP holds back all that
 * follows a lost packet until it has come again, two or three round trips later, and two connections hardly ever stall
 * together. At 200 ms and 1 % loss a renewal would else be late three times a minute.
 */
const laneCount = 2;

/** Between two attempts to connect, in milliseconds: doubled from the first to the last. */
const firstPause = 100;
const longestPause = 3000;

/** Between the connections that are made anew for new certificates: long enough for the first to be up again. */
const rotationPause = 2000;

/** The same complaint is not journalled again for this long. */
const complaintInterval = 60_000;

export interface ArbiterLinkOptions {
  readonly arbiter: Arbiter;
  readonly cluster: string;
  readonly self: NodeName;
  readonly incarnation: string;
  /** Milliseconds of silence after which a connection is made anew. */
  readonly patience: number;
  readonly now: () => number;
  readonly onMessage: (from: NodeName, message: Message, epoch: number) => void;
  /** A connection came or went, with the reason. */
  readonly onTurn: (up: boolean, why: string) => void;
}

interface Slot {
  lane: Lane | undefined;
  socket: TLSSocket | undefined;
  timer: NodeJS.Timeout | undefined;
  pause: number;
}

/** The way to one arbiter, for as long as musterd runs. */
export class ArbiterLink {
  readonly #options: ArbiterLinkOptions;
  readonly #secret = randomBytes(helloBytes);
  readonly #codec: Codec;
  readonly #slots: Slot[];
  readonly #counters = { connects: 0, refused: 0, lost: 0 };
  #certificates: Certificates | undefined;
  #told = '';
  #toldAt = Number.NEGATIVE_INFINITY;
  #stopped = false;
  #why = 'not connected yet';

  constructor(options: ArbiterLinkOptions) {
    this.#options = options;
    this.#codec = new Codec({
      self: options.self,
      incarnation: options.incarnation,
      keyring: { signWith: 0, secrets: new Map([[0, this.#secret]]) },
      peers: [options.arbiter.name],
      // The secret is of this start of the node, and the connection of this start of the arbiter.
      echoes: false,
    });
    this.#slots = Array.from({ length: laneCount }, () => ({
      lane: undefined,
      socket: undefined,
      timer: undefined,
      pause: firstPause,
    }));
  }

  /** The certificates that count from now on: the connections are made anew one after the other, never all at once. */
  use(certificates: Certificates): void {
    const first = this.#certificates === undefined;
    this.#certificates = certificates;
    for (const [index, slot] of this.#slots.entries()) {
      if (first) this.#dial(slot);
      else this.#again(slot, index * rotationPause, 'there are new certificates');
    }
  }

  send(message: Message, epoch: number): void {
    if (!this.#slots.some(({ lane }) => lane?.open)) return;
    const datagram = this.#codec.encode(this.#options.arbiter.name, message, epoch);
    for (const { lane } of this.#slots) lane?.send('datagram', datagram);
  }

  /** Datagrams that count for nothing, by reason; those that came over the other connection too are apart. */
  get dropped(): Readonly<Record<string, number>> {
    return this.#codec.dropped;
  }

  status(): ArbiterLinkStatus {
    const { name, address, port, roundTrip } = this.#options.arbiter;
    const open = this.#slots.flatMap(({ lane }) => (lane?.open ? [lane] : []));
    const trips = open.flatMap((lane) => lane.roundTrip ?? []);
    return {
      name,
      address,
      port,
      connections: open.length,
      roundTripMs: trips.length === 0 ? null : Math.round(Math.min(...trips) * 10) / 10,
      configuredRoundTripMs: roundTrip ?? null,
      certificateExpires: this.#certificates?.expires ?? null,
      problem: open.length > 0 ? null : this.#why,
      counters: { ...this.#counters },
    };
  }

  stop(): void {
    this.#stopped = true;
    for (const { lane, socket, timer } of this.#slots) {
      clearTimeout(timer);
      lane?.close('musterd ends');
      socket?.destroy();
    }
  }

  #again(slot: Slot, wait: number, why: string): void {
    clearTimeout(slot.timer);
    if (this.#stopped) return;
    slot.timer = setTimeout(() => {
      slot.lane?.close(why);
      slot.socket?.destroy();
      this.#dial(slot);
    }, wait);
  }

  #dial(slot: Slot): void {
    const certificates = this.#certificates;
    if (this.#stopped || certificates === undefined) return;
    clearTimeout(slot.timer);
    const { arbiter, cluster, patience } = this.#options;
    // Trust is a matter of pins alone (judgeCertificate); authorities have no say, so Node's own verdict is not asked.
    const socket = connect({
      host: arbiter.address,
      port: arbiter.port,
      servername: cluster,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      key: certificates.key,
      cert: certificates.certificate,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    slot.socket = socket;
    slot.lane = undefined;
    let over = false;
    const fail = (why: string): void => {
      if (over) return;
      over = true;
      socket.destroy();
      if (slot.socket === socket) this.#failed(slot, why);
    };
    socket.setTimeout(patience, () => {
      if (slot.lane === undefined) fail(`no answer in ${patience} ms`);
    });
    socket.on('error', (error) => fail(slot.lane === undefined ? handshakeError(error) : error.message));
    socket.on('close', () => fail('it hung up'));
    socket.once('secureConnect', () => {
      const verdict = judgeCertificate(socket.getPeerX509Certificate(), cluster, certificates.pins);
      if (!verdict.ok || verdict.name !== arbiter.name) {
        this.#counters.refused++;
        fail(`refused by us: ${verdict.ok ? `this is "${verdict.name}"` : verdict.why}`);
        return;
      }
      socket.setTimeout(0);
      this.#connected(slot, socket, fail);
    });
  }

  #connected(slot: Slot, socket: TLSSocket, fail: (why: string) => void): void {
    const { now, patience } = this.#options;
    const lane = new Lane(socket, {
      now,
      patience,
      onFrame: (frame) => this.#receive(slot, frame, fail),
      onClose: fail,
    });
    slot.lane = lane;
    lane.send('hello', this.#secret);
    this.#counters.connects++;
  }

  #receive(slot: Slot, { kind, payload }: Frame, fail: (why: string) => void): void {
    if (kind === 'refused') {
      this.#counters.refused++;
      fail(`it refuses us: ${printable(payload)}`);
      return;
    }
    if (kind !== 'datagram') return;
    // Only now is it known that the arbiter took us.
    slot.pause = firstPause;
    if (this.#why !== '') {
      this.#why = '';
      this.#told = '';
      this.#options.onTurn(true, `arbiter ${this.#options.arbiter.name} answers`);
    }
    const decoded = this.#codec.decode(payload, `connection ${this.#slots.indexOf(slot)}`);
    if (decoded.ok) this.#options.onMessage(decoded.from, decoded.message, decoded.epoch);
  }

  #failed(slot: Slot, why: string): void {
    slot.lane = undefined;
    slot.socket = undefined;
    this.#counters.lost++;
    this.#again(slot, slot.pause * (0.5 + Math.random() / 2), why);
    slot.pause = Math.min(slot.pause * 2, longestPause);
    if (this.#slots.some(({ lane }) => lane?.open)) return;
    this.#why = why;
    const now = this.#options.now();
    if (this.#stopped || (why === this.#told && now < this.#toldAt + complaintInterval)) return;
    this.#told = why;
    this.#toldAt = now;
    this.#options.onTurn(false, `arbiter ${this.#options.arbiter.name} cannot be asked: ${why}`);
  }
}

/** What the other side wrote, as far as it may stand in a journal. */
function printable(payload: Buffer): string {
  return payload
    .toString('utf8')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 200);
}

/** TLS alerts say little; what they most likely mean here is said beside them. */
function handshakeError({ message, code }: Error & { code?: string }): string {
  if (!/alert|SSL routines/i.test(message)) return message;
  return `it refused the handshake: it does not serve this cluster, or has no certificate for it (${code ?? message})`;
}
