/** MaxSessions of sshd_config where nobody has changed it. */
const usualLimit = 10;

/** A place for one channel. */
export interface Slot {
  /** The channel was never opened. */
  leave(): void;
  /** It is closed. */
  closed(): void;
  /** sshd refused it: leaves. True where another try is worth it: another channel ends, or ended since this one was asked for. */
  refused(): boolean;
}

/**
 * Sees to it that a connection has no more channels open than its sshd allows (MaxSessions, which a client is not told):
 * begins with OpenSSH's default, and learns from a refusal how many there may be.
 */
export class ChannelSlots {
  #limit = usualLimit;
  /** True for a channel that stays open by itself, as a worker shell's. */
  readonly #open = new Set<{ readonly lasting: boolean }>();
  readonly #waiting: (() => void)[] = [];
  /** One was closed since the last one was asked for: sshd may hear of both together, and count it still. */
  #closedBefore = false;

  /** Waits for a place; at once where all that is open stays open, as waiting would not help. */
  async take(lasting: boolean): Promise<Slot> {
    while (this.#open.size >= this.#limit && this.#anyEnds()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.takeNow(lasting);
  }

  /** A place out of turn, for what must end another channel. */
  takeNow(lasting: boolean): Slot {
    const place = { lasting };
    // A quick command may be over before a refusal that it was the reason for is heard.
    const beside = this.#anyEnds() || this.#closedBefore;
    this.#closedBefore = false;
    this.#open.add(place);
    const leave = (): void => {
      if (this.#open.delete(place)) this.#waiting.shift()?.();
    };
    return {
      leave,
      closed: () => {
        this.#closedBefore = true;
        leave();
      },
      refused: () => {
        leave();
        if (!this.#anyEnds()) return beside;
        this.#limit = Math.max(1, this.#open.size);
        return true;
      },
    };
  }

  /** Lets everybody who waits try: the connection is lost, and the next step says so. */
  giveUp(): void {
    this.#limit = Number.POSITIVE_INFINITY;
    for (const go of this.#waiting.splice(0)) go();
  }

  #anyEnds(): boolean {
    return [...this.#open].some((place) => !place.lasting);
  }
}
