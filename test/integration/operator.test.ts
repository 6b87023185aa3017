import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AlertTargetStatus } from '../../src/wire/alerts.ts';
import type { JournalLine } from '../../src/wire/journal.ts';
import { type MonitorStatus, mergeMonitors } from '../../src/wire/monitors.ts';
import { holderAnswers, journals, oneHolderOf, restored, statusOf, tellFailure } from './supervisor/holders.ts';
import { createCluster, type TestCluster, type TestNode, until, virtualIp } from './supervisor/namespaces.ts';

describe('what operators ask three musterds for', function () {
  this.timeout(180_000);
  let cluster: TestCluster;
  let holder: TestNode;
  let folder: string;
  const others = (...but: readonly TestNode[]): TestNode[] => cluster.nodes.filter((node) => !but.includes(node));
  const waitFor = (condition: () => boolean): Promise<void> =>
    until(condition, () => journals(cluster.nodes), 60_000, 100);
  const takeovers = (node: TestNode): number => node.journal.filter(({ what }) => what === 'takeover').length;
  const holds = (node: TestNode): boolean => statusOf(node)?.groups[0]?.gateOpen === true;
  /** What the alert script was given, a line each. */
  const told = (): string[] => {
    const file = join(folder, 'told');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  };

  function script(name: string, text: string): string {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  before(async () => {
    if (process.getuid?.() !== 0) throw new Error('these tests make network namespaces, which needs root');
    folder = mkdtempSync(join(tmpdir(), 'muster-operator-'));
    const alert = script('x.alert', `read -r first; echo "$MON_ALERTTYPE $2: $first" >> ${folder}/told`);
    const monitor = script('x.monitor', `[ ! -e ${folder}/broken ] || { echo "$1"; exit 1; }`);
    const yml = `lease: 1s
groups: { web: { address: ${virtualIp} } }
alerts: { pager: { exec: ${alert} } }
monitors:
  gateways: { hosts: [gw], services: { x: { check: program, program: ${monitor}, interval: 300ms, alert_after: 2 } } }
`;
    const links = [11, 12, 13].map((last) => `ucast eth0 10.77.0.${last}\n`).join('');
    const times = 'keepalive 50ms\nwarntime 500ms\ndeadtime 1\ninitdead 1\n';
    cluster = await createCluster({
      files: {
        'ha.cf': `node node1 node2 node3\n${times}udpport 694\nauto_failback off\n${links}`,
        haresources: `node1 IPaddr2::${virtualIp}/24/eth0\n`,
        'muster.yml': yml,
      },
    });
    for (const node of cluster.nodes) node.start();
    await oneHolderOf(cluster.nodes);
  });
  beforeEach(async () => {
    holder = await restored(cluster.nodes);
  });
  afterEach(function () {
    tellFailure(this, cluster.nodes);
  });
  after(async () => {
    await cluster?.remove();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  it('a move goes through any node, is known to all, outlives restarts, and is taken back', async () => {
    const [target, third] = others(holder) as [TestNode, TestNode];
    assert.match(third.musterd('move', 'web', target.name, '--for', '2h'), /web is to run on node\d for/);
    await waitFor(() => holds(target));
    await waitFor(() => cluster.nodes.every((node) => statusOf(node)?.groups[0]?.pinned?.node === target.name));
    assert.equal(new Set(cluster.nodes.map((node) => node.status().orders)).size, 1);
    target.signal('SIGKILL');
    await target.ended();
    await oneHolderOf(others(target));
    target.start();
    await waitFor(() => holds(target));
    holder.musterd('clear', 'web');
    await waitFor(() => cluster.nodes.every((node) => statusOf(node)?.groups[0]?.pinned === null));
    await holderAnswers(cluster, cluster.nodes, virtualIp);
  });

  it('a refusal says why', () => {
    assert.throws(() => holder.musterd('move', 'wbe', 'node1'), /"wbe" as it must be a resource group of cluster/);
    assert.throws(() => holder.musterd('move', 'web', 'node9'), /"node9" as it must be a node of cluster/);
    assert.throws(() => holder.musterd('maintenance', 'maybe'), /it must be "on" or "off"/);
  });

  it('standby lasts over a restart, and ends through another node', async () => {
    const [other] = others(holder) as [TestNode];
    holder.musterd('standby');
    assert.equal(await endOf(holder), 0);
    holder.start();
    await waitFor(() => statusOf(holder)?.quorum.quorate === true);
    assert.equal(holder.status().standby, true);
    other.musterd('online', holder.name);
    await waitFor(() => statusOf(holder)?.standby === false);
  });

  it('in maintenance a musterd restarts, nobody takes over, and it finds its group again', async () => {
    const [other] = others(holder) as [TestNode];
    other.musterd('maintenance', 'on');
    await waitFor(() => cluster.nodes.every((node) => statusOf(node)?.maintenance === true));
    assert.throws(() => other.musterd('move', 'web', other.name), /nothing moves until maintenance is off/);
    const before = others(holder).map(takeovers);
    const own = takeovers(holder);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      holder.signal(signal);
      await holder.ended();
      await waitFor(() => statusOf(other)?.nodes.find(({ name }) => name === holder.name)?.state === 'dead');
      await waitFor(() => statusOf(other)?.groups[0]?.holder === null);
      holder.start();
      await waitFor(() => holds(holder));
    }
    assert.deepEqual(others(holder).map(takeovers), before, 'nobody else took it');
    await waitFor(() => takeovers(holder) >= own + 2);
    holder.musterd('maintenance', 'off');
    await waitFor(() => cluster.nodes.every((node) => statusOf(node)?.maintenance === false));
    holder.signal('SIGKILL');
    await holder.ended();
    await oneHolderOf(others(holder));
  });

  it('the history tells what was, also of a musterd that does not run', async () => {
    const lines = (): JournalLine[] =>
      holder
        .musterd('history', '--json')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as JournalLine);
    const starts = (): number => lines().filter(({ what }) => what === 'start').length;
    const before = starts();
    assert.ok(before >= 1);
    holder.signal('SIGKILL');
    await holder.ended();
    holder.start();
    await waitFor(() => starts() === before + 1);
    holder.signal('SIGKILL');
    await holder.ended();
    assert.equal(starts(), before + 1);
    assert.ok(lines().some(({ what, group, why }) => what === 'takeover' && group === 'web' && why !== ''));
    assert.equal(holder.musterd('history', '--since', '1ms').trim(), '');
  });

  it('one node alerts of a dead one, and when it is back', async () => {
    const [victim] = others(holder) as [TestNode];
    const before = told().length;
    victim.signal('SIGKILL');
    await victim.ended();
    await waitFor(() =>
      told()
        .slice(before)
        .some((line) => line.startsWith(`failure musterd: ${victim.name} is dead`)),
    );
    victim.start();
    await waitFor(() =>
      told()
        .slice(before)
        .some((line) => line.startsWith(`up musterd: ${victim.name} is up`)),
    );
    const dead = told()
      .slice(before)
      .filter((line) => line.includes(`${victim.name} is dead`));
    assert.equal(dead.length, 1, told().join('\n'));
  });

  it('a test of the alerts tells of every target', () => {
    assert.match(holder.musterd('alerts', '--test'), /^pager \(exec .*x\.alert\): \d+ told/);
    const [pager] = JSON.parse(holder.musterd('alerts', '--json')) as AlertTargetStatus[];
    assert.equal(pager?.failed, 0);
    assert.ok(told().some((line) => line.startsWith('failure test: a test of the alerts of')));
  });

  it('one node looks after a monitor, alerts when it fails, and another one goes on where that is gone', async () => {
    const merged = (): MonitorStatus | undefined =>
      mergeMonitors(
        cluster.nodes
          .filter((node) => node.running)
          .map((node) => ({
            node: node.name,
            monitors: JSON.parse(node.musterd('monitors', '--json')) as MonitorStatus[],
          })),
      )[0];
    await waitFor(() => merged()?.state === 'ok');
    assert.equal(merged()?.runner, 'node1');
    const before = told().length;
    writeFileSync(join(folder, 'broken'), '');
    await waitFor(() => told().slice(before).includes('failure x: gw'));
    assert.match(cluster.nodes[1]!.musterd('monitors'), /^gateways\/x \(program\): elsewhere, node1 looks/);
    rmSync(join(folder, 'broken'));
    await waitFor(() =>
      told()
        .slice(before)
        .some((line) => line.startsWith('up x: ')),
    );
    cluster.nodes[0]!.signal('SIGKILL');
    await cluster.nodes[0]!.ended();
    await waitFor(() => merged()?.runner === 'node2' && merged()?.state === 'ok');
  });

  async function endOf(node: TestNode): Promise<number | NodeJS.Signals> {
    node.signal('SIGTERM');
    return node.ended();
  }
});
