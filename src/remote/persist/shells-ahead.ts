import type { Session } from '../session.ts';
import { WaitingShell } from './waiting-shell.ts';

/** Nobody may have asked for anything for so long before shells are started; in milliseconds. */
const quietMs = 50;
/** Shells that are started at once. */
const atOnce = 8;

/** The shell that waits on one connection for the next command, if there is one. */
export class ShellOfConnection {
  readonly #session: Session;
  #shell: WaitingShell | undefined;
  #starting: Promise<void> | undefined;
  /** Commands and clients so far: what they did may change what a login finds, so a shell from before is of no use. */
  #turn = 0;
  /** The host has no shell that could wait; an agent for keys is not lent to a command that nobody has ordered yet. */
  #never: boolean;

  constructor(session: Session) {
    this.#session = session;
    this.#never = session.target.forwardAgent === true || session.target.lendKeys === true;
  }

  get waits(): boolean {
    return this.#shell !== undefined;
  }

  /** True where one could be started. */
  get wanted(): boolean {
    if (this.#never || this.#shell !== undefined || this.#starting !== undefined) return false;
    // Nobody has asked for its command once more.
    return this.#session.forced?.() !== true;
  }

  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    const turn = this.#turn;
    const shell = await WaitingShell.start(this.#session).catch(() => undefined);
    if (shell === undefined) {
      // One that was killed with somebody's command says nothing about the next.
      this.#never = turn === this.#turn;
    } else if (turn !== this.#turn) {
      shell.leave();
      await shell.gone;
    } else {
      this.#shell = shell;
      void shell.gone.then(() => {
        if (this.#shell === shell) this.#shell = undefined;
      });
    }
  }

  /** The shell that waits, for whoever has the connection now. */
  take(): WaitingShell | undefined {
    const shell = this.#shell;
    this.#shell = undefined;
    this.#turn++;
    return shell;
  }

  /** Ends what waits; resolves when its channel is free for somebody else. */
  async clear(): Promise<void> {
    const shell = this.take();
    shell?.leave();
    await Promise.all([shell?.gone, this.#starting]);
  }
}

/** Starts a shell ahead on every connection that nobody uses, while nobody asks for anything: it delays no command. */
export class ShellStarter {
  readonly #next: () => ShellOfConnection | undefined;
  #stirred = 0;
  #starting = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `next` gives a connection that nobody uses and that wants a shell; undefined: there is none. */
  constructor(next: () => ShellOfConnection | undefined) {
    this.#next = next;
  }

  /** Somebody asked for something, or is done with it. */
  stir(): void {
    this.#stirred = performance.now();
    this.#timer ??= setTimeout(() => this.#look(), quietMs);
  }

  #look(): void {
    this.#timer = undefined;
    const leftMs = this.#stirred + quietMs - performance.now();
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.#look(), leftMs);
      return;
    }
    while (this.#starting < atOnce) {
      const place = this.#next();
      if (place === undefined) return;
      this.#starting++;
      void place.start().finally(() => {
        this.#starting--;
        if (this.#timer === undefined) this.#look();
      });
    }
  }
}
