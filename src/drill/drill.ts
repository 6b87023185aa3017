/**
 * One drill: check that the cluster is whole, watch the service, break one node after the other, and judge.
 * It never leaves a fault behind: `close` heals, whatever happened before.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../base/problem.ts';
import type { IpAddress, MacAddress, NodeName } from '../model/names.ts';
import { ClusterAccess, type Connect } from './cluster-access.ts';
import { complaintsAbout, complaintsWithout, holderOf, statusesOf, type Views } from './cluster-health.ts';
import { ensureEcho, startEcho, stopEcho } from './echo.ts';
import type { Fault, Injector } from './fault.ts';
import { type DrillResult, judge, type StepRecord } from './judge.ts';
import { collect, type Observations } from './observation.ts';
import { Observer } from './observe.ts';
import { monotonicMs } from './probe/clock.ts';
import type { Scenario } from './scenarios.ts';
import type { DrillTarget } from './target.ts';
import { settle } from './wait.ts';

/** An injector that may have to prepare machines for a fault, before anything is watched. */
export interface DrillInjector extends Injector {
  /** Whether it had to restart a musterd, so that the cluster has to become whole again. */
  prepare(fault: Fault): Promise<boolean>;
  tidy(fault: Fault): Promise<void>;
}

export interface DrillSettings {
  readonly target: DrillTarget;
  readonly nodes: readonly NodeName[];
  /** How long a node holds without an answer: that nothing was felt shows only after it (milliseconds). */
  readonly leaseMs: number;
  /** The machines to break, nodes or others; in an order that the drill chooses. */
  readonly victims: readonly NodeName[];
  readonly macs: Readonly<Record<NodeName, MacAddress>>;
  readonly scenario: Scenario;
  readonly boundMs: number;
  readonly connect: Connect;
  readonly inClient: (argv: readonly string[]) => readonly string[];
  readonly injector: DrillInjector;
  readonly signal: AbortSignal;
}

export interface StepOptions {
  readonly victim?: 'holder' | 'standby' | undefined;
  /** Another scenario than the drill's own. */
  readonly scenario?: Scenario | undefined;
  readonly started?: ((node: NodeName, holder: NodeName | null) => void) | undefined;
}

export interface DrillRecord {
  readonly result: DrillResult;
  readonly seen: Observations;
}

const datagramIntervalMs = 5;
const requestIntervalMs = 5;
const witnessIntervalMs = 10;
const probeTimeoutMs = 900;
/** Undisturbed service before a fault and after a recovery, so that the picture shows both. */
const calmMs = 600;
/** After a fault nobody asks the nodes anything for so long at least: the questions' own work must not delay the takeover. */
const quietMs = 1500;
const faultTimeoutMs = 15_000;
const recoveryTimeoutMs = 60_000;
/** How long a cluster on which nothing was done yet may take to look whole. */
const refusalTimeoutMs = 10_000;

export class Drill {
  readonly #settings: DrillSettings;
  readonly #access: ClusterAccess;
  readonly #left: Set<NodeName>;
  readonly #steps: StepRecord[] = [];
  #observer: Observer | undefined;
  /** Begun and not ended, in order. */
  #broken: Fault[] = [];
  readonly #prepared: Fault[] = [];

  constructor(settings: DrillSettings) {
    this.#settings = settings;
    this.#access = new ClusterAccess(settings.nodes, settings.connect);
    this.#left = new Set(settings.victims);
  }

