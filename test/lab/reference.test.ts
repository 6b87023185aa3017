import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClusterAccess } from '../../src/drill/cluster-access.ts';
import { labTarget } from '../../src/lab/dial.ts';
import { connect } from '../../src/remote/connection.ts';
import { writePrograms } from './reference/agents.ts';
import { differences } from './reference/differences.ts';
import { Pair, type Place } from './reference/pair.ts';
import { heartbeat, musterd } from './reference/products.ts';
import { type Story, stories } from './reference/stories.ts';
import { ended, useLab } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const inventory = `defaults: { user: root, connection: lab }
hosts:
  node[1-5]: { address: '10.77.0.[11-15]' }
groups:
  ours: node[1-2]
  theirs: node[4-5]
  web: []
cluster:
  name: linux-ha
  nodes: ours
  arbiters: node3
  links: [bcast eth0]
  timings: { keepalive: 200ms, deadtime: 2s, warntime: 1s, initdead: 8s }
  groups:
    web: { preferred: node1, resources: [10.77.0.100/24/eth0] }
`;

/** heartbeat does not start by itself. Its agent IPaddr wants ifconfig, and Filesystem modprobe and fuser. */
const packages = `- hosts: ours
  become: true
  tasks:
    - name: the agents of heartbeat's collection
      package: { name: [resource-agents, kmod, psmisc] }

- hosts: theirs
  become: true
  tasks:
    - name: the real heartbeat
      package: { name: [heartbeat, net-tools, kmod, psmisc] }
    - name: it is off
      service: { name: heartbeat, state: stopped, enabled: false }
`;

/** What heartbeat and musterd are told alike; musterd may do otherwise where that is written down, and nowhere else. */
async function tell(pair: Pair, story: Story): Promise<void> {
  await pair.begin(story);
  for (const stage of story.stages) {
    const other = pair.product === musterd ? differences.find(({ stage: name }) => name === stage.name) : undefined;
    const { rest, done } = other ?? stage;
    try {
      await stage.act(pair);
      const seen = await pair.rests(rest, stage.isLong === true);
      if (done !== undefined) assert.deepEqual(seen, done);
    } catch (error) {
      throw new Error(`${pair.product.name}, ${stage.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/**
 * Debian's heartbeat on two machines and musterd on two others, with the same files in /etc/ha.d, are told the same
 * stories at the same time. The switch keeps them apart, as they have the same names and addresses.
 */
// Some minutes: with the full counts (tools/test.mjs), or where somebody asks for it.
if (process.env.MUSTER_FULL !== '0')
  describe('the real heartbeat as a reference: who runs what at rest is the same, or the difference is written down', function () {
    this.timeout(1_200_000);
    const lab = useLab({ nodes: 5 });
    const folder = mkdtempSync(join(tmpdir(), 'muster-reference-'));
    let access: ClusterAccess;
    let pairs: readonly Pair[];

    async function muster(...args: string[]): Promise<void> {
      const file = join(folder, 'inventory.yml');
      writeFileSync(file, inventory);
      const env = { ...process.env, MUSTER_LAB: lab().paths.name, XDG_STATE_HOME: join(folder, 'state') };
      const argv = [join(root, 'dist/muster.js'), ...args, '-i', file];
      const { rc, output } = await ended(
        spawn(process.execPath, argv, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }),
      );
      assert.equal(rc, 0, output);
    }

    before(async () => {
      const machines = new Map((await lab().nodes()).map((node) => [node.name, node]));
      access = new ClusterAccess([...machines.keys()], (name) => connect(labTarget(lab().paths, machines.get(name)!)));
      const ours = ['node1', 'node2', 'node3'];
      const theirs = ['node4', 'node5'];
      await lab().faults.cut(ours, theirs);
      await lab().faults.cut(theirs, ours);
      await muster('provision');
      const play = join(folder, 'packages.yml');
      writeFileSync(play, packages);
      await muster('play', play, '-y');
      const place: Place = { lab: lab(), access, machines: { node1: 'node1', node2: 'node2' }, arbiter: 'node3' };
      pairs = [
        new Pair(heartbeat, { ...place, machines: { node1: 'node4', node2: 'node5' } }),
        new Pair(musterd, place),
      ];
      await Promise.all(pairs.map((pair) => pair.prepare(writePrograms())));
    });
    after(() => {
      access?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    for (const story of stories)
      it(story.name, async () => {
        const ends = await Promise.allSettled(pairs.map((pair) => tell(pair, story)));
        const why = ends.flatMap((end) => (end.status === 'rejected' ? [(end.reason as Error).message] : []));
        if (why.length > 0) assert.fail(why.join('\n'));
      });
  });
