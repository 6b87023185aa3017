import type { FenceDeviceStatus } from '../../wire/fencing.ts';
import type { FenceWay } from './way.ts';

interface Options {
  readonly ways: readonly FenceWay[];
  /** Between two rounds, in milliseconds; 0: none. */
  readonly interval: number;
  readonly say: (why: string, name: string) => void;
  /** A person has to look after it. */
  readonly warn: (why: string, name: string) => void;
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

interface Tested {
  readonly ok: boolean;
  readonly why: string;
  readonly at: number;
}

/** musterd has more to do right after its start; milliseconds. */
const firstAfter = 1000;

/** Asks every device now and then whether it would answer: a fencing that fails when it is needed is an outage. */
export class SelfTest {
  readonly #options: Options;
  readonly #tested = new Map<string, Tested>();
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.interval > 0 && this.#options.ways.length > 0) this.#after(firstAfter);
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
  }

  /** All devices, one after the other: a controller that is asked by two at once may refuse both. */
  async run(): Promise<void> {
    for (const way of this.#options.ways) {
      if (this.#stopping.signal.aborted) return;
      const { ok, text } = await way.test(this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      const before = this.#tested.get(way.name);
      this.#tested.set(way.name, { ok, why: ok ? '' : text, at: this.#options.now() });
      const device = `fencing device ${way.name} (${way.agent})`;
      if (!ok && before?.ok !== false) this.#options.warn(`${device} failed its test: it ${text}`, way.name);
      else if (ok && before?.ok === false) this.#options.say(`${device} answers again`, way.name);
    }
  }

  status(): FenceDeviceStatus[] {
    return this.#options.ways.map(({ name, agent, nodes }) => {
      const tested = this.#tested.get(name);
      const state = tested === undefined ? 'untested' : tested.ok ? 'ok' : 'failed';
      const testedMsAgo = tested === undefined ? null : Math.round(this.#options.now() - tested.at);
      return { name, agent, nodes: nodes ?? null, state, why: tested?.why ?? '', testedMsAgo };
    });
  }

  /** Every node tests the same devices: a tenth of chance keeps them apart. */
  #after(ms: number): void {
    this.#timer = setTimeout(
      () => void this.run().then(() => this.#stopping.signal.aborted || this.#after(this.#options.interval)),
      ms * (0.9 + 0.2 * this.#options.random()),
    );
  }
}
