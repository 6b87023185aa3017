/** What a drill found, out of what the probes saw and what was done when. Pure: the same records, the same verdict. */
import type { MacAddress, NodeName } from '../model/names.ts';
import { covered, type DoubleHolding, doubleHoldings, stretchesOf } from './holders.ts';
import type { Observations } from './observation.ts';
import { longest, type Outage, outagesOf, type Sample } from './outage.ts';

/** One fault as it was injected and undone; monotonic milliseconds. */
export interface StepRecord {
  readonly scenario: string;
  readonly node: NodeName;
  /** True where no answer to a datagram may be missed and the address has to stay where it is; absent: it may move. */
  readonly undisturbed?: boolean;
  /** Who held the VIP before. */
  readonly holderBefore: NodeName | null;
  readonly holderAfter: NodeName | null;
  readonly startMs: number;
  readonly injectedMs: number;
  /** When the fault was undone; the end of the step where it was not. */
  readonly healedMs: number;
  readonly endMs: number;
  /** What was still wrong with the cluster at the end; empty where it was whole again. */
  readonly stillWrong: readonly string[];
}

export interface JudgeSettings {
  readonly boundMs: number;
  readonly datagramIntervalMs: number;
  readonly requestIntervalMs: number;
  readonly witnessIntervalMs: number;
  readonly nodeOfMac: Readonly<Record<MacAddress, NodeName>>;
}

/** A number per probe; a probe that did not run is absent. */
export type ByProbe = Readonly<Partial<Record<ProbeName, number>>>;
export type ProbeName = 'udp' | 'udp6' | 'http';

/** Milliseconds after the injection at which something was seen on the wire; null where it was not. */
export interface Phases {
  /** The last answer that the node which held before gave to the witness, before it first missed a round. */
  readonly silent: number | null;
  /** The first answer that another node gave to the witness: its gate is open. */
  readonly takenOver: number | null;
  /** The first announcement by that node. */
  readonly announced: number | null;
  /** The first datagram of a client that another node answered. */
  readonly reached: number | null;
}

export interface StepResult extends StepRecord {
  /** The longest outage of each probe in the whole step, the return of the node included; 0 where none. */
  readonly outageMs: ByProbe;
  readonly uncertaintyMs: ByProbe;
  /** As outageMs, only of outages that ended after the fault was undone. */
  readonly outageAfterHealMs: ByProbe;
  readonly requests: number;
  readonly failedRequests: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly slowestRequestMs: number;
  readonly doubleHolderMs: number;
  readonly doubleHoldings: readonly DoubleHolding[];
  readonly phases: Phases;
  readonly passed: boolean;
  /** Why it did not pass. */
  readonly reasons: readonly string[];
}

export interface DrillResult {
  readonly verdict: 'passed' | 'failed';
  readonly boundMs: number;
  readonly steps: readonly StepResult[];
  readonly worstOutageMs: number;
  readonly failedRequests: number;
  readonly doubleHolderMs: number;
}

const within =
  (fromMs: number, toMs: number) =>
  (atMs: number): boolean =>
    atMs >= fromMs && atMs <= toMs;

function phasesOf(step: StepRecord, seen: Observations, settings: JudgeSettings): Phases {
  const nothing: Phases = { silent: null, takenOver: null, announced: null, reached: null };
  const before = step.holderBefore;
  if (before === null) return nothing;
  const during = within(step.injectedMs, step.healedMs);
  const after = (ms: number | undefined): number | null => (ms === undefined ? null : ms - step.injectedMs);
  const nameOf = (mac: MacAddress): NodeName | undefined => settings.nodeOfMac[mac];
  const answers = seen.witness.filter((answer) => during(answer.sentMs));
  // The stretches in which it held when the fault came; it may hold again later.
  const old = stretchesOf(seen.witness).filter(
    ({ mac, possible }) =>
      nameOf(mac) === before &&
      possible.fromMs <= step.injectedMs &&
      possible.toMs >= step.injectedMs - 3 * settings.witnessIntervalMs,
  );
  // Null where it went on to the end: then nothing was lost to it.
  const silentMs = Math.max(step.injectedMs, ...old.map(({ possible }) => possible.toMs));
  const wentSilent = old.length > 0 && silentMs < step.endMs - 3 * settings.witnessIntervalMs;
  const datagrams = seen.datagrams.length > 0 ? seen.datagrams : seen.datagrams6;
  const isNew = (node: NodeName | null | undefined): boolean => node !== null && node !== undefined && node !== before;
  return {
    silent: wentSilent ? after(silentMs) : null,
    takenOver: after(answers.find((answer) => isNew(nameOf(answer.mac)))?.answeredMs),
    announced: after(seen.announcements.find((one) => during(one.seenMs) && isNew(nameOf(one.mac)))?.seenMs),
    reached: after(datagrams.find((probe) => during(probe.sentMs) && isNew(probe.by))?.sentMs),
  };
}

interface Sampled {
  readonly name: ProbeName;
  readonly intervalMs: number;
  readonly samples: readonly Sample[];
}

