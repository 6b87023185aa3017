/** The time that a login may take, which stands still while a person is asked something. All in milliseconds. */
export class LoginClock {
  #leftMs: number;
  #runsSince: number | undefined;
  #holds = 0;
  #started = false;
  #timer: NodeJS.Timeout | undefined;
  #onEnd: (() => void) | undefined;

  constructor(totalMs: number) {
    this.#leftMs = totalMs;
  }

  get leftMs(): number {
    return this.#leftMs - (this.#runsSince === undefined ? 0 : performance.now() - this.#runsSince);
  }

  start(): void {
    this.#started = true;
    this.#update();
  }

  /** Calls back, once, when the time is over; returns how to call it off. */
  onEnd(callback: () => void): () => void {
    this.#onEnd = callback;
    this.#update();
    return () => {
      this.#onEnd = undefined;
      clearTimeout(this.#timer);
    };
  }

  /** Stops while the promise is pending. */
  async hold<T>(asking: Promise<T>): Promise<T> {
    this.#holds++;
    this.#update();
    try {
      return await asking;
    } finally {
      this.#holds--;
      this.#update();
    }
  }

  #update(): void {
    this.#leftMs = this.leftMs;
    const runs = this.#started && this.#holds === 0;
    this.#runsSince = runs ? performance.now() : undefined;
    clearTimeout(this.#timer);
    if (runs && this.#onEnd !== undefined) this.#timer = setTimeout(this.#onEnd, Math.max(0, this.#leftMs));
  }
}
