import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Problem } from '../../src/base/problem.ts';
import { killFile } from '../../src/lab/cgroup.ts';
import { capture } from '../../src/lab/command.ts';
import { dialAddress, dialNode, labTarget } from '../../src/lab/dial.ts';
import { labDown, labStatus, labUp, openLab } from '../../src/lab/lab.ts';
import { fromSources } from '../../src/lab/self.ts';
import { waitUntil } from '../../src/lab/wait.ts';
import { downLeavingNothing, isReached, ssh, sshOutput, testLabName, traces, useLab } from './support.ts';

const program = fromSources(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)), []);
const muster = (...args: string[]) => capture([...program, 'lab', ...args]);

describe('lab: up, ssh, down', function () {
  this.timeout(180_000);
  const lab = useLab({ nodes: 3 });

  it('gives each node a name, an address, an init and a network of its own, and no route out', async () => {
    const hostNetwork = await capture(['ip', '-j', 'address']);
    for (const { name, address, mac } of await lab().nodes()) {
      assert.equal(await sshOutput(lab(), name, 'hostname'), name);
      assert.equal(await sshOutput(lab(), name, 'cat /proc/1/comm'), 'systemd');
      const addresses = await sshOutput(lab(), name, 'ip -o address show dev eth0; ip link show dev eth0');
      assert.ok(addresses.includes(`${address}/24`) && addresses.includes(mac), addresses);
      assert.equal(await sshOutput(lab(), name, 'ip route show default; ip -6 route show default'), '');
      assert.equal(await sshOutput(lab(), name, 'systemctl --failed --no-legend'), '');
    }
    assert.ok(!hostNetwork.stdout.includes('10.77.0.'), 'the host must not see the lab');
  });

  it('lets nodes reach each other by name, over both protocols', async () => {
    await sshOutput(lab(), 'node1', 'ping -4 -c1 -W2 node2 && ping -6 -c1 -W2 node3');
  });

  it('is real enough for sysctls, raw rules of priority and a bounded disk', async () => {
    await sshOutput(
      lab(),
      'node1',
      'sysctl -w net.ipv4.conf.all.arp_ignore=1 && chrt -f 10 true && ip link add b0 type bridge && ip link del b0',
    );
    const full = await ssh(lab(), 'node1', 'fallocate -l 3G /root/big; rc=$?; rm -f /root/big; exit $rc');
    assert.notEqual(full.rc, 0);
    assert.match(full.stderr, /No space left/);
  });

  it('says that it is up already, completes nothing, and refuses another number of nodes', async () => {
    assert.equal((await labUp({ name: lab().paths.name })).changed, false);
    const refused = await muster('up', '--lab', lab().paths.name, '--nodes', '5');
    assert.equal(refused.rc, 64, refused.stderr);
    assert.match(refused.stderr, /it is up with 3/);
    const again = await muster('up', '--lab', lab().paths.name);
    assert.equal(again.rc, 0, again.stderr);
    assert.match(again.stdout, /up already/);
  });

  it('hands out streams to sshd, and knows no node that it has not', async () => {
    const stream = await dialNode(lab().paths, 'node2');
    const [greeting] = (await new Promise<Buffer>((resolve) => stream.once('data', resolve))).toString().split('\n');
    stream.destroy();
    assert.match(greeting!, /^SSH-2\.0-/);
    await assert.rejects(dialNode(lab().paths, 'node4'), (error: Problem) => error.reason === 'usage');
    const target = labTarget(lab().paths, { name: 'node1', address: '10.77.0.11' });
    assert.match(await readFile(target.knownHostsFiles[0]!, 'utf8'), /^node1,10\.77\.0\.11,fd77::11 ssh-ed25519 /m);
  });

  it('hands out streams to any place in its network', async () => {
    const stream = await dialAddress(lab().paths, '10.77.0.13', 22);
    const greeting = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
    stream.destroy();
    assert.match(greeting.toString(), /^SSH-2\.0-/);
  });

  it('offers a place in its network on a loopback port until it is told to end', async () => {
    const [node, ...args] = [
      ...program,
      'lab',
      'browse',
      '--lab',
      lab().paths.name,
      '--port',
      '0',
      '--to',
      '10.77.0.12:22',
    ];
    const child = spawn(node!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const said = await new Promise<Buffer>((resolve) => child.stdout.once('data', resolve));
    const socket = connect(Number(/127\.0\.0\.1:(\d+)/.exec(said.toString())?.[1]), '127.0.0.1');
    const greeting = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.destroy();
    child.kill('SIGINT');
    assert.match(greeting.toString(), /^SSH-2\.0-/);
    assert.equal(await ended, 0);
  });

  it('keeps the base tree that a lab stands on', async () => {
    const refused = await muster('cache', '--drop');
    assert.equal(refused.rc, 64, refused.stderr);
    assert.match((await muster('cache')).stdout, /lab-base\/[0-9a-f]{16} +\d+ MB/);
  });

  it('runs a command by `muster lab ssh` with its exit code, output and input', async () => {
    const result = await capture([...program, 'lab', 'ssh', 'node3', '--lab', lab().paths.name, '--', 'cat; exit 7'], {
      input: 'in',
    });
    assert.deepEqual([result.rc, result.stdout], [7, 'in']);
  });

  it('shows its state as JSON', async () => {
    const { stdout } = await muster('status', '--json', '--lab', lab().paths.name);
    const status = JSON.parse(stdout) as Awaited<ReturnType<typeof labStatus>>;
    assert.deepEqual(
      status.nodes.map(({ name, power, frozen, link, ssh }) => [name, power, frozen, link, ssh]),
      ['node1', 'node2', 'node3'].map((name) => [name, 'on', false, true, true]),
    );
    assert.deepEqual([status.up, status.gateway, status.cuts], [true, true, []]);
  });
});

describe('lab: beside another, and after a crash', function () {
  this.timeout(180_000);

  it('does not disturb, nor is disturbed by, a second lab with the same addresses', async () => {
    const [first, second] = [testLabName(), testLabName()];
    const [a, b] = await Promise.all([labUp({ name: first, nodes: 1 }), labUp({ name: second, nodes: 2 })]);
    await sshOutput(a.lab, 'node1', 'touch /root/mark');
    assert.equal((await ssh(b.lab, 'node1', 'test -e /root/mark')).rc, 1);
    await a.lab.faults.powerOff('node1');
    assert.ok(await isReached(b.lab, '10.77.0.11'));
    await downLeavingNothing(first);
    assert.equal(await sshOutput(b.lab, 'node2', 'hostname'), 'node2');
    await downLeavingNothing(second);
  });

  it('brings a killed gateway and a node that is off back', async () => {
    const name = testLabName();
    const { lab } = await labUp({ name, nodes: 2 });
    await writeFile(killFile(name, 'gateway'), '1');
    await lab.faults.powerOff('node2');
    await waitUntil(async () => !(await labStatus(name)).gateway, { timeoutMs: 5000, everyMs: 20 });
    const status = await labStatus(name);
    assert.deepEqual([status.gateway, status.nodes.map(({ power }) => power)], [false, ['on', 'off']]);
    assert.equal((await labUp({ name })).changed, true);
    assert.equal(await sshOutput(lab, 'node2', 'hostname'), 'node2');
    await downLeavingNothing(name);
  });

  it('goes down from nothing but its name: no gateway, no state, a stranger in its network', async () => {
    const name = testLabName();
    const { lab } = await labUp({ name, nodes: 2 });
    const [nsenter, ...args] = lab.inClient(['sleep', '600']);
    const stranger = spawn(nsenter!, args);
    const ended = new Promise((resolve) => stranger.once('exit', (_, signal) => resolve(signal)));
    await writeFile(killFile(name, 'gateway'), '1');
    await rm(join(lab.paths.stateDir, 'state.json'));
    await assert.rejects(openLab(name), (error: Problem) => error.reason === 'hostUnreachable');
    assert.ok((await traces(name)).length > 0);
    await downLeavingNothing(name);
    assert.equal(await ended, 'SIGKILL');
    await labDown(name);
  });

  it('comes up over the ruins of a lab', async () => {
    const name = testLabName();
    const { lab } = await labUp({ name, nodes: 1 });
    await rm(join(lab.paths.stateDir, 'state.json'));
    const { lab: anew, changed } = await labUp({ name, nodes: 2 });
    assert.equal(changed, true);
    assert.equal(await sshOutput(anew, 'node2', 'hostname'), 'node2');
    await downLeavingNothing(name);
  });

  it('leaves nothing when it is interrupted on its way up', async () => {
    for (const when of [/making the switch/, /booting/]) {
      const name = testLabName();
      const controller = new AbortController();
      const onProgress = (line: string): void => {
        if (when.test(line)) setTimeout(() => controller.abort(), 50);
      };
      await assert.rejects(labUp({ name, nodes: 3, onProgress, signal: controller.signal }));
      assert.deepEqual(await traces(name), []);
      await downLeavingNothing(name);
    }
  });

  it('cleans up and exits 130 on Ctrl-C', async () => {
    const name = testLabName();
    const [node, ...args] = program;
    const child = spawn(node!, [...args, 'lab', 'up', '--lab', name], { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('booting')) child.kill('SIGINT');
    });
    assert.equal(await ended, 130);
    await downLeavingNothing(name);
  });

  it('brings ten nodes up in under 15 s', async () => {
    const name = testLabName();
    const start = performance.now();
    const { lab } = await labUp({ name, nodes: 10 });
    const seconds = (performance.now() - start) / 1000;
    const status = await labStatus(name);
    assert.deepEqual(
      status.nodes.map((node) => [node.name, node.ssh]),
      Array.from({ length: 10 }, (_, i) => [`node${i + 1}`, true]),
    );
    assert.equal(await sshOutput(lab, 'node10', 'hostname'), 'node10');
    await downLeavingNothing(name);
    assert.ok(seconds < 15, `${seconds} s`);
  });
});
