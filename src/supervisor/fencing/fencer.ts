import { canFence, type Fencing, levelsOf } from '../../model/fencing.ts';
import type { NodeName } from '../../model/names.ts';
import type { FencingRecord } from '../../wire/fencing.ts';
import type { FenceResult, FenceWay } from './way.ts';

export interface FencerOptions {
  readonly fencing: Fencing;
  readonly self: NodeName;
  /** One for each device, and behind them one for each line of ha.cf that this node may use. */
  readonly ways: readonly FenceWay[];
  readonly record: (record: FencingRecord) => void;
  /** Of a node that was to be switched on again. */
  readonly say: (why: string, node: NodeName) => void;
  readonly warn: (why: string, node: NodeName) => void;
  /** Monotonic and Unix milliseconds. */
  readonly now: () => number;
  readonly clock: () => number;
}

interface UnderWay {
  readonly since: number;
  readonly why: string;
  readonly end: Promise<FenceResult>;
}

/** Fences nodes by the levels that are configured; one fencing of one node at once. */
export class Fencer {
  readonly #options: FencerOptions;
  readonly #underWay = new Map<NodeName, UnderWay>();
  readonly #stopping = new AbortController();

  constructor(options: FencerOptions) {
    this.#options = options;
  }

  /** Whether this node has a device that may know how to fence that one. */
  knows(node: NodeName): boolean {
    return this.#levels(node).length > 0;
  }

  /** Who is being fenced, since when (monotonic milliseconds) and why. */
  underWay(): { node: NodeName; since: number; why: string }[] {
    return [...this.#underWay].map(([node, { since, why }]) => ({ node, since, why }));
  }

  /**
   * Ok only when devices have confirmed it, by something that was begun after this call: the node may have come back since an
   * earlier fencing of it began, so that one's end says nothing. Never rejects.
   */
  fence(node: NodeName, why: string): Promise<FenceResult> {
    const since = this.#options.now();
    const before = this.#underWay.get(node)?.end ?? Promise.resolve();
    const end = before
      .then(() => this.#fence(node, why, this.#options.now()))
      .finally(() => {
        if (this.#underWay.get(node) === mine) this.#underWay.delete(node);
      });
    const mine = { since, why, end };
    this.#underWay.set(node, mine);
    return end;
  }

  /** At the end of musterd: what is under way is given up, and counts as failed. */
  stop(): void {
    this.#stopping.abort();
  }

  async #fence(node: NodeName, why: string, since: number): Promise<FenceResult> {
    const { self, record, now, clock } = this.#options;
    const result = await this.#byLevels(node);
    const tookMs = Math.round(now() - since);
    record({ time: clock(), node, by: self, kind: 'device', ok: result.ok, why, text: result.text, tookMs });
    return result;
  }

  async #byLevels(node: NodeName): Promise<FenceResult> {
    if (node === this.#options.self) return { ok: false, text: 'no node fences itself' };
    const levels = this.#levels(node);
    if (levels.length === 0) return { ok: false, text: `no device that ${this.#options.self} may use knows ${node}` };
    const failed: string[] = [];
    for (const level of levels) {
      if (this.#stopping.signal.aborted) return { ok: false, text: 'musterd ends' };
      const results = await Promise.all(
        level.map(async (way) => ({ way, result: await way.fence(node, this.#stopping.signal) })),
      );
      const words = results.map(({ way, result }) => `${way.name} (${way.agent}) ${result.text}`);
      if (results.every(({ result }) => result.ok)) {
        void this.#revive(level, node);
        return { ok: true, text: words.join('; ') };
      }
      failed.push(...words.filter((_, index) => !results[index]!.result.ok));
    }
    return { ok: false, text: failed.join('; ') };
  }

  /** Nobody waits for it: the node is fenced, whether it comes back or not. */
  async #revive(level: readonly FenceWay[], node: NodeName): Promise<void> {
    for (const { name, agent, revive } of level) {
      const result = await revive?.(node, this.#stopping.signal);
      if (result === undefined) continue;
      const { say, warn } = this.#options;
      (result.ok ? say : warn)(`${name} (${agent}) ${result.text}`, node);
    }
  }

  #levels(node: NodeName): (readonly FenceWay[])[] {
    const { fencing, ways } = this.#options;
    if (!canFence(fencing, node)) return [];
    const named = levelsOf(fencing, node).map((level) =>
      level.flatMap((device) => ways.find(({ name }) => name === device.name) ?? []),
    );
    const lines = ways.filter(({ nodes }) => nodes === undefined).map((way) => [way]);
    return [...named.filter((level) => level.length > 0), ...lines];
  }
}
