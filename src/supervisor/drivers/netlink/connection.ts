import type { RawSocket, RawSockets } from '../raw-sockets.ts';
import {
  errnoOf,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
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
export const errno = { ENOENT: 2, EEXIST: 17, ENODEV: 19, EOPNOTSUPP: 95, EADDRNOTAVAIL: 99, ETIMEDOUT: 110 } as const;

export interface Answer {
  /** 0: the kernel has done it; else the errno, or ETIMEDOUT where no answer came. */
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
  readonly resolve: (answer: Answer) => void;
}

/** After this long without an answer (a full socket buffer loses them) a request counts as failed; milliseconds. */
const patience = 2000;

/**
 * One netlink socket. The kernel works on requests in their order, within the send itself, and answers in that order:
 * so the answers to one request are together, and an error comes before the acknowledgement of its last message.
 */
export class NetlinkConnection {
  readonly #socket: RawSocket;
  readonly #now: () => number;
  #pending: Pending[] = [];
  #sequence = 1;

  /** `groups` is the bit mask of multicast groups whose notifications go to `onNotification`. */
  constructor(
    sockets: RawSockets,
    protocol: number,
    now: () => number,
    groups = 0,
    onNotification: (message: NetlinkMessage) => void = () => {},
  ) {
    this.#now = now;
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
    for (const waiting of this.#pending) waiting.resolve({ error: errno.ETIMEDOUT, messages: [] });
    this.#pending = [];
  }

  #send(requests: readonly Request[]): Promise<Answer> {
    const now = this.#now();
    const stale = this.#pending.filter((waiting) => now - waiting.since > patience);
    for (const waiting of stale) this.#settle(waiting, errno.ETIMEDOUT);
    const first = this.#sequence;
    const bytes = this.#encode(requests);
    return new Promise((resolve) => {
      this.#pending.push({ first, last: first + requests.length - 1, since: now, messages: [], resolve });
      this.#socket.send(bytes);
    });
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
    } else if (message.type === NLMSG_ERROR) this.#settle(waiting, errnoOf(message));
    else if (message.type === NLMSG_DONE) this.#settle(waiting, 0);
    else waiting.messages.push(message);
  }

  #settle(waiting: Pending, error: number): void {
    this.#pending = this.#pending.filter((other) => other !== waiting);
    waiting.resolve({ error, messages: waiting.messages });
  }
}
