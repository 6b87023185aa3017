/** What musterd costs on a node where nothing happens, beside a bare Node loop that sends and checks the same beats. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterAccess } from '../../src/drill/cluster-access.ts';
import type { NodeName } from '../../src/model/names.ts';

/**
 * Arguments: own port, milliseconds between two beats, peers. As many as musterd sends and receives (two each
 * way between two beats), each of 150 bytes, which is the mean of musterd's (a beat 118, a renewal 183, its answer 150), with
 * an HMAC-SHA256 cut to 16, made and checked: what nobody can do without who sends authenticated heartbeats from Node.
 */
const bareLoop = `const { createHmac, timingSafeEqual } = require('node:crypto');
const [port, every, ...peers] = process.argv.slice(1);
const key = 'k'.repeat(32), tagOf = (bytes) => createHmac('sha256', key).update(bytes).digest().subarray(0, 16);
const socket = require('node:dgram').createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) });
socket.on('message', (bytes) => {
  if (!timingSafeEqual(tagOf(bytes.subarray(0, -16)), bytes.subarray(-16))) process.exit(1);
});
const beat = () => {
  for (const peer of peers) {
    const body = Buffer.alloc(134, peer);
    socket.send(Buffer.concat([body, tagOf(body)]), Number(port), peer);
  }
};
const begin = () => {
  const timer = setInterval(beat, Number(every));
  setTimeout(() => { clearInterval(timer); setTimeout(begin, Math.random() * Number(every)); }, 2000);
};
socket.bind(Number(port), begin);`;
const bareLoopPort = 7690;

/**
 * Prints \`CPU_NS RSS_KB PSS_KB\` of each process in the arguments, and of all that it started: one line for the process,
 * one for its descendants together. sched(7)'s schedstat counts nanoseconds, where stat has ticks of 10 ms.
 */
const usageProgram = `my (%parent, %family); opendir(my $proc, '/proc');
for my $pid (grep { /^[0-9]+$/ } readdir $proc) { open(my $f, '<', "/proc/$pid/stat") or next; my $s = <$f>; $parent{$pid} = $1 if $s =~ /.*\\) \\S (\\d+)/ }
sub usage { my ($cpu, $rss, $pss) = (0, 0, 0);
  for my $pid (@_) { for my $file (glob("/proc/$pid/task/*/schedstat")) { open(my $f, '<', $file) or next; $cpu += (split ' ', <$f>)[0] }
    open(my $f, '<', "/proc/$pid/smaps_rollup") or next; while (<$f>) { $rss += $1 if /^Rss:\\s+(\\d+)/; $pss += $1 if /^Pss:\\s+(\\d+)/ } }
  print "$cpu $rss $pss\\n" }
for my $root (@ARGV) { usage($root); my @found = ($root);
  for (my $i = 0; $i < @found; $i++) { push @found, grep { $parent{$_} == $found[$i] } keys %parent } shift @found; usage(@found) }`;

interface Usage {
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly pssMb: number;
}

interface Family {
  readonly own: Usage;
  readonly helpers: Usage;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

async function usagesOf(access: ClusterAccess, node: NodeName, pids: readonly number[]): Promise<Family[]> {
  const said = await access.must(node, 'read its processes', `perl -e ${quoted(usageProgram)} ${pids.join(' ')}`);
  const lines = said
    .trim()
    .split('\n')
    .map((line): Usage => {
      const [cpu, rss, pss] = line.split(' ').map(Number) as [number, number, number];
      return { cpuMs: cpu / 1e6, rssMb: (rss * 1024) / 1e6, pssMb: (pss * 1024) / 1e6 };
    });
  return pids.map((_, index) => ({ own: lines[2 * index]!, helpers: lines[2 * index + 1]! }));
}

export interface IdleCost {
  readonly node: NodeName;
  /** Percent of one core, the helpers included; and of the bare loop beside it. */
  readonly cpuPercent: number;
  readonly bareCpuPercent: number;
  /** Resident megabytes: of musterd's own process, of its helpers, and of a Node process that only waits. */
  readonly rssMb: number;
  readonly helpersRssMb: number;
  readonly helpersPssMb: number;
  readonly bareRssMb: number;
}

const start = (command: string): string => `nohup ${command} >/dev/null 2>&1 & echo $!`;

/**
 * Measures all nodes at once, `rounds` times `seconds`, the bare loops running all the while on the same nodes.
 * `addresses` are the nodes' own, `beat` the milliseconds between two of musterd's beats.
 */
export async function idleCosts(
  access: ClusterAccess,
  addresses: Readonly<Record<NodeName, string>>,
  beat: number,
  { rounds, seconds, settle }: { readonly rounds: number; readonly seconds: number; readonly settle: number },
): Promise<readonly IdleCost[]> {
  const nodes = Object.keys(addresses);
  const onAll = <T>(work: (node: NodeName) => Promise<T>): Promise<T[]> => Promise.all(nodes.map(work));
  const pids = await onAll(async (node) => {
    const peers = nodes.filter((other) => other !== node).map((other) => addresses[other]!);
    const loop = `node -e ${quoted(bareLoop)} ${bareLoopPort} ${beat} ${peers.join(' ')}`;
    const musterd = await access.must(node, 'find musterd', 'systemctl show --property MainPID --value musterd');
    const bare = await access.must(node, 'start a bare loop', start(loop));
    const waiting = await access.must(node, 'start a bare process', start('node -e "setInterval(() => {}, 1000)"'));
    return [musterd, bare, waiting].map(Number);
  });
  const read = (): Promise<Family[][]> => onAll((node) => usagesOf(access, node, pids[nodes.indexOf(node)]!));
  try {
    await sleep(settle * 1000);
    const costs: IdleCost[] = [];
    for (let round = 0; round < rounds; round++) {
      const since = performance.now();
      const before = await read();
      await sleep(seconds * 1000);
      const after = await read();
      const elapsed = performance.now() - since;
      for (const [index, node] of nodes.entries()) {
        const [musterd, bare, waiting] = after[index] as [Family, Family, Family];
        const percent = (which: number): number => {
          const spent = (family: Family): number => family.own.cpuMs + family.helpers.cpuMs;
          return (100 * (spent(after[index]![which]!) - spent(before[index]![which]!))) / elapsed;
        };
        costs.push({
          node,
          cpuPercent: percent(0),
          bareCpuPercent: percent(1),
          rssMb: musterd.own.rssMb,
          helpersRssMb: musterd.helpers.rssMb,
          helpersPssMb: musterd.helpers.pssMb,
          bareRssMb: waiting.own.rssMb,
        });
        if (bare.own.cpuMs === 0) throw new Error(`${node}: the bare loop did not run`);
      }
    }
    return costs;
  } finally {
    await onAll((node) => access.run(node, `kill ${pids[nodes.indexOf(node)]!.slice(1).join(' ')}`));
  }
}
