/**
 * A group of five resources (an address, a file system, two services, ldirectord) whose node loses its power: how long until
 * all of it runs elsewhere, and how much of that is musterd's own. What the agents take they write down themselves.
 */
import { join } from 'node:path';
import { statusesOf } from '../../src/drill/cluster-health.ts';
import type { StepResult } from '../../src/drill/judge.ts';
import { monotonicMs } from '../../src/drill/probe/clock.ts';
import { must } from '../../src/lab/command.ts';
import { sharedVolume, volumeFile } from '../../src/lab/names.ts';
import type { NodeName } from '../../src/model/names.ts';
import { type BenchCluster, inventoryHolding, root } from './cluster.ts';
import { type Contender, musterd } from './contenders.ts';
import { faults } from './faults.ts';
import type { Figure } from './figures.ts';
import { runTrials } from './trials.ts';

/** What comes of the five that musterd itself is, or has in the gate, needs no agent. */
const count = 5;
const agents = 3;
const provider = '/usr/lib/ocf/resource.d/bench';
const log = '/var/log/bench-agents';

/** What a start takes from the agent's first instruction to its last, in nanoseconds of the wall clock. */
const timed = (work: string): string => `#!/bin/sh
[ "$1" != start ] || from=$(date +%s%N)
${work}
rc=$?
[ "$1" != start ] || echo "$from $(date +%s%N)" >>${log}
exit $rc
`;
const mount = timed('/usr/lib/ocf/resource.d/heartbeat/Filesystem "$@"');
const service = timed(`case $1 in
  monitor) systemctl -q is-active "$OCF_RESKEY_unit" || exit 7 ;;
  *) systemctl "$1" "$OCF_RESKEY_unit" ;;
esac`);

const resources = [
  '10.77.0.100/24/eth0',
  `'ocf:bench:Mount::device=${sharedVolume}::directory=/srv/bench::fstype=ext4'`,
  "'ocf:bench:Service::unit=bench@one.service'",
  "'ocf:bench:Service::unit=bench@two.service'",
  'ldirectord',
];
const inventory = inventoryHolding(resources);

function file(path: string, text: string): string {
  return `cat >${path} <<'END'\n${text}END\nchmod 755 ${path}\n`;
}

async function prepare(bench: BenchCluster): Promise<void> {
  await must(['mke2fs', '-q', '-t', 'ext4', volumeFile(bench.lab.paths)]);
  await bench.muster(inventory, 'play', join(root, 'test/bench/agents.yml'), '-y');
  const program = `mkdir -p ${provider}
${file(`${provider}/Mount`, mount)}${file(`${provider}/Service`, service)}
${file('/etc/systemd/system/bench@.service', '[Service]\nExecStart=/bin/sleep infinity\n')}
systemctl daemon-reload`;
  await Promise.all(bench.nodes.map((node) => bench.access.must(node, 'prepare agents', program)));
}

/** Whole is only where all of it runs. */
function withResources(bench: BenchCluster, contender: Contender): Contender {
  return {
    ...contender,
    whole: async () => {
      const seen = await contender.whole();
      if ('wrong' in seen) return seen;
      const status = statusesOf(await bench.access.views([seen.holder]))[0];
      const states = status?.groups[0]?.resources?.map(({ state }) => state) ?? [];
      return states.length === agents && states.every((state) => state === 'running')
        ? seen
        : { wrong: `${seen.holder} has ${states.join(', ')}` };
    },
  };
}

interface Start {
  /** Milliseconds, monotonic. */
  readonly from: number;
  readonly to: number;
}

async function startsOn(bench: BenchCluster, node: NodeName): Promise<Start[]> {
  const offset = Date.now() - monotonicMs();
  const { stdout } = await bench.access.run(node, `cat ${log} 2>/dev/null; true`);
  return stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [from, to] = line.split(' ').map((text) => Number(text) / 1e6 - offset);
      return { from: from!, to: to! };
    });
}

interface Takeover {
  readonly totalMs: number;
  readonly agentsMs: number;
  /** What is neither the failover's nor the agents', for each of the five. */
  readonly eachMs: number;
}

async function takeoverOf(bench: BenchCluster, step: StepResult): Promise<Takeover> {
  const all = await startsOn(bench, step.holderAfter!);
  const starts = all.filter(({ from }) => from > step.injectedMs && from < step.endMs);
  if (starts.length !== agents) throw new Error(`${step.holderAfter} started ${starts.length} of ${agents} resources`);
  const totalMs = Math.max(...starts.map(({ to }) => to)) - step.injectedMs;
  const agentsMs = starts.reduce((sum, { from, to }) => sum + to - from, 0);
  const failoverMs = step.outageMs.udp ?? Number.POSITIVE_INFINITY;
  return { totalMs, agentsMs, eachMs: Math.max(0, totalMs - failoverMs - agentsMs) / count };
}

/** Its figures; the lab must have a shared volume. */
export async function resourceFigures(bench: BenchCluster, n: number): Promise<readonly Figure[]> {
  await prepare(bench);
  const contender = withResources(bench, musterd(bench, 'five resources', inventory));
  await contender.start();
  const steps = await runTrials(bench, contender, faults['plug-pull'], { n });
  const takeovers = await Promise.all(steps.map((step) => takeoverOf(bench, step)));
  const name = 'five resources, plug-pull';
  const values = (of: (takeover: Takeover) => number): number[] => takeovers.map(of);
  const failover = steps.map((step) => step.outageMs.udp ?? Number.POSITIVE_INFINITY);
  return [
    { name: `${name}: until all runs`, unit: 'ms', values: values(({ totalMs }) => totalMs), goal: {} },
    { name: `${name}: outage of the address`, unit: 'ms', values: failover, goal: {} },
    { name: `${name}: the agents' own time`, unit: 'ms', values: values(({ agentsMs }) => agentsMs), goal: {} },
    {
      name: `${name}: what else a resource takes`,
      unit: 'ms',
      values: values(({ eachMs }) => eachMs),
      goal: { max: 50 },
    },
    { name: `${name}: double holder`, unit: 'ms', values: steps.map((step) => step.doubleHolderMs), goal: { max: 0 } },
  ];
}
