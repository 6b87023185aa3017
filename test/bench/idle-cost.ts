/** What musterd costs on a node where nothing happens: memory and processor time, its helper processes included. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterAccess } from '../../src/drill/cluster-access.ts';

/** Prints `PID PPID TICKS RSS_PAGES` of every process. Fields 14 to 17 of proc(5)'s stat: user and system time. */
const allProcesses = `for file in /proc/[0-9]*/stat; do
  sed 's/^\\([0-9]*\\) (.*) /\\1 /' "$file" 2>/dev/null | awk '{print $1, $3, $13 + $14, $23}'
done; getconf CLK_TCK; getconf PAGESIZE`;

interface Usage {
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

/** The processor time and memory of a process and all its descendants, now. */
async function usageOf(access: ClusterAccess, node: string, pid: number): Promise<Usage> {
  const lines = (await access.must(node, 'read its processes', allProcesses)).trim().split('\n');
  const [ticksPerSecond, pageSize] = lines.slice(-2).map(Number) as [number, number];
  const processes = lines.slice(0, -2).map((line) => line.split(' ').map(Number) as [number, number, number, number]);
  const family = new Set([pid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [own, parent] of processes) {
      if (family.has(parent) && !family.has(own)) {
        family.add(own);
        grown = true;
      }
    }
  }
  const ours = processes.filter(([own]) => family.has(own));
  const ticks = ours.reduce((sum, one) => sum + one[2], 0);
  const pages = ours.reduce((sum, one) => sum + one[3], 0);
  return { cpuSeconds: ticks / ticksPerSecond, rssMb: (pages * pageSize) / 1e6 };
}

async function mainPid(access: ClusterAccess, node: string): Promise<number> {
  return Number(await access.must(node, 'find musterd', 'systemctl show --property MainPID --value musterd'));
}

/** Resident memory of a Node process that only waits, on the same node, in MB. */
async function bareNodeMb(access: ClusterAccess, node: string): Promise<number> {
  const start = 'nohup node -e "setInterval(() => {}, 1000)" >/dev/null 2>&1 & echo $!';
  const pid = Number(await access.must(node, 'start a bare Node process', start));
  try {
    await sleep(1500);
    return (await usageOf(access, node, pid)).rssMb;
  } finally {
    await access.run(node, `kill ${pid}`);
  }
}

export interface IdleCost {
  /** Percent of one core. */
  readonly cpuPercent: number;
  /** Megabytes above a bare Node process. */
  readonly rssAboveBareMb: number;
}

export async function idleCost(access: ClusterAccess, node: string, seconds: number): Promise<IdleCost> {
  const bare = await bareNodeMb(access, node);
  const pid = await mainPid(access, node);
  const before = await usageOf(access, node, pid);
  const start = performance.now();
  await sleep(seconds * 1000);
  const after = await usageOf(access, node, pid);
  const elapsed = (performance.now() - start) / 1000;
  return {
    cpuPercent: (100 * (after.cpuSeconds - before.cpuSeconds)) / elapsed,
    rssAboveBareMb: after.rssMb - bare,
  };
}