  /** Throws `Problem('drillRefused')` where the cluster is not whole or a probe is not answered. */
  async prepare(): Promise<void> {
    let restarted = false;
    for (const node of this.#settings.victims) {
      for (const fault of this.#faultsOf(this.#settings.scenario, node)) {
        this.#prepared.push(fault);
        if (await this.#settings.injector.prepare(fault)) restarted = true;
      }
    }
    const { complaints, views } = await this.#recovered(restarted ? recoveryTimeoutMs : refusalTimeoutMs);
    if (complaints.length > 0) throw refusal(complaints);
    if (holderOf(views, this.#settings.target.group) === null) throw refusal(['no node holds the address']);
    await Promise.all(this.#settings.nodes.map((node) => this.#startEcho(node)));
    await this.#startProbes();
  }

  /**
   * Breaks the next node, or the one that holds the address, or one that does not, and waits until the cluster is whole again. Without
   * `victim` each node's turn comes once, those that hold nothing first. A cluster that does not recover in time fails
   * the step (`stillWrong`); the next one would then refuse to start.
   */
  async step(options: StepOptions = {}): Promise<StepRecord> {
    const { target, signal, nodes, leaseMs } = this.#settings;
    const scenario = options.scenario ?? this.#settings.scenario;
    const before = await this.#recovered(recoveryTimeoutMs, undefined, 1);
    if (before.complaints.length > 0) throw refusal(before.complaints);
    const holderBefore = holderOf(before.views, target.group);
    const node = this.#victim(options.victim, holderBefore, before.views);
    this.#left.delete(node);
    options.started?.(node, holderBefore);

    const startMs = monotonicMs();
    await sleep(calmMs, undefined, { signal });
    if (scenario.fatal) this.#access.forget(node);
    const injectedMs = monotonicMs();
    await this.#breakNode(scenario, node);
    await sleep(Math.max(quietMs, 1.5 * leaseMs), undefined, { signal });
    const asked = nodes.filter((other) => other !== node || !scenario.fatal);
    const during = await settle({
      ask: () => this.#access.views(asked),
      complaints: (views) => complaintsWithout(node, target.group, views, scenario.fatal),
      ...{ everyMs: 500, stable: 1, timeoutMs: faultTimeoutMs, signal },
    });
    if (scenario.fatal) this.#checkEffect(node, during.views);

    const healedMs = monotonicMs();
    await this.#mend();
    const after = await this.#recovered(recoveryTimeoutMs, nodes.includes(node) ? node : undefined);
    await sleep(calmMs, undefined, { signal });
    const holderAfter = holderOf(after.views, target.group);
    const endMs = monotonicMs();
    const times = { startMs, injectedMs, healedMs, endMs };
    const stillWrong = after.complaints;
    const undisturbed = scenario.harmless || node !== holderBefore;
    const record = { scenario: scenario.name, node, undisturbed, holderBefore, holderAfter, ...times, stillWrong };
    this.#steps.push(record);
    if (this.#observer?.failure !== undefined) {
      throw new Problem(
        'drillRefused',
        `Cannot judge the drill as its probes must run all the time: ${this.#observer.failure}`,
      );
    }
    return record;
  }

  /** Judges the steps that were done so far; the probes go on, and so may the drill. */
  async judgeSoFar(): Promise<DrillResult> {
    // Answers that are still on their way belong to the last step.
    await sleep(probeTimeoutMs);
    return this.#judge(collect(this.#observer!.seen));
  }

  /** Ends the probes and judges the steps that were done. */
  async finish(): Promise<DrillRecord> {
    await sleep(probeTimeoutMs);
    const seen = await this.#observer!.stop();
    return { result: this.#judge(seen), seen };
  }

  #judge(seen: Observations): DrillResult {
    const nodeOfMac = Object.fromEntries(Object.entries(this.#settings.macs).map(([node, mac]) => [mac, node]));
    const { boundMs } = this.#settings;
    const settings = { boundMs, datagramIntervalMs, requestIntervalMs, witnessIntervalMs, nodeOfMac };
    return judge(this.#steps, seen, settings);
  }

  /** Heals, and takes away all that the drill put on the nodes. Safe at any moment, and twice. */
  async close(): Promise<void> {
    const { injector } = this.#settings;
    // A fault that cannot be ended as it began is healed from outside, with all others.
    await this.#mend().catch(() => injector.heal());
    await this.#observer?.stop();
    const { nodes } = this.#settings;
    await Promise.all(nodes.map((node) => this.#access.run(node, stopEcho()).catch(() => undefined)));
    this.#access.close();
    for (const fault of this.#prepared) await injector.tidy(fault);
  }

  #faultsOf(scenario: Scenario, node: NodeName): readonly Fault[] {
    const others = this.#settings.nodes.filter((other) => other !== node);
    return scenario.faults(node, others);
  }

  async #breakNode(scenario: Scenario, node: NodeName): Promise<void> {
    for (const fault of this.#faultsOf(scenario, node)) {
      // Noted first: what fails half way has to be ended as well.
      this.#broken.push(fault);
      await this.#settings.injector.begin(fault);
    }
  }

  async #mend(): Promise<void> {
    for (const fault of this.#broken.splice(0).reverse()) await this.#settings.injector.end(fault);
  }

  /** Waits until the whole cluster is well; `returning` gets its responder back as soon as it can be reached. */
  async #recovered(
    timeoutMs: number,
    returning?: NodeName,
    stable = 3,
  ): Promise<{ complaints: readonly string[]; views: Views }> {
    let echoes = returning === undefined;
    return settle({
      ask: async () => {
        if (!echoes && returning !== undefined) {
          echoes = await this.#startEcho(returning, ensureEcho).then(
            () => true,
            () => false,
          );
        }
        return this.#access.views();
      },
      complaints: (views) => [...complaintsAbout(views), ...(echoes ? [] : [`${returning} cannot be reached yet`])],
      ...{ everyMs: 300, stable, timeoutMs, signal: this.#settings.signal },
    });
  }

  #victim(wanted: StepOptions['victim'], holder: NodeName | null, views: Views): NodeName {
    if (wanted === 'holder' && holder !== null) return holder;
    if (wanted === 'standby') return this.#settings.nodes.find((node) => node !== holder)!;
    return this.#next(views);
  }

  #next(views: Views): NodeName {
    const held = (node: NodeName): number =>
      statusesOf(views)
        .filter((status) => status.node === node)
        .flatMap((status) => status.groups)
        .filter((group) => group.gateOpen).length;
    const [next] = [...this.#left].sort((left, right) => held(left) - held(right));
    if (next === undefined) throw new Error('a step after the last node');
    return next;
  }

  #checkEffect(node: NodeName, views: Views): void {
    const alive = statusesOf(views).filter((status) =>
      status.nodes.some((other) => other.name === node && (other.state === 'up' || other.state === 'late')),
    );
    if (alive.length === 0) return;
    const seers = alive.map((status) => status.node).join(' and ');
    throw new Problem(
      'drillRefused',
      `Cannot drill node "${node}" as the fault must take effect: ${seers} saw it up ${faultTimeoutMs / 1000} s later`,
    );
  }

  async #startEcho(node: NodeName, program = startEcho): Promise<void> {
    const { address, address6, echoPort } = this.#settings.target;
    const programs = [address, ...(address6 === undefined ? [] : [address6])].map((one) =>
      program(one, echoPort, node),
    );
    await this.#access.must(node, 'start the responder of the drill', programs.join('\n'));
  }

  async #startProbes(): Promise<void> {
    const { target, nodes, macs, inClient, signal } = this.#settings;
    const requests =
      target.http === undefined
        ? undefined
        : { ...target.http, intervalMs: requestIntervalMs, timeoutMs: probeTimeoutMs, atOnce: 256, nodes };
    const datagrams = (address: IpAddress) => ({
      address,
      port: target.echoPort,
      intervalMs: datagramIntervalMs,
      timeoutMs: probeTimeoutMs,
    });
    const witness = (address: IpAddress) => ({
      address,
      intervalMs: witnessIntervalMs,
      macs: nodes.map((node) => macs[node]!),
    });
    const { address, address6 } = target;
    this.#observer = new Observer(
      {
        datagrams: datagrams(address),
        datagrams6: address6 === undefined ? undefined : datagrams(address6),
        requests,
        witness: witness(address),
        witness6: address6 === undefined ? undefined : witness(address6),
      },
      inClient,
    );
    await this.#observer.ready;
    // The first answers may be lost while neighbours are learned; after that each kind of probe must be answered.
    await sleep(calmMs, undefined, { signal });
    const from = monotonicMs() - calmMs / 2;
    const seen = collectRecent(this.#observer, from);
    const silent = [
      ...(address6 === undefined || seen.udp6
        ? []
        : [`no datagram to ${address6} port ${target.echoPort} is answered`]),
      ...(address6 === undefined || seen.witness6 ? [] : [`no node answers the witness for ${address6}`]),
      ...(seen.udp ? [] : [`no datagram to ${target.address}:${target.echoPort} is answered`]),
      ...(seen.witness ? [] : [`no node answers the witness for ${target.address}`]),
      ...(target.http === undefined || seen.http ? [] : [`no request to port ${target.http.port} is answered`]),
    ];
    if (silent.length > 0) throw refusal(silent);
  }
}

function collectRecent(observer: Observer, fromMs: number) {
  const recent = { udp: false, udp6: false, http: false, witness: false, witness6: false };
  for (const one of observer.seen) {
    if (one.kind === 'datagram' && one.sentMs >= fromMs && one.answeredMs !== null)
      recent[one.version === 6 ? 'udp6' : 'udp'] = true;
    else if (one.kind === 'http' && one.startMs >= fromMs && one.ok) recent.http = true;
    else if (one.kind === 'witness' && one.sentMs >= fromMs)
      recent[one.what === 'echo6' || one.what === 'nd' ? 'witness6' : 'witness'] = true;
  }
  return recent;
}

function refusal(complaints: readonly string[]): Problem {
  return new Problem(
    'drillRefused',
    `Cannot drill the cluster as it must be whole first: ${complaints.slice(0, 5).join('; ')}`,
    { hint: 'muster status says more' },
  );
}