/** The probes that ran at all, as samples. */
function probesOf(seen: Observations, settings: JudgeSettings): readonly Sampled[] {
  const [udp, udp6] = [seen.datagrams, seen.datagrams6].map((datagrams) =>
    datagrams.map((probe) => ({ atMs: probe.sentMs, ok: probe.answeredMs !== null })),
  );
  const http = seen.requests.map((request) => ({ atMs: request.startMs, ok: request.ok }));
  const all: readonly Sampled[] = [
    { name: 'udp', intervalMs: settings.datagramIntervalMs, samples: udp! },
    { name: 'udp6', intervalMs: settings.datagramIntervalMs, samples: udp6! },
    { name: 'http', intervalMs: settings.requestIntervalMs, samples: http },
  ];
  return all.filter((probe) => probe.samples.length > 0);
}

const byProbe = <T>(items: readonly { name: ProbeName; value: T }[]): Partial<Record<ProbeName, T>> =>
  Object.fromEntries(items.map(({ name, value }) => [name, value]));

/**
 * What was felt of a fault that nobody should have felt. Requests are left out: a real server that dies with its node
 * takes those along that were sent to it.
 */
function disturbances(
  step: StepRecord,
  probes: readonly { name: ProbeName; intervalMs: number; worst: Outage | undefined }[],
): readonly string[] {
  const moved = step.holderAfter !== step.holderBefore;
  return [
    ...(moved ? [`the address moved from ${step.holderBefore ?? 'nobody'} to ${step.holderAfter ?? 'nobody'}`] : []),
    ...probes.flatMap(({ name, worst }) =>
      name === 'http' || worst === undefined
        ? []
        : [`${name} was out for ${worst.lengthMs.toFixed(0)} ms, and nobody should have felt it`],
    ),
  ];
}

function judgeStep(step: StepRecord, seen: Observations, settings: JudgeSettings): StepResult {
  const window = { fromMs: step.startMs, toMs: step.endMs };
  const inStep = within(step.startMs, step.endMs);
  const requests = seen.requests.filter((request) => inStep(request.startMs));
  const probes = probesOf(seen, settings).map(({ name, intervalMs, samples }) => {
    const outages = outagesOf(samples, intervalMs, window);
    const afterHeal = outages.filter((outage) => outage.toMs > step.healedMs);
    return { name, intervalMs, worst: longest(outages), afterHeal: longest(afterHeal)?.lengthMs ?? 0 };
  });
  const doubles = doubleHoldings(
    seen.witness.filter((answer) => inStep(answer.sentMs)),
    settings.witnessIntervalMs,
  );
  const failed = requests.filter((request) => !request.ok);
  const failures: Record<string, number> = {};
  for (const request of failed) failures[request.result] = (failures[request.result] ?? 0) + 1;

  const doubleHolderMs = covered(doubles);
  const reasons = probes.flatMap(({ name, worst }) => {
    if (worst?.open === true) return [`${name} had no answer any more at the end of the step`];
    if (worst === undefined || worst.lengthMs <= settings.boundMs) return [];
    return [`${name} was out for ${worst.lengthMs.toFixed(0)} ms, bound ${settings.boundMs} ms`];
  });
  if (step.undisturbed) reasons.push(...disturbances(step, probes));
  for (const why of step.stillWrong.slice(0, 3)) reasons.push(`not whole again: ${why}`);
  if (![...seen.datagrams, ...seen.datagrams6].some((probe) => inStep(probe.sentMs))) reasons.push('no probe was sent');
  if (!seen.witness.some((answer) => inStep(answer.sentMs))) reasons.push('the witness saw no answer at all');
  if (doubleHolderMs > 0) reasons.push(`two nodes held the address for ${doubleHolderMs.toFixed(0)} ms`);
  return {
    ...step,
    outageMs: byProbe(probes.map(({ name, worst }) => ({ name, value: worst?.lengthMs ?? 0 }))),
    uncertaintyMs: byProbe(
      probes.map(({ name, worst, intervalMs }) => ({ name, value: worst?.uncertaintyMs ?? intervalMs })),
    ),
    outageAfterHealMs: byProbe(probes.map(({ name, afterHeal }) => ({ name, value: afterHeal }))),
    requests: requests.length,
    failedRequests: failed.length,
    failures,
    slowestRequestMs: requests.reduce((most, one) => (one.ok ? Math.max(most, one.endMs - one.startMs) : most), 0),
    doubleHolderMs,
    doubleHoldings: doubles,
    phases: phasesOf(step, seen, settings),
    passed: reasons.length === 0,
    reasons,
  };
}

/**
 * Judges every step: it passes where no probe was without service for longer than the bound, the service came back,
 * and never two nodes held the address at once.
 */
export function judge(steps: readonly StepRecord[], seen: Observations, settings: JudgeSettings): DrillResult {
  const results = steps.map((step) => judgeStep(step, seen, settings));
  return {
    verdict: results.length > 0 && results.every((step) => step.passed) ? 'passed' : 'failed',
    boundMs: settings.boundMs,
    steps: results,
    worstOutageMs: Math.max(0, ...results.flatMap((step) => Object.values(step.outageMs))),
    failedRequests: results.reduce((sum, step) => sum + step.failedRequests, 0),
    doubleHolderMs: results.reduce((sum, step) => sum + step.doubleHolderMs, 0),
  };
}

/** Who answered the witness when, for the picture; see holders.ts for what a stretch proves. */
export function holdings(seen: Observations, nodeOfMac: Readonly<Record<MacAddress, NodeName>>) {
  return stretchesOf(seen.witness).map(({ mac, what, possible }) => ({
    node: nodeOfMac[mac] ?? mac,
    what,
    ...possible,
  }));
}
