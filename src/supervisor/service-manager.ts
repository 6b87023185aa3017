import { u16 } from './drivers/netlink/message.ts';
import type { RawSocket, RawSockets } from './drivers/raw-sockets.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;

/** systemd's notification socket (sd_notify(3)): readiness, a line of status, and the watchdog's sign of life. */
export class ServiceManager {
  readonly #socket: RawSocket | undefined;
  /** Milliseconds between two signs of life; undefined where systemd does not watch. */
  readonly interval: number | undefined;

  constructor(sockets: RawSockets, environment: NodeJS.ProcessEnv) {
    const path = environment.NOTIFY_SOCKET;
    const watchdog = Number(environment.WATCHDOG_USEC);
    this.interval = path !== undefined && watchdog > 0 ? watchdog / 3000 : undefined;
    if (path === undefined || path === '') return;
    // A path, or a name in the abstract namespace, which begins with a zero byte where systemd writes an @.
    const name = path.startsWith('@') ? `\0${path.slice(1)}` : path;
    const connect = Buffer.concat([u16(AF_UNIX), Buffer.from(name)]);
    this.#socket = sockets.open({ domain: AF_UNIX, type: SOCK_DGRAM, protocol: 0, connect }, () => {});
  }

  ready(): void {
    this.#say('READY=1');
  }

  stopping(): void {
    this.#say('STOPPING=1');
  }

  /** One line for `systemctl status`. */
  status(text: string): void {
    this.#say(`STATUS=${text}`);
  }

  alive(): void {
    this.#say('WATCHDOG=1');
  }

  #say(text: string): void {
    this.#socket?.send(Buffer.from(text));
  }
}
