/**
 * npm run bench:failover [-- -n 20] [--only plug-pull,ipv6,resources,keepalived] [--soak 30m] [--json FILE] [--check]
 *
 * Failover on one lab: how long a user is without service when the node that holds the address fails in one way or
 * another, that never two nodes hold it at once, what a heal costs, and what musterd costs when nothing happens; beside it
 * keepalived and heartbeat, on the same machines under the same probes. On a second lab: what a group of five resources
 * takes beside that. `--soak` alone runs the soak and nothing else.
 */
import { spawnSync } from 'node:child_process';
import { completeTimings } from '../../src/model/defaults.ts';
import { type BenchCluster, inventoryHolding, inventoryWith, muster, withLab } from './cluster.ts';
import { type Contender, heartbeat, installOthers, keepalived, musterd } from './contenders.ts';
import { type FaultName, faults } from './faults.ts';
import type { Figure } from './figures.ts';
import { idleCosts } from './idle-cost.ts';
import { benchOptions, finishBench } from './options.ts';
import { resourceFigures } from './resources.ts';
import { arbiterFigures, fastFigures, idleFigures, musterdFigures, otherFigures } from './rows.ts';
import { soakFigures } from './soak.ts';
import { runTrials } from './trials.ts';

const names = Object.keys(faults) as FaultName[];
const others = ['keepalived', 'heartbeat'] as const;
const onOneLab = ['idle', ...names, 'fast', 'ipv6', 'arbiter', ...others];
const options = benchOptions(['version', ...onOneLab, 'resources'], 20);
/** Musterd is left alone for a while first: what it costs is what it costs all day, not while its code is being compiled. */
const idle = { settle: 20, seconds: 20, rounds: 3 };
/** Faults that show two holders with others, and what a heal costs there: a few are enough to see it. */
const fewOthers = Math.min(options.n, 3);
/** A lab of its own, on which nothing but this is measured: half of the usual number says it. */
const fewResources = Math.min(options.n, 10);
const requestIntervalMs = 2;
const address6 = 'fd77::100';

const began = performance.now();
const interrupt = new AbortController();
process.on('SIGINT', () => interrupt.abort()).on('SIGTERM', () => interrupt.abort());
const figures: Figure[] = [];
const say = (line: string): void => {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
};

function versionFigure(): Figure {
  const values = Array.from({ length: Math.max(10, options.n) }, () => {
    const start = performance.now();
    const { status } = spawnSync(process.execPath, [muster, '--version'], { stdio: 'ignore' });
    if (status !== 0) throw new Error(`muster --version ended with ${status}`);
    return performance.now() - start;
  });
  return { name: 'muster --version', unit: 'ms', values, goal: { median: 150 } };
}

