/**
 * npm run bench:failover [-- -n 10] [--only plug-pull,switchover,kill,idle,version] [--json FILE] [--check]
 *
 * Failover on one lab: how long a user is without service when the holder's plug is pulled, in a planned
 * switchover, and when musterd is killed; that never two nodes hold at once; and what musterd costs when idle.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterAccess } from '../../src/drill/cluster-access.ts';
import { Drill } from '../../src/drill/drill.ts';
import type { StepResult } from '../../src/drill/judge.ts';
import { labInjector } from '../../src/drill/lab-injector.ts';
import { scenarioNamed } from '../../src/drill/scenarios.ts';
import { drillTarget } from '../../src/drill/target.ts';
import { type BenchCluster, muster, withCluster } from './cluster.ts';
import type { Figure } from './figures.ts';
import { type IdleCost, idleCost } from './idle-cost.ts';
import { benchOptions, finishBench } from './options.ts';

const scenarios = ['plug-pull', 'switchover', 'kill'] as const;
const options = benchOptions([...scenarios, 'idle', 'version'], 10);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const figures: Figure[] = [];
/** Musterd is left alone for a while first: what it costs is what it costs all day, not while its code is being compiled. */
const settleSeconds = 20;
const idleSeconds = 10;
const idleRounds = 4;

function versionFigure(): Figure {
  const values = Array.from({ length: Math.max(10, options.n) }, () => {
    const start = performance.now();
    const { status } = spawnSync(process.execPath, [muster, '--version'], { stdio: 'ignore' });
    if (status !== 0) throw new Error(`muster --version ended with ${status}`);
    return performance.now() - start;
  });
  return { name: 'muster --version', unit: 'ms', values, goal: { median: 150 } };
}

async function idleFigures({ cluster, connect }: BenchCluster): Promise<void> {
  const access = new ClusterAccess(cluster.nodes, connect);
  await sleep(settleSeconds * 1000);
  const costs: IdleCost[] = [];
  for (let round = 0; round < idleRounds; round++) {
    costs.push(...(await Promise.all(cluster.nodes.map((node) => idleCost(access, node, idleSeconds)))));
  }
  access.close();
  figures.push(
    {
      name: 'musterd idle: CPU',
      unit: '% of a core',
      values: costs.map((cost) => cost.cpuPercent),
      goal: { median: 2 },
    },
    {
      name: 'musterd: RSS above a bare Node',
      unit: 'MB',
      values: costs.map((cost) => cost.rssAboveBareMb),
      goal: { median: 30 },
    },
  );
}

/** Breaks the holder `n` times in the same way, under the probes. */
async function runs(bench: BenchCluster, name: string, signal: AbortSignal): Promise<readonly StepResult[]> {
  const { lab, cluster, connect } = bench;
  const machines = await lab.nodes();
  const drill = new Drill({
    target: drillTarget(cluster, undefined),
    nodes: cluster.nodes,
    victims: [],
    macs: Object.fromEntries(machines.map((machine) => [machine.name, machine.mac])),
    scenario: scenarioNamed(name),
    boundMs: 1000,
    connect,
    inClient: (argv) => lab.inClient(argv),
    injector: labInjector(lab.faults, () => lab.nodes()),
    signal,
  });
  try {
    await drill.prepare();
    for (let run = 1; run <= options.n; run++) {
      const step = await drill.step({ victim: 'holder' });
      say(`${name} ${run}: ${step.node}, held by ${step.holderAfter} then`);
    }
    const { result } = await drill.finish();
    for (const step of result.steps) for (const why of step.reasons) say(`${name} of ${step.node}: ${why}`);
    return result.steps;
  } finally {
    await drill.close();
  }
}

async function failoverFigures(bench: BenchCluster, signal: AbortSignal): Promise<void> {
  const { lease } = bench.cluster.timings;
  const doubles: number[] = [];
  for (const name of scenarios) {
    if (!options.wants(name)) continue;
    const steps = await runs(bench, name, signal);
    const udp = steps.map((step) => step.outageMs.udp ?? Number.POSITIVE_INFINITY);
    doubles.push(...steps.map((step) => step.doubleHolderMs));
    if (name === 'switchover') {
      figures.push(
        { name: 'switchover: outage', unit: 'ms', values: udp, goal: { median: 20 } },
        {
          name: 'switchover: failed requests',
          unit: '',
          values: steps.map((step) => step.failedRequests),
          goal: { max: 0 },
        },
      );
      continue;
    }
    figures.push({ name: `${name}: outage`, unit: 'ms', values: udp, goal: { median: 500 } });
    const silent = steps.flatMap((step) => (step.phases.silent === null ? [] : [step.phases.silent]));
    if (name === 'kill') figures.push({ name: 'kill: silent after', unit: 'ms', values: silent, goal: { max: lease } });
  }
  figures.push({ name: 'double holder', unit: 'ms', values: doubles, goal: { max: 0 } });
}

const interrupt = new AbortController();
process.on('SIGINT', () => interrupt.abort()).on('SIGTERM', () => interrupt.abort());
if (options.wants('version')) figures.push(versionFigure());
if ([...scenarios, 'idle'].some(options.wants)) {
  await withCluster(say, interrupt.signal, async (bench) => {
    if (options.wants('idle')) await idleFigures(bench);
    if (scenarios.some(options.wants)) await failoverFigures(bench, interrupt.signal);
  });
}
process.exitCode = finishBench('failover', figures, options);
