import { Problem } from '../../../base/problem.ts';
import type { RawSocket, RawSockets } from '../raw-sockets.ts';
import {
  errnoOf,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  netlinkMessage,
  readMessages,
  u16,
  u32,
} from './message.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

/** Errors of errno.h that somebody here decides by. */
export const errno = {
  ENOENT: 2,
  EINTR: 4,
  EEXIST: 17,
  ENODEV: 19,
  EOPNOTSUPP: 95,
  EADDRNOTAVAIL: 99,
  ETIMEDOUT: 110,
} as const;

export interface Answer {
  /**
   * 0: the kernel has done it; else the errno. ETIMEDOUT where no answer came, and EINTR where what was dumped changed
   * meanwhile: then nothing is known, neither whether it was done nor what there is.
   */
  readonly error: number;
  readonly messages: readonly NetlinkMessage[];
}

/** A message of a transaction: its type with subsystem, flags without NLM_F_REQUEST, and its body. */
export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
}

interface Pending {
  readonly first: number;
  readonly last: number;
  readonly since: number;
  readonly messages: NetlinkMessage[];
  interrupted: boolean;
  readonly resolve: (answer: Answer) => void;
}

/** After this long without an answer (a full socket buffer loses them) a request counts as failed; milliseconds. */
const usualPatience = 2000;
/** How many times in a row who cannot go on without an answer asks for it. */
const attempts = 15;

/**
 * One netlink socket. The kernel works on requests in their order, within the send itself, and answers in that order:
 * so the answers to one request are together, and an error comes before the acknowledgement of its last message.
 */
export class NetlinkConnection {
  readonly #socket: RawSocket;
  readonly #now: () => number;
  readonly #patience: number;
  #pending: Pending[] = [];
  #sequence = 1;
  #timer: NodeJS.Timeout | undefined;

  /** `groups` is the bit mask of multicast groups whose notifications go to `onNotification`; `patience` in milliseconds. */
  constructor(
    sockets: RawSockets,
    protocol: number,
    now: () => number,
    groups = 0,
    onNotification: (message: NetlinkMessage) => void = () => {},
    patience = usualPatience,
  ) {
    this.#now = now;
    this.#patience = patience;
    // struct sockaddr_nl: family, pad, port (0: the kernel gives one), groups.
    const bind = Buffer.concat([u16(AF_NETLINK), u16(0), u32(0), u32(groups)]);
    this.#socket = sockets.open({ domain: AF_NETLINK, type: SOCK_RAW, protocol, bind }, (data) => {
      for (const message of readMessages(data)) this.#receive(message, onNotification);
    });
  }

  /** One request that the kernel acknowledges. */
  request(request: Request): Promise<Answer> {
    return this.#send([{ ...request, flags: request.flags | NLM_F_ACK }]);
  }

  /** One request that the kernel answers with many messages. */
  dump(type: number, body: Uint8Array): Promise<Answer> {
    return this.#send([{ type, flags: NLM_F_DUMP, body }]);
  }

  /** A dump for who cannot go on without: asked again while no whole answer comes. Throws a Problem after half a minute. */
  async insist(type: number, body: Uint8Array): Promise<readonly NetlinkMessage[]> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { error, messages } = await this.dump(type, body);
      if (error === 0) return messages;
    }
    throw new Problem('defect', `Cannot read "netlink message ${type}" as the kernel must answer: it does not`);
  }

  /** Messages in one datagram, the last or last but one of which asks for the acknowledgement. */
  transaction(requests: readonly Request[]): Promise<Answer> {
    return this.#send(requests);
  }

  /** A transaction whose answer nobody waits for; whoever sends the next one learns what is wrong. */
  post(requests: readonly Request[]): void {
    this.#socket.send(this.#encode(requests));
  }

  close(): void {
    this.#socket.close();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const waiting of this.#pending) waiting.resolve({ error: errno.ETIMEDOUT, messages: [] });
    this.#pending = [];
  }

  #send(requests: readonly Request[]): Promise<Answer> {
    const first = this.#sequence;
    const bytes = this.#encode(requests);
    return new Promise((resolve) => {
      const last = first + requests.length - 1;
      this.#pending.push({ first, last, since: this.#now(), messages: [], interrupted: false, resolve });
      this.#watch();
      this.#socket.send(bytes);
    });
  }

  /**
   * One timer for all requests, which runs its time even where they are answered: that costs an awakening in two seconds
   * at most, and a timer for each would cost two calls for each of many. After a freeze the answers may have been here
   * before the timer was: they are read first.
   */
  #watch(): void {
    const [oldest] = this.#pending;
    if (oldest === undefined || this.#timer !== undefined) return;
    const rest = Math.max(0, oldest.since + this.#patience - this.#now());
    this.#timer = setTimeout(() => setImmediate(() => this.#giveUp()), Math.ceil(rest) + 1);
    this.#timer.unref();
  }

  #giveUp(): void {
    const now = this.#now();
    this.#timer = undefined;
    for (const waiting of this.#pending.filter(({ since }) => now - since >= this.#patience))
      this.#settle(waiting, errno.ETIMEDOUT);
    this.#watch();
  }

  #encode(requests: readonly Request[]): Buffer {
    const first = this.#sequence;
    this.#sequence = (first + requests.length) % 0x7fff_0000 || 1;
    return Buffer.concat(
      requests.map(({ type, flags, body }, index) => netlinkMessage(type, flags | NLM_F_REQUEST, first + index, body)),
    );
  }

  #receive(message: NetlinkMessage, onNotification: (message: NetlinkMessage) => void): void {
    const waiting = this.#pending.find(({ first, last }) => first <= message.sequence && message.sequence <= last);
    if (waiting === undefined) {
      if (message.sequence === 0 && message.type > NLMSG_DONE) onNotification(message);
      return;
    }
    if ((message.flags & NLM_F_DUMP_INTR) !== 0) waiting.interrupted = true;
    if (message.type === NLMSG_ERROR) this.#settle(waiting, errnoOf(message));
    else if (message.type === NLMSG_DONE)
      this.#settle(waiting, waiting.interrupted ? errno.EINTR : message.body.length < 4 ? 0 : errnoOf(message));
    else waiting.messages.push(message);
  }

  #settle(waiting: Pending, error: number): void {
    this.#pending = this.#pending.filter((other) => other !== waiting);
    waiting.resolve({ error, messages: waiting.messages });
  }
}