/** One part; where it fails, the others still run, and its figure says so by having no value. */
async function part(name: string, work: () => Promise<readonly Figure[]>): Promise<void> {
  try {
    figures.push(...(await work()));
  } catch (error) {
    interrupt.signal.throwIfAborted();
    say(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    figures.push({ name: `${name}: could not be measured`, unit: '', values: [], goal: { max: 0 } });
  }
}

async function measureIdle(bench: BenchCluster, contender: Contender): Promise<readonly Figure[]> {
  const machines = await bench.lab.nodes();
  const addresses = Object.fromEntries(machines.map(({ name, address }) => [name, address]));
  const costs = await idleCosts(bench.access, addresses, completeTimings({}).keepalive, idle);
  const seen = await contender.whole();
  return idleFigures(costs, 'holder' in seen ? seen.holder : '');
}

async function measureMusterd(bench: BenchCluster): Promise<void> {
  const contender = musterd(bench, 'musterd', inventoryWith(''));
  const wanted = names.filter(options.wants);
  if (wanted.length > 0 || options.wants('idle')) await contender.start();
  if (options.wants('idle')) await part('idle', () => measureIdle(bench, contender));
  for (const name of wanted) {
    const requests = name === 'switchover' ? requestIntervalMs : undefined;
    await part(name, async () => {
      const steps = await runTrials(bench, contender, faults[name], { n: options.n, requestIntervalMs: requests });
      return musterdFigures('musterd', name, steps);
    });
  }
  const plug = faults['plug-pull'];
  if (options.wants('fast')) {
    const fast = musterd(bench, 'profile fast', inventoryWith('  profile: fast\n'));
    await fast.start();
    await part('fast', async () => fastFigures(await runTrials(bench, fast, plug, { n: options.n })));
  }
  if (options.wants('ipv6')) {
    const inventory = inventoryHolding([`'IPv6addr::${address6}/64/eth0'`], false);
    const ipv6 = musterd(bench, 'IPv6', inventory, { address: address6 });
    await part('ipv6', async () => {
      await ipv6.start();
      return musterdFigures(ipv6.name, 'plug-pull', await runTrials(bench, ipv6, plug, { n: options.n }));
    });
  }
}

/** The third node only votes, and is far away from the other two. */
async function measureArbiter(bench: BenchCluster): Promise<readonly Figure[]> {
  const [arbiter, ...nodes] = [...bench.nodes].reverse() as [string, ...string[]];
  const far = { delayMs: 100, jitterMs: 0, loss: 0 };
  await bench.lab.faults.slow(nodes, [arbiter], far);
  await bench.lab.faults.slow([arbiter], nodes, far);
  const lines = `  nodes: [${nodes.join(', ')}]\n  arbiters: ${arbiter}\n  arbiter_round_trip: 200ms\n`;
  // A web server so far away would not answer within the time of the lab's checks.
  const inventory = inventoryWith(lines).replace('web: node[1-3]', `web: [${nodes.join(', ')}]`);
  const contender = musterd(bench, 'musterd with an arbiter', inventory, { nodes });
  await contender.start();
  const steps = await runTrials(bench, contender, faults['plug-pull'], { n: options.n });
  const { bound } = await bench.access.status(nodes[0]!);
  if (bound === null) throw new Error('status says no bound');
  return arbiterFigures(steps, bound.totalMs);
}

async function measureResources(): Promise<readonly Figure[]> {
  let measured: readonly Figure[] = [];
  const measure = async (bench: BenchCluster): Promise<void> => {
    measured = await resourceFigures(bench, fewResources);
  };
  await withLab(say, interrupt.signal, measure, 64);
  return measured;
}

async function measureOthers(bench: BenchCluster): Promise<void> {
  if (!others.some(options.wants)) return;
  // On a lab of its own they would be beside other machines; musterd's gate and address must be gone from these.
  const before = musterd(bench, 'musterd', inventoryWith(''));
  await before.start();
  await installOthers(bench);
  await before.stop();
  const contenders = [
    ...(options.wants('keepalived') ? [1, 0.1, 0.05].map((interval) => keepalived(bench, interval)) : []),
    ...(options.wants('heartbeat') ? [heartbeat(bench)] : []),
  ];
  const measure = async (contender: Contender): Promise<readonly Figure[]> => {
    await contender.start();
    for (const name of ['plug-pull', 'freeze', 'partition'] as const) {
      if (name !== 'plug-pull' && !options.wants(name)) continue;
      const n = name === 'plug-pull' ? options.n : fewOthers;
      await part(`${contender.name}, ${name}`, async () =>
        otherFigures(contender.name, name, await runTrials(bench, contender, faults[name], { n })),
      );
    }
    await contender.stop();
    return [];
  };
  for (const contender of contenders) await part(contender.name, () => measure(contender));
}

try {
  if (options.soak === undefined && options.wants('version')) figures.push(versionFigure());
  if (options.soak !== undefined || onOneLab.some(options.wants))
    await withLab(say, interrupt.signal, async (bench) => {
      if (options.soak !== undefined) {
        figures.push(...(await soakFigures(bench, options.soak)));
        return;
      }
      await measureMusterd(bench);
      await measureOthers(bench);
      // Last, as it makes another cluster of the same machines.
      if (options.wants('arbiter')) await part('arbiter', () => measureArbiter(bench));
    });
  // Not beside the others: to cut a machine off from a shared volume takes processor time in the very moment of a failover.
  if (options.soak === undefined && options.wants('resources')) await part('resources', () => measureResources());
} catch (error) {
  // Half an hour of figures is not lost for what fails at its end.
  if (interrupt.signal.aborted) say('interrupted: what was measured until then');
  else {
    say(`ended early: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    figures.push({ name: 'the rest: could not be measured', unit: '', values: [], goal: { max: 0 } });
  }
}
figures.push({
  name: 'what this benchmark took in all',
  unit: 'min',
  values: [(performance.now() - began) / 60_000],
  goal: options.whole ? { max: 40 } : {},
});
const code = finishBench('failover', figures, options);
process.exitCode = interrupt.signal.aborted ? 130 : code;
