/** The longest of the delays that came lately: what the journal says beside a lease that was renewed late, or lost. */
export class Delays {
  readonly #window: number;
  #kept: { readonly at: number; readonly length: number }[] = [];

  /** `window`: how long one is remembered; milliseconds, as all times here. */
  constructor(window: number) {
    this.#window = window;
  }

  note(length: number, now: number): void {
    // Whatever is shorter than a newer one will never be the longest again.
    while ((this.#kept.at(-1)?.length ?? Number.POSITIVE_INFINITY) <= length) this.#kept.pop();
    this.#kept.push({ at: now, length });
    this.#forget(now);
  }

  /** In whole milliseconds; 0 where there was none. */
  longest(now: number): number {
    this.#forget(now);
    return Math.round(this.#kept[0]?.length ?? 0);
  }

  #forget(now: number): void {
    const first = this.#kept.findIndex(({ at }) => now - at <= this.#window);
    this.#kept = first < 0 ? [] : first === 0 ? this.#kept : this.#kept.slice(first);
  }
}
