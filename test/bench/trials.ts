/** The same fault many times under the same probes, whoever holds the address. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startEcho } from '../../src/drill/echo.ts';
import { judge, type StepRecord, type StepResult } from '../../src/drill/judge.ts';
import { labInjector } from '../../src/drill/lab-injector.ts';
import { Observer } from '../../src/drill/observe.ts';
import { monotonicMs } from '../../src/drill/probe/clock.ts';
import type { NodeName } from '../../src/model/names.ts';
import type { BenchCluster } from './cluster.ts';
import type { Contender } from './contenders.ts';
import type { BenchFault } from './faults.ts';

const echoPort = 7694;
const datagramIntervalMs = 2;
const witnessIntervalMs = 10;
/** Undisturbed service before a fault and after it healed. */
const calmMs = 300;
/** How long the fault lasts on: nobody asks the nodes anything meanwhile, and two holders would show. */
const faultMs = 1000;
const movePatienceMs = 20_000;
const healPatienceMs = 90_000;
const probeTimeoutMs = 900;

export interface TrialOptions {
  readonly n: number;
  /** Between two HTTP requests to the virtual service; undefined: none. */
  readonly requestIntervalMs?: number | undefined;
}

/** Runs `n` times; the results are judged together at the end. Throws where the service does not come back. */
export async function runTrials(
  bench: BenchCluster,
  contender: Contender,
  fault: BenchFault,
  { n, requestIntervalMs }: TrialOptions,
): Promise<readonly StepResult[]> {
  const { lab, signal, say, macs } = bench;
  const injector = labInjector(lab.faults, () => lab.nodes(), contender.service);
  const steps: StepRecord[] = [];
  await whole(bench, contender);
  await Promise.all(contender.nodes.map((node) => answer(bench, contender, node)));
  const observer = observe(bench, contender, requestIntervalMs);
  try {
    await observer.ready;
    for (let run = 1; run <= n; run++) {
      const holder = await whole(bench, contender);
      await sleep(contender.restMs, undefined, { signal });
      const node = fault.victim === 'holder' ? holder : contender.nodes.find((other) => other !== holder)!;
      const startMs = monotonicMs();
      await sleep(calmMs, undefined, { signal });
      const struck = fault.of(node);
      if (struck.kind === 'power') bench.access.forget(node);
      const injectedMs = monotonicMs();
      await injector.begin(struck);
      if (fault.moves) await moved(observer, holder, injectedMs);
      await sleep(faultMs, undefined, { signal });
      const healedMs = monotonicMs();
      await injector.end(struck);
      const holderAfter = await whole(bench, contender, node);
      await sleep(calmMs, undefined, { signal });
      if (observer.failure !== undefined) throw new Error(`the probes ended: ${observer.failure}`);
      const times = { startMs, injectedMs, healedMs, endMs: monotonicMs() };
      steps.push({ scenario: fault.name, node, holderBefore: holder, holderAfter, ...times, stillWrong: [] });
      say(`${contender.name}, ${fault.name} ${run}: ${node}, held by ${holderAfter} then`);
    }
    await sleep(probeTimeoutMs);
  } finally {
    await injector.heal();
    await observer.stop();
  }
  const nodeOfMac = Object.fromEntries(Object.entries(macs).map(([node, mac]) => [mac, node]));
  const settings = { boundMs: Number.POSITIVE_INFINITY, datagramIntervalMs, witnessIntervalMs, nodeOfMac };
  const seen = await observer.stop();
  const { steps: results } = judge(steps, seen, { ...settings, requestIntervalMs: requestIntervalMs ?? 1 });
  for (const step of results) for (const why of step.reasons) say(`${contender.name}, ${fault.name}: ${why}`);
  return results;
}

function observe(bench: BenchCluster, contender: Contender, requestIntervalMs: number | undefined): Observer {
  const { address, nodes } = contender;
  const http = { address, port: 80, path: '/', timeoutMs: probeTimeoutMs, atOnce: 256, nodes };
  const datagrams = { address, port: echoPort, intervalMs: datagramIntervalMs, timeoutMs: probeTimeoutMs };
  const witness = { address, intervalMs: witnessIntervalMs, macs: Object.values(bench.macs) };
  return new Observer(
    {
      ...(address.includes(':') ? { datagrams6: datagrams, witness6: witness } : { datagrams, witness }),
      requests: requestIntervalMs === undefined ? undefined : { ...http, intervalMs: requestIntervalMs },
    },
    (argv) => bench.lab.inClient(argv),
  );
}

async function answer(bench: BenchCluster, contender: Contender, node: NodeName): Promise<void> {
  await bench.access.must(node, 'start the responder', startEcho(contender.address, echoPort, node));
}

/** Waits until all is well twice in a row, `returning` answers datagrams again, and resolves to the holder. */
async function whole(bench: BenchCluster, contender: Contender, returning?: NodeName): Promise<NodeName> {
  const deadline = performance.now() + healPatienceMs;
  let answers = returning === undefined;
  let last: NodeName | undefined;
  for (;;) {
    bench.signal.throwIfAborted();
    if (!answers && returning !== undefined)
      answers = await answer(bench, contender, returning).then(
        () => true,
        () => false,
      );
    const seen = await contender.whole();
    const holder = answers && 'holder' in seen ? seen.holder : undefined;
    if (holder !== undefined && holder === last) return holder;
    last = holder;
    if (performance.now() > deadline)
      throw new Error(`${contender.name} is not whole again: ${'wrong' in seen ? seen.wrong : 'no responder'}`);
    await sleep(200, undefined, { signal: bench.signal });
  }
}

/** Waits until somebody else answers the probes. */
async function moved(observer: Observer, holder: NodeName, sinceMs: number): Promise<void> {
  const deadline = performance.now() + movePatienceMs;
  for (let looked = observer.seen.length; performance.now() < deadline; await sleep(50)) {
    for (; looked < observer.seen.length; looked++) {
      const one = observer.seen[looked]!;
      if (one.kind === 'datagram' && one.sentMs > sinceMs && one.by !== null && one.by !== holder) return;
    }
  }
  throw new Error(
    `nobody has taken over from ${holder} in ${movePatienceMs / 1000} s: the fault did nothing, or too much`,
  );
}
