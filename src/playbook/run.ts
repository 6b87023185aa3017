import { randomBytes } from 'node:crypto';
import { badInput, type ExitReason, Problem } from '../base/problem.ts';
import { alertSecrets } from '../linux-ha/alert-secrets.ts';
import { secretsOf } from '../model/fencing.ts';
import type { Host, Inventory } from '../model/inventory.ts';
import type { HostName } from '../model/names.ts';
import type { Connection } from '../remote/types.ts';
import { batches } from './batches.ts';
import { type BindContext, evaluateAt, scopeOf } from './bind.ts';
import { HostLink } from './host-link.ts';
import { HostRun } from './host-run.ts';
import { InputFiles } from './input-files.ts';
import { LateValue } from './late.ts';
import { PackageCache } from './package-cache.ts';
import { PackageProxy } from './package-proxy.ts';
import { PackageFeed } from './packages.ts';
import { type Play, type Playbook, registeredNames, type Task } from './playbook.ts';
import { preflight } from './preflight.ts';
import type { HostCounts, OnEvent, RunEvent } from './run-event.ts';
import { SecretMask } from './secrets.ts';
import type { Scope } from './variables.ts';

export interface RunPlaybookOptions {
  readonly playbook: Playbook;
  readonly inventory: Inventory;
  /** The hosts that a pattern of a play means; throws a `Problem` where it means none. */
  readonly select: (pattern: string) => readonly Host[];
  /** Only these hosts are worked on; undefined: all. */
  readonly limit: ReadonlySet<HostName> | undefined;
  /** Variables from code, per host. */
  readonly extra: (host: Host) => Scope;
  /** Where the signal aborts, it gives up at once. */
  readonly connect: (host: Host, signal?: AbortSignal) => Promise<Connection>;
  readonly onEvent: OnEvent;
  readonly check: boolean;
  readonly diff: boolean;
  /** Only tasks with one of these tags (of their own or of their play); empty: all. */
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  /** Hosts that are worked on at once. */
  readonly forks: number;
  /** Ctrl-C: steps that run come to their end, nothing more is begun, and what was done is told. */
  readonly signal: AbortSignal;
}

export interface RunResult {
  readonly reason: ExitReason;
  readonly counts: Readonly<Record<HostName, HostCounts>>;
}

/**
 * Runs a playbook. Before any host is touched, everything that can be rendered is, for every host: all mistakes reject
 * with `badInput`. After that a host that fails or is lost does not disturb the others; the result says how it ended.
 */
export async function runPlaybook(options: RunPlaybookOptions): Promise<RunResult> {
  const started = performance.now();
  const secrets = new SecretMask();
  for (const secret of secretsOf(options.inventory.cluster?.fencing)) secrets.keepWord(secret);
  for (const secret of alertSecrets(options.inventory.cluster?.alerts)) secrets.keepWord(secret);
  let rolledBack = false;
  const onEvent = (event: RunEvent): void => {
    rolledBack ||= event.event === 'rolled-back';
    options.onEvent(secrets.maskAll(event));
  };
  const plays = options.playbook.plays.map((play) => ({ play, hosts: hostsOf(play, options) }));
  const playHosts = new Map<Play, readonly HostName[]>(
    plays.map(({ play, hosts }) => [play, hosts.map((host) => host.name)]),
  );
  const context: BindContext = {
    sources: {
      inventory: options.inventory,
      extra: options.extra,
      registered: new Map(),
      registeredNames: registeredNames(options.playbook),
      playHosts: (play) => playHosts.get(play) ?? [],
    },
    files: new InputFiles(),
    secrets,
    diff: options.diff,
    check: options.check,
    memo: new Map(),
  };
  await preflight(context, plays);
  context.memo.clear();

  const hosts = options.inventory.hosts.filter((host) => plays.some((play) => play.hosts.includes(host)));
  const names = hosts.map((host) => host.name);
  onEvent({ event: 'run-started', playbook: options.playbook.file, hosts: names, check: options.check });
  const crew = new Crew({ ...options, onEvent }, context);
  const unhook = crew.stopOn(options.signal);
  try {
    await crew.connectAll(hosts);
    for (const [index, { play, hosts: wanted }] of plays.entries()) {
      if (options.signal.aborted) break;
      const alive = wanted.filter((host) => crew.isAlive(host));
      playHosts.set(
        play,
        alive.map((host) => host.name),
      );
      if (alive.length === 0) continue;
      onEvent({ event: 'play-started', play: play.name, hosts: alive.map((host) => host.name) });
      const later = plays.slice(index + 1);
      for (const batch of batches(ordered(context, play, alive), play.serial)) {
        const mine = batch.filter((host) => crew.isAlive(host));
        const broken = await crew.play(play, mine, (host) =>
          later.filter((next) => next.hosts.includes(host)).map((next) => next.play),
        );
        // A rolling play stops at its first failure: the hosts after it keep what works.
        if (broken && play.serial.length > 0) break;
      }
    }
  } finally {
    unhook();
    await crew.close();
  }
  const counts = crew.counts(hosts);
  const notReached = hosts.filter((host) => !crew.begun(host)).map((host) => host.name);
  onEvent({ event: 'recap', hosts: counts, notReached, seconds: (performance.now() - started) / 1000 });
  return { reason: reasonOf(Object.values(counts), rolledBack, options.signal.aborted), counts };
}

function reasonOf(counts: readonly HostCounts[], rolledBack: boolean, interrupted: boolean): ExitReason {
  if (interrupted) return 'interrupted';
  if (rolledBack) return 'rolledBack';
  if (counts.some((count) => count.unreachable > 0)) return 'hostUnreachable';
  return counts.some((count) => count.failed > 0) ? 'hostFailed' : 'ok';
}

