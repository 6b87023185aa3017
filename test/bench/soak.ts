/** Hours of nothing, on purpose: the fast profile beside processes that want every processor, and nobody may fail over. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEcho } from '../../src/drill/echo.ts';
import { Observer } from '../../src/drill/observe.ts';
import { outagesOf } from '../../src/drill/outage.ts';
import { monotonicMs } from '../../src/drill/probe/clock.ts';
import type { Status } from '../../src/wire/status.ts';
import { type BenchCluster, inventoryWith } from './cluster.ts';
import { musterd } from './contenders.ts';
import type { Figure } from './figures.ts';

const busyProcesses = 4;
const echoPort = 7695;
const intervalMs = 20;
const lookMs = 30_000;

/** Moves and losses that any node counted, the least that was left of a lease when it was renewed, and what clients saw. */
export async function soakFigures(bench: BenchCluster, milliseconds: number): Promise<Figure[]> {
  const { access, nodes, say, signal } = bench;
  const contender = musterd(bench, 'profile fast', inventoryWith('  profile: fast\n'));
  await contender.start();
  const { address } = contender;
  await Promise.all(nodes.map((node) => access.must(node, 'start the responder', startEcho(address, echoPort, node))));
  await sleep(5000, undefined, { signal });
  const datagrams = { address, port: echoPort, intervalMs, timeoutMs: 900 };
  const observer = new Observer({ datagrams }, (argv) => bench.lab.inClient(argv));
  const busy: ChildProcess[] = [];
  try {
    await observer.ready;
    const before = await counted(bench);
    const startMs = monotonicMs();
    for (let i = 0; i < busyProcesses; i++) busy.push(spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
    for (let left = milliseconds; left > 0; left -= lookMs) {
      await sleep(Math.min(left, lookMs), undefined, { signal });
      const now = await counted(bench);
      const minutes = ((monotonicMs() - startMs) / 60_000).toFixed(1);
      say(
        `${minutes} min: ${now.moves - before.moves} failovers, least left of a lease ${now.leastLeft.toFixed(1)} ms`,
      );
    }
    const after = await counted(bench);
    const endMs = monotonicMs();
    for (const process of busy) process.kill('SIGKILL');
    await sleep(1000);
    const seen = await observer.stop();
    const samples = seen.datagrams.map(({ sentMs, answeredMs }) => ({ atMs: sentMs, ok: answeredMs !== null }));
    const outages = outagesOf(samples, intervalMs, { fromMs: startMs, toMs: endMs });
    const longest = Math.max(0, ...outages.map(({ lengthMs }) => lengthMs));
    const name = `soak of ${Math.round(milliseconds / 60_000)} min, profile fast, ${busyProcesses} busy processes`;
    return [
      { name: `${name}: failovers`, unit: '', values: [after.moves - before.moves], goal: { max: 0 } },
      { name: `${name}: least left at a renewal`, unit: 'ms', values: [after.leastLeft], goal: {} },
      { name: `${name}: longest outage`, unit: 'ms', values: [longest], goal: {} },
    ];
  } finally {
    for (const process of busy) process.kill('SIGKILL');
    await observer.stop();
  }
}

/** What the nodes count since their start: takeovers and leases lost together, and the closest shave of a renewal. */
async function counted({ access, nodes }: BenchCluster): Promise<{ moves: number; leastLeft: number }> {
  const all: Status[] = await Promise.all(nodes.map((node) => access.status(node)));
  const moves = all.reduce((sum, { counters }) => sum + (counters.takeovers ?? 0) + (counters.lost ?? 0), 0);
  const leastLeft = Math.min(...all.map(({ counters }) => counters.leastLeft ?? Number.POSITIVE_INFINITY));
  return { moves, leastLeft };
}
