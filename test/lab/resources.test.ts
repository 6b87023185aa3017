import assert from 'node:assert/strict';
import { sampleVip } from '../../src/lab/names.ts';
import { LabCluster } from './cluster.ts';
import { isReached, ssh, sshOutput, useLab } from './support.ts';

const names = ['node1', 'node2', 'node3'];

/** What starts and stops writes so down, on its own node: before systemd says that it has. */
const unit = `[Service]
ExecStartPre=/bin/sh -c 'echo start unit >>/var/log/shop'
ExecStart=/bin/sleep infinity
ExecStopPost=/bin/sh -c 'echo stop unit >>/var/log/shop'
`;
const script = `#!/bin/sh
### BEGIN INIT INFO
# Provides: oldshop
### END INIT INFO
case "$1" in
  start) [ -e /run/oldshop ] || { echo start script >>/var/log/shop; touch /run/oldshop; } ;;
  stop) [ ! -e /run/oldshop ] || { echo stop script >>/var/log/shop; rm /run/oldshop; } ;;
  status) [ -e /run/oldshop ] || exit 3 ;;
  *) exit 2 ;;
esac
`;
const started = ['start unit', 'start script'];
const stopped = ['stop script', 'stop unit'];

/** In the order of its life. A systemd unit, a script of init and Debian's OCF agents, under a systemd that supervises musterd. */
describe('resources in the lab', function () {
  this.timeout(600_000);
  // Each begins with what the one before it has left.
  this.bail(true);
  const lab = useLab({ nodes: names.length, prepared: true });
  const cluster = new LabCluster(
    lab,
    names,
    `cluster:
  name: resources
  nodes: node[1-3]
  links: [ucast eth0]
  timings: { initdead: 10s }
  groups:
    shop:
      preferred: node1
      resources: [${sampleVip}/24/eth0, 'Delay::0::0', shop.service, oldshop, 'ocf:heartbeat:Dummy']
  placement: { failback: off }
  resources: { defaults: { monitor: 1s } }
`,
  );
  after(() => cluster.remove());

  const noted = async (node: string): Promise<string[]> =>
    (await ssh(lab(), node, 'cat /var/log/shop')).stdout.split('\n').slice(0, -1);
  const others = (node: string): string[] => names.filter((name) => name !== node);
  const isActive = async (node: string): Promise<boolean> =>
    (await ssh(lab(), node, 'systemctl is-active shop.service')).stdout.trim() === 'active';

  before(async () => {
    const write = (path: string, text: string): string => `cat >${path} <<'END'\n${text}END\n`;
    const prepare = `${write('/etc/systemd/system/shop.service', unit)}${write('/etc/init.d/oldshop', script)}
chmod 755 /etc/init.d/oldshop; systemctl daemon-reload`;
    for (const node of names) await sshOutput(lab(), node, prepare);
  });

  it('are provisioned with the agents that they need, and start in order where the group is', async () => {
    await cluster.must('provision', '--diff');
    await cluster.until('the group on node1', () => cluster.runs('node1', 'shop'));
    for (const node of names) await sshOutput(lab(), node, 'test -x /usr/lib/ocf/resource.d/heartbeat/Dummy');
    assert.ok(await isActive('node1'));
    assert.deepEqual(await noted('node1'), started);
    // What they start belongs to musterd's unit: that one of its processes was killed for want of memory ends no other.
    const limits = await sshOutput(lab(), 'node1', 'systemctl show -p OOMPolicy -p TasksMax musterd.service');
    assert.deepEqual(limits.split('\n').sort(), ['OOMPolicy=continue', 'TasksMax=infinity']);
    const shown = await cluster.must('status');
    assert.match(shown, /- Delay: running\n +- shop\.service: running\n +- oldshop: running\n +- Dummy: running/);
  });

  it('run on when musterd is killed, and are found again by the next one', async () => {
    const pidOf = (service: string): Promise<string> =>
      sshOutput(lab(), 'node1', `systemctl show --value -p MainPID ${service}`);
    const [pid, killed] = [await pidOf('shop.service'), await pidOf('musterd.service')];
    // Nobody else may have it, so that it is node1 that gets it again.
    for (const node of others('node1')) await cluster.must('standby', node);
    await sshOutput(lab(), 'node1', 'systemctl kill --kill-whom=main -s KILL musterd.service');
    await cluster.until('another life of musterd', async () => ![killed, '0'].includes(await pidOf('musterd.service')));
    await cluster.until('the group on node1 again', () => cluster.runs('node1', 'shop'));
    assert.equal(await pidOf('shop.service'), pid, await sshOutput(lab(), 'node1', 'musterd journal | tail -n 40'));
    assert.deepEqual(await noted('node1'), started);
    for (const node of others('node1')) await cluster.must('online', node);
  });

  it('stop in reverse on a hand-over before they start elsewhere, and the address answers', async () => {
    await cluster.must('standby', 'node1');
    const next = await cluster.runner('shop', others('node1'));
    assert.deepEqual(await noted('node1'), [...started, ...stopped]);
    assert.deepEqual(await noted(next), started);
    assert.equal(await isActive('node1'), false);
    assert.ok(await isReached(lab(), sampleVip));
    await cluster.must('online', 'node1');
  });

  it('are stopped by the next musterd where the group is elsewhere by then', async () => {
    const holder = await cluster.runner('shop');
    // It does not come back before the others have the group.
    const kept = '/run/systemd/system/musterd.service.d';
    const kill = 'systemctl daemon-reload; systemctl kill --kill-whom=main -s KILL musterd';
    await sshOutput(lab(), holder, `mkdir ${kept}; printf '[Service]\\nRestart=no\\n' >${kept}/no.conf; ${kill}`);
    const next = await cluster.runner('shop', others(holder));
    assert.ok(await isActive(holder), 'what runs outlives musterd');
    await sshOutput(lab(), holder, `rm -r ${kept}; systemctl daemon-reload; systemctl start musterd`);
    await cluster.until(`${holder} without it`, async () => !(await isActive(holder)));
    assert.deepEqual((await noted(holder)).slice(-2), stopped);
    assert.ok(await cluster.runs(next, 'shop'));
  });

  it('start elsewhere after a plug-pull', async () => {
    const holder = await cluster.runner('shop');
    await lab().faults.powerOff(holder);
    await cluster.runner('shop', others(holder));
    assert.ok(await isReached(lab(), sampleVip));
    await lab().faults.powerOn(holder);
    // What was on it went with the power; it comes back and runs nothing.
    await cluster.until('the node back', async () => (await cluster.statusOf(holder))?.quorum.quorate === true);
    assert.equal(await isActive(holder), false);
  });

  it('stop when musterd is stopped, with the group handed over', async () => {
    const holder = await cluster.runner('shop');
    await sshOutput(lab(), holder, 'systemctl stop musterd.service');
    assert.equal(await isActive(holder), false);
    assert.deepEqual((await noted(holder)).slice(-2), stopped);
    await cluster.runner('shop', others(holder));
    await sshOutput(lab(), holder, 'systemctl start musterd.service');
  });
});