function hostsOf(play: Play, options: RunPlaybookOptions): readonly Host[] {
  try {
    return options.select(play.hosts).filter((host) => options.limit?.has(host.name) ?? true);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw badInput([{ at: play.source.at([...play.path, 'hosts']), message: error.message, hint: error.hint }]);
  }
}

/** By `order_by`, false before true and low before high; else as in the inventory. */
function ordered(context: BindContext, play: Play, hosts: readonly Host[]): readonly Host[] {
  const { orderBy } = play;
  if (orderBy === undefined) return hosts;
  const weight = (host: Host): number => {
    try {
      const unit = { play, task: { vars: {} } as Task, host, item: undefined };
      return Number(evaluateAt(orderBy, play, 'order_by', scopeOf(context, unit)));
    } catch (error) {
      if (error instanceof LateValue) return 0;
      throw error;
    }
  };
  const weights = new Map(hosts.map((host) => [host, weight(host)]));
  return [...hosts].sort((left, right) => weights.get(left)! - weights.get(right)!);
}

/** The hosts of a run with their connections. */
class Crew {
  readonly #options: RunPlaybookOptions;
  readonly #context: BindContext;
  readonly #runs = new Map<HostName, HostRun>();
  readonly #connections = new Map<HostName, Connection>();
  readonly #feeds: PackageFeed[] = [];
  readonly #links: HostLink[] = [];
  readonly #lost = new Map<HostName, HostCounts>();
  readonly #begun = new Set<HostName>();
  readonly #stopFile = `/tmp/.muster-stop-${randomBytes(8).toString('hex')}`;
  readonly #proxy = new PackageProxy(new PackageCache());
  #stopping: Promise<unknown> | undefined;

  constructor(options: RunPlaybookOptions, context: BindContext) {
    this.#options = options;
    this.#context = context;
  }

  isAlive(host: Host): boolean {
    return this.#runs.get(host.name)?.alive ?? false;
  }

  begun(host: Host): boolean {
    return this.#begun.has(host.name) || this.#lost.has(host.name);
  }

  async connectAll(hosts: readonly Host[]): Promise<void> {
    const { onEvent, connect, check, signal } = this.#options;
    await eachOf(hosts, this.#options.forks, async (host) => {
      if (signal.aborted) return;
      try {
        const connection = await connect(host, signal);
        this.#connections.set(host.name, connection);
        const feed = new PackageFeed(connection, this.#proxy);
        this.#feeds.push(feed);
        // Not given up on Ctrl-C: a change that was armed and is good must not be taken back.
        const reconnect = (): Promise<Connection> => connect(host);
        const link = new HostLink({ connection, reconnect, feed, stopFile: this.#stopFile });
        this.#links.push(link);
        onEvent({ event: 'host-connected', host: host.name });
        this.#runs.set(
          host.name,
          new HostRun({
            context: this.#context,
            host,
            link,
            onEvent,
            check,
            stopping: () => signal.aborted,
            selected: (play, task) => this.#selected(play, task),
          }),
        );
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (signal.aborted) return;
        this.#lost.set(host.name, { ok: 0, changed: 0, unreachable: 1, failed: 0, skipped: 0, ignored: 0 });
        onEvent({ event: 'host-unreachable', host: host.name, message: error.message, hint: error.hint });
      }
    });
  }

  /** True where a host failed in it. */
  async play(play: Play, hosts: readonly Host[], later: (host: Host) => readonly Play[]): Promise<boolean> {
    await eachOf(hosts, this.#options.forks, async (host) => {
      this.#begun.add(host.name);
      await this.#runs.get(host.name)!.play(play, later(host));
    });
    return hosts.some((host) => !this.isAlive(host));
  }

  counts(hosts: readonly Host[]): Record<HostName, HostCounts> {
    const none = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, ignored: 0 };
    return Object.fromEntries(
      hosts.map((host) => [host.name, this.#runs.get(host.name)?.counts ?? this.#lost.get(host.name) ?? none]),
    );
  }

  /** On the signal, tells every node to begin no further step. The function that comes back takes the hook away. */
  stopOn(signal: AbortSignal): () => void {
    const stop = (): void => {
      this.#options.onEvent({
        event: 'interrupting',
        message: 'interrupted: steps that run come to their end, nothing more is begun',
      });
      this.#stopping = this.#onAll(`: >${this.#stopFile}`);
    };
    signal.addEventListener('abort', stop, { once: true });
    return () => signal.removeEventListener('abort', stop);
  }

  async close(): Promise<void> {
    if (this.#stopping !== undefined) {
      await this.#stopping;
      await this.#onAll(`rm -f ${this.#stopFile}`);
    }
    await Promise.all(this.#links.map((link) => link.close()));
    await Promise.all(this.#feeds.map((feed) => feed.close().catch(() => {})));
    this.#proxy.close();
    await Promise.all([...this.#connections.values()].map((connection) => connection.close().catch(() => {})));
  }

  async #onAll(program: string): Promise<void> {
    await Promise.all(
      [...this.#connections.values()].map((connection) =>
        connection.exec(`exec /bin/sh -c '${program}'`, { timeoutMs: 5000 }).catch(() => undefined),
      ),
    );
  }

  #selected(play: Play, task: Task): boolean {
    const own = [...play.tags, ...task.tags];
    const { tags, skipTags } = this.#options;
    if (own.some((tag) => skipTags.includes(tag))) return false;
    return tags.length === 0 || own.includes('always') || own.some((tag) => tags.includes(tag));
  }
}

/** Does `work` for each, with at most `window` at once. */
async function eachOf<T>(items: readonly T[], window: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(window, items.length)) }, lane));
}
