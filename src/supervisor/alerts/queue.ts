import type { Alert } from './alert.ts';
import type { Told } from './mon.ts';

/** One try to tell a target. Never rejects. */
export type Deliver = (alert: Alert, stopping: AbortSignal) => Promise<Told>;

/** Pauses before the second try, and so on; after the last one it is given up. Milliseconds. */
const pauses = [1000, 5000, 20_000];
/** What waits for a target that does not take it; the oldest is dropped for what is newer. */
const mostWaiting = 100;
/** How long the end of musterd waits for what is being told; milliseconds. */
const endPatience = 2000;

interface Waiting {
  readonly deliver: Deliver;
  readonly alert: Alert;
  readonly done: (told: Told) => void;
}

/** What waits for one target, told one after the other in order. */
export class AlertQueue {
  readonly #onFailure: (why: string) => void;
  readonly #pauses: readonly number[];
  readonly #waiting: Waiting[] = [];
  readonly #stopping = new AbortController();
  #working: Promise<void> | undefined;
  #sent = 0;
  #failed = 0;
  #lastFailure = '';
  #wake: (() => void) | undefined;

  constructor(onFailure: (why: string) => void, tryPauses: readonly number[] = pauses) {
    this.#onFailure = onFailure;
    this.#pauses = tryPauses;
  }

  add(deliver: Deliver, alert: Alert, done: (told: Told) => void = () => {}): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#waiting.length >= mostWaiting) {
      const oldest = this.#waiting.shift();
      if (oldest !== undefined) this.#end(oldest, { ok: false, why: 'too many wait for it; the oldest is dropped' });
    }
    this.#waiting.push({ deliver, alert, done });
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  addAndWait(deliver: Deliver, alert: Alert): Promise<Told> {
    return new Promise((resolve) => this.add(deliver, alert, resolve));
  }

  status(): { sent: number; failed: number; waiting: number; lastFailure: string } {
    return { sent: this.#sent, failed: this.#failed, waiting: this.#waiting.length, lastFailure: this.#lastFailure };
  }

  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#abort(), endPatience);
    // What only waits for another try has had its chance.
    this.#wake?.();
    await this.#working;
    clearTimeout(timer);
    this.#abort();
  }

  #abort(): void {
    this.#stopping.abort();
    this.#waiting.length = 0;
    this.#wake?.();
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      this.#end(next, await this.#try(next));
  }

  async #try({ deliver, alert }: Waiting): Promise<Told> {
    for (let tries = 0; ; tries++) {
      const told = await deliver(alert, this.#stopping.signal);
      const pause = this.#pauses[tries];
      if (told.ok || told.final || pause === undefined || this.#stopping.signal.aborted) return told;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, pause);
      });
      this.#wake = undefined;
    }
  }

  #end({ done, alert }: Waiting, told: Told): void {
    if (told.ok) this.#sent++;
    else {
      this.#failed++;
      this.#lastFailure = told.why;
      this.#onFailure(`"${alert.summary}": ${told.why}`);
    }
    done(told);
  }
}
