import type { View } from '../../core/describe.ts';
import { showWay } from '../../linux-ha/alert-secrets.ts';
import type { AlertTarget } from '../../model/alerts.ts';
import type { NodeName } from '../../model/names.ts';
import type { AlertTargetStatus } from '../../wire/alerts.ts';
import type { JournalLine } from '../../wire/journal.ts';
import type { BootFile } from '../boot-file.ts';
import type { Journal } from '../journal.ts';
import { type Alert, alertIn } from './alert.ts';
import { AlertQueue, type Deliver } from './queue.ts';

interface Parts {
  readonly targets: readonly AlertTarget[];
  readonly cluster: string;
  readonly self: NodeName;
  /** In the order of ha.cf. */
  readonly nodes: readonly NodeName[];
  readonly journal: Journal;
  readonly view: () => Pick<View, 'nodes' | 'quorum'>;
  readonly deliver: (target: AlertTarget, failedAt: number | undefined) => Deliver;
  /** What is kept over a restart of musterd, or an up-alert of what failed before it would never be told. */
  readonly memory?: Pick<BootFile, 'read' | 'write'> | undefined;
}

/** The same words about the same thing are told once in so long; milliseconds. */
const quiet = 60_000;
/** More things than this that have failed are not kept in mind. */
const mostFailed = 1000;

/** What has failed and is not well again: since when, what was said last, and when; Unix milliseconds. */
interface Failed {
  readonly since: number;
  readonly summary: string;
  readonly toldAt: number;
}

/** Tells people what the journal says that concerns them: each thing once, by one node, and without anybody waiting for it. */
export class Alerts {
  readonly #parts: Parts;
  readonly #queues: readonly { readonly target: AlertTarget; readonly queue: AlertQueue }[];
  readonly #failed = new Map<string, Failed>();

  constructor(parts: Parts) {
    this.#parts = parts;
    const known = parts.memory?.read();
    if (Array.isArray(known)) for (const [key, failed] of known.filter(isKept)) this.#failed.set(key, failed);
    this.#queues = parts.targets.map((target) => {
      const name = `${target.name} (${showWay(target.way)})`;
      const queue = new AlertQueue((why) => parts.journal.warn('alert', `${name} was not told: ${why}`));
      return { target, queue };
    });
  }

  /** A line of the journal. Returns at once. */
  onLine(line: JournalLine, warned: boolean): void {
    if (this.#queues.length === 0) return;
    const alert = alertIn(line, warned, this.#parts.cluster);
    if (alert !== undefined) this.raise(alert);
  }

  /** Tells whoever wants to know of it; `names`: these targets, whatever they want. */
  raise(alert: Alert, names?: readonly string[]): void {
    const failedAt = this.#note(alert);
    this.#keep();
    if (failedAt === 'known' || !this.#isSpeaker(alert)) return;
    for (const { target, queue } of this.#queues) {
      if (!(names?.includes(target.name) ?? target.events.includes(alert.event))) continue;
      queue.add(this.#parts.deliver(target, failedAt), alert);
    }
  }

  /** Tells all targets, whatever they want to be told of; resolves to what came of it. */
  async test(): Promise<AlertTargetStatus[]> {
    const { cluster, self, deliver } = this.#parts;
    const alert: Alert = {
      event: 'warning',
      key: 'test',
      up: false,
      group: cluster,
      service: 'test',
      hosts: [self],
      summary: `a test of the alerts of ${cluster}, asked for through ${self}`,
      detail: 'nothing is wrong',
      time: Date.now(),
    };
    await Promise.all(this.#queues.map(({ target, queue }) => queue.addAndWait(deliver(target, undefined), alert)));
    return this.status();
  }

  status(): AlertTargetStatus[] {
    return this.#queues.map(({ target, queue }) => {
      return { name: target.name, way: showWay(target.way), events: target.events, ...queue.status() };
    });
  }

  /** Nobody is told any more; resolves when what is being told is told, or at the latest after some seconds. */
  async stop(): Promise<void> {
    await Promise.all(this.#queues.map(({ queue }) => queue.stop()));
  }

  /** Since when it has failed, where it is to be told; `known`: it was told just now, or is an up-alert of what never failed. */
  #note({ key, up, summary, time }: Alert): number | undefined | 'known' {
    const before = this.#failed.get(key);
    if (up) {
      this.#failed.delete(key);
      return before === undefined ? 'known' : before.since;
    }
    if (before !== undefined && before.summary === summary && time - before.toldAt < quiet) return 'known';
    if (before === undefined && this.#failed.size >= mostFailed) this.#failed.clear();
    this.#failed.set(key, { since: before?.since ?? time, summary, toldAt: time });
    return before?.since ?? time;
  }

  /** Of what all nodes find out, the first of ha.cf that is there and hears a majority tells; it is not told about itself. */
  #isSpeaker({ about }: Alert): boolean {
    if (about === undefined) return true;
    const { nodes, self, view } = this.#parts;
    const { nodes: seen, quorum } = view();
    if (!quorum.quorate) return false;
    const isThere = (name: NodeName): boolean =>
      ['self', 'up', 'late'].includes(seen.find((one) => one.name === name)?.state ?? 'unknown');
    return nodes.find((name) => name !== about && isThere(name)) === self;
  }

  /** Where it cannot be kept people are told all the same, only perhaps not when it is well again. */
  #keep(): void {
    try {
      this.#parts.memory?.write([...this.#failed]);
    } catch {
      // The journal would make an alert of it, which would have to be kept.
    }
  }
}

function isKept(value: unknown): value is [string, Failed] {
  if (!Array.isArray(value)) return false;
  const [key, failed] = value as [unknown, Partial<Failed> | null];
  return (
    typeof key === 'string' &&
    typeof failed?.since === 'number' &&
    typeof failed.summary === 'string' &&
    typeof failed.toldAt === 'number'
  );
}
