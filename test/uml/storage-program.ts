/** Runs in the guest: musterd's part for a file system on a volume group on a mirror of two disks, by Debian's own agents. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GroupPhase } from '../../src/core/resources/event.ts';
import { parseHaresources } from '../../src/linux-ha/haresources.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { ResourceKeeper } from '../../src/supervisor/resources/keeper.ts';
import { type AgentPlaces, agentPlaces } from '../../src/supervisor/resources/locate.ts';
import { ResourceOperations } from '../../src/supervisor/resources/operations.ts';
import { groupSetups, runnableResources } from '../../src/supervisor/resources/runnable.ts';
import { tell } from './scsi-node.ts';

const line = 'node1 Raid1::/mnt/mdadm.conf::/dev/md0 LVM::shop Filesystem::/dev/shop/data::/mnt/srv::ext4';
const name = 'shop';
const note = '/mnt/srv/note';
const groups = parseHaresources(line).map((group) => ({ ...group, name }));
const defaults = { startTimeout: 90_000, stopTimeout: 90_000, monitorTimeout: 60_000, monitorInterval: 2000 };
const cluster = { groups, resources: { defaults, groups: {} } } as unknown as Cluster;
const runnable = runnableResources(cluster);

interface Life {
  readonly keeper: ResourceKeeper;
  /** What was started and stopped, and what was said. */
  readonly done: readonly string[];
  readonly said: readonly string[];
  readonly phase: (wanted: GroupPhase) => Promise<void>;
}

/** A musterd's life, begun: it has looked at everything. */
async function begin(places: AgentPlaces): Promise<Life> {
  const done: string[] = [];
  const said: string[] = [];
  const operations = new ResourceOperations({
    groups: runnable,
    node: 'node1',
    // As lines of ha.cf give it to all that musterd starts: no udev runs here.
    environment: { DM_DISABLE_UDEV: '1', LVM_SYSTEM_DIR: '/mnt/lvm' },
    directory: '/run/musterd',
    places,
    onDone: (id, outcome) => keeper.done(id, outcome),
  });
  const keeper = new ResourceKeeper({
    groups: groupSetups(cluster, runnable),
    now: () => performance.now(),
    run: (operation) => {
      const { action, index } = operation;
      if (action === 'start' || action === 'stop') done.push(`${action} ${runnable.get(name)![index]!.name}`);
      operations.run(operation);
    },
    cancel: (id) => operations.cancel(id),
    onStanding: () => {},
    onGiveUp: (_, why) => said.push(`gives up: ${why}`),
    onFence: (_, why) => said.push(`fence: ${why}`),
    say: (_, why) => said.push(why),
  });
  mkdirSync('/run/musterd', { recursive: true });
  await operations.recover();
  keeper.start();
  const phase = async (wanted: GroupPhase): Promise<void> => {
    for (const until = performance.now() + 240_000; keeper.phaseOf(name) !== wanted; await sleep(50))
      if (performance.now() > until) throw new Error(`${keeper.phaseOf(name)}, not ${wanted}: ${said.join('; ')}`);
  };
  return { keeper, done, said, phase };
}

/** What the kernel has of it. */
function there(): readonly boolean[] {
  const mounted = readFileSync('/proc/mounts', 'utf8').includes(' /mnt/srv ext4 ');
  const volumes = existsSync('/dev/mapper') ? readdirSync('/dev/mapper').filter((one) => one !== 'control') : [];
  return [/^md0 : active/m.test(readFileSync('/proc/mdstat', 'utf8')), volumes.length > 0, mounted];
}

async function live(way: string, places: AgentPlaces): Promise<void> {
  const first = await begin(places);
  await first.phase('stopped');
  tell(`${way}, at first`, there());
  first.keeper.want(name, 'run');
  await first.phase('running');
  tell(`${way}, started`, [...first.done, ...there()]);
  tell(`${way}, the note`, existsSync(note) ? readFileSync(note, 'utf8') : '');
  writeFileSync(note, way);
  first.keeper.stop();

  const next = await begin(places);
  await next.phase('running');
  next.keeper.want(name, 'run');
  // Some looks of each agent at what runs.
  await sleep(10_000);
  tell(`${way}, found again`, next.done);
  if (way === 'scripts') {
    execFileSync('mdadm', ['/dev/md0', '--fail', '/dev/sdb'], { stdio: 'ignore' });
    await sleep(10_000);
    tell('with half a mirror', [...next.done, ...there(), next.keeper.failures(name).length]);
  }
  next.keeper.want(name, 'stop');
  await next.phase('stopped');
  tell(`${way}, stopped`, [...next.done, ...there()]);
  tell(
    `${way}, trouble`,
    [...first.said, ...next.said].filter((why) => !why.endsWith(' runs already')),
  );
  next.keeper.stop();
}

async function main(): Promise<void> {
  await live('agents', { ...agentPlaces, heartbeat: '/nowhere' });
  await live('scripts', agentPlaces);
}

main().then(
  () => process.exit(0),
  (error) => {
    tell('error', String((error as Error).stack));
    process.exit(1);
  },
);
