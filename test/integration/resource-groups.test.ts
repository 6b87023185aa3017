/** Real musterds that run resources: an agent of the test's own that writes down what it does, and Debian's OCF Dummy. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unpackedPackage } from '../debian/unpacked.ts';
import { journals, oneHolderOf, restored, statusOf, tellFailure } from './supervisor/holders.ts';
import { createCluster, type TestCluster, type TestNode, until } from './supervisor/namespaces.ts';

/** `noted::NAME`: all nodes write into one log, in the order in which things really happen. */
const noted = (root: string): string => `#!/bin/sh
runs="${root}/$HA_CURHOST.$1.runs"
case $2 in
  start|stop) echo "$HA_CURHOST $2 $1" >>"${root}/log" ;;
esac
case $2 in
  start) [ -e "${root}/$HA_CURHOST.$1.broken" ] && exit 1; touch "$runs" ;;
  stop) rm -f "$runs" ;;
  status) [ -e "$runs" ] && echo running || echo stopped ;;
esac
`;

describe('resources of real musterds', function () {
  this.timeout(300_000);
  let cluster: TestCluster;
  let root: string;

  /** An OCF_ROOT with Debian's agents, and its Dummy once more behind something that can make it slow to start. */
  function ocfRoot(): string {
    const debian = existsSync('/usr/lib/ocf/resource.d/heartbeat/Dummy')
      ? '/usr/lib/ocf'
      : join(unpackedPackage('resource-agents'), 'usr/lib/ocf');
    const made = join(root, 'ocf');
    mkdirSync(join(made, 'resource.d/slow'), { recursive: true });
    symlinkSync(join(debian, 'lib'), join(made, 'lib'));
    const dummy = join(made, 'resource.d/slow/Dummy');
    const wait = `[ "$1" = start ] && [ -e "${root}/slow" ] && sleep 5`;
    writeFileSync(dummy, `#!/bin/sh\n${wait}\nexec ${debian}/resource.d/heartbeat/Dummy "$@"\n`);
    chmodSync(dummy, 0o755);
    return made;
  }

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    root = mkdtempSync(join(tmpdir(), 'muster-groups-'));
    cluster = await createCluster({
      files: {
        'muster.yml': `lease: 1s\nresources:\n  defaults: { monitor: 200ms, migration_threshold: 2, failure_timeout: 10m }\n`,
      },
      environment: { OCF_ROOT: ocfRoot() },
    });
    for (const node of cluster.nodes) {
      const agents = join(node.configDir, 'resource.d');
      mkdirSync(agents);
      writeFileSync(join(agents, 'noted'), noted(root));
      chmodSync(join(agents, 'noted'), 0o755);
      // A state file of each node's own: they share one machine here.
      const dummy = `ocf:slow:Dummy::state=${join(root, `${node.name}.dummy`)}`;
      node.configure('haresources', `node1 IPaddr2::10.77.0.100/24/eth0 noted::a ${dummy} noted::b\n`);
      node.start();
    }
  });
  afterEach(function () {
    tellFailure(this, cluster.nodes);
  });
  after(async () => {
    await cluster?.remove();
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
  });

  const log = (): string[] =>
    existsSync(join(root, 'log')) ? readFileSync(join(root, 'log'), 'utf8').trimEnd().split('\n') : [];
  const forget = (): void => rmSync(join(root, 'log'), { force: true });
  const statesOn = (node: TestNode): string[] => statusOf(node)?.groups[0]?.resources?.map(({ state }) => state) ?? [];
  const all = (node: TestNode, state: string) => (): boolean => {
    const states = statesOn(node);
    return states.length === 3 && states.every((one) => one === state);
  };
  const seen = (): string => `${log().join('\n')}\n${journals(cluster.nodes)}`;
  const node = (name: string): TestNode => cluster.nodes.find((one) => one.name === name)!;

  it('start in order where the group is, and nowhere else', async () => {
    const holder = await oneHolderOf(cluster.nodes);
    assert.equal(holder.name, 'node1');
    await until(all(holder, 'running'), seen, 60_000, 100);
    assert.deepEqual(log(), ['node1 start a', 'node1 start b']);
    assert.ok(existsSync(join(root, 'node1.dummy')));
    for (const name of ['node2', 'node3']) assert.deepEqual(statesOn(node(name)), ['stopped', 'stopped', 'stopped']);
    assert.match(holder.musterd('status'), / - noted: running\n {6}- Dummy: running\n {6}- noted-2: running\n/);
  });

  it('stop in reverse before the group is handed over, and only then start elsewhere', async () => {
    forget();
    node('node1').musterd('standby');
    await until(all(node('node2'), 'running'), seen, 60_000, 100);
    assert.deepEqual(log(), ['node1 stop b', 'node1 stop a', 'node2 start a', 'node2 start b']);
    assert.equal(existsSync(join(root, 'node1.dummy')), false);
    node('node1').musterd('online');
  });

  it('that fail to start make the group leave the node, which says why', async () => {
    await restored(cluster.nodes);
    forget();
    writeFileSync(join(root, 'node3.b.broken'), '');
    // node1 takes no part, so that node3 is the next in line.
    node('node1').musterd('standby');
    node('node2').musterd('standby');
    await until(
      () => statusOf(node('node3'))?.groups[0]?.barredOn?.some((one) => one.node === 'node3') === true,
      seen,
      90_000,
      100,
    );
    node('node1').musterd('online');
    await until(all(node('node1'), 'running'), seen, 90_000, 100);
    const [group] = node('node3').status().groups;
    assert.match(group!.barredOn![0]!.why, /^noted-2 failed there 2 times: start: exit code 1/);
    assert.equal(log().filter((line) => line === 'node3 start b').length, 2);
    assert.match(node('node1').musterd('explain'), /node3 +may NOT +it gave it up, as it failed there/);
    rmSync(join(root, 'node3.b.broken'));
    node('node2').musterd('online');
  });

  it('that a killed musterd was starting are waited for, found, and not started twice', async () => {
    const holder = await restored(cluster.nodes);
    for (const other of cluster.nodes) if (other !== holder) other.musterd('standby');
    await until(all(holder, 'running'), seen, 90_000, 100);
    holder.signal('SIGTERM');
    await holder.ended();
    assert.deepEqual(log().slice(-2), [`${holder.name} stop b`, `${holder.name} stop a`]);
    forget();
    // Dummy takes five seconds to start: the kill comes in the middle.
    writeFileSync(join(root, 'slow'), '');
    holder.start();
    const records = join(dirname(holder.configDir), 'run/resources');
    const isBegun = (): boolean =>
      existsSync(records) && readdirSync(records).some((name) => /Dummy.*\.operation$/.test(name));
    await until(isBegun, seen, 60_000);
    holder.signal('SIGKILL');
    await holder.ended();
    const killed = holder.journal.length;
    holder.start();
    const holds = (): boolean => statusOf(holder)?.groups[0]?.gateOpen === true;
    await until(() => all(holder, 'running')() && holds(), seen, 90_000, 100);
    assert.deepEqual(log(), [`${holder.name} start a`, `${holder.name} start b`]);
    // Its journal comes through a pipe, behind what its status says.
    const lately = (): string[] => holder.journal.slice(killed).map(({ why }) => why ?? '');
    await until(() => lately().includes('noted-2: is started'), seen, 60_000);
    const said = lately();
    assert.ok(said.includes('noted runs already') && said.includes('Dummy runs already'), said.join('\n'));
    assert.ok(!said.includes('Dummy: is started') && !said.includes('Dummy: is stopped'), said.join('\n'));
    const ran = cluster.nodes.filter(({ name }) => existsSync(join(root, `${name}.dummy`)));
    assert.deepEqual(
      ran.map(({ name }) => name),
      [holder.name],
    );
  });
});
