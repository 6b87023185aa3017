import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '../../src/base/problem.ts';
import { capture } from '../../src/lab/command.ts';
import { type Lab, labStatus } from '../../src/lab/lab.ts';
import { nodePaths } from '../../src/lab/names.ts';
import { isStopped, processesWith } from '../../src/lab/processes.ts';
import { waitUntil } from '../../src/lab/wait.ts';
import { isReached, pingsAnswered, ssh, sshOutput, useLab } from './support.ts';

/** Echo requests from the client every 5 ms; `stop` returns when each answer was seen, in seconds since 1970. */
function watch(lab: Lab, address: string): { answers: () => number; stop: () => Promise<number[]> } {
  const [nsenter, ...args] = lab.inClient(['ping', '-n', '-D', '-i', '0.005', '-W', '1', address]);
  const ping = spawn(nsenter!, args);
  let output = '';
  ping.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const times = (): number[] =>
    [...output.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from/gm)].map((match) => Number(match[1]));
  return {
    answers: () => times().length,
    stop: () =>
      new Promise((resolve) => {
        ping.once('close', () => resolve(times()));
        ping.kill('SIGINT');
      }),
  };
}

async function canPing(lab: Lab, from: string, to: string): Promise<boolean> {
  return (await ssh(lab, from, `ping -4 -n -c2 -i 0.1 -W1 ${to}`)).rc === 0;
}

/** Echo requests that the node's kernel has received so far. */
async function echosIn(lab: Lab, node: string): Promise<number> {
  const text = await sshOutput(lab, node, 'grep ^Icmp: /proc/net/snmp');
  const [names, values] = text.split('\n').map((line) => line.split(' '));
  return Number(values![names!.indexOf('InEchos')]);
}

describe('lab: faults', function () {
  this.timeout(180_000);
  const lab = useLab({ nodes: 3 });
  afterEach(async () => lab().faults.heal());

  it('power off: not one answer from that instant on, not even ARP; the disk is there after power on', async () => {
    await sshOutput(lab(), 'node2', 'echo kept > /root/kept');
    const before = await sshOutput(lab(), 'node2', 'cut -d" " -f22 /proc/1/stat');
    const watching = watch(lab(), '10.77.0.12');
    assert.ok(await waitUntil(() => watching.answers() > 20, { timeoutMs: 5000, everyMs: 10 }));
    await lab().faults.powerOff('node2');
    const off = Date.now() / 1000;
    await sleep(300);
    const answers = await watching.stop();
    assert.ok(answers.length > 20);
    assert.deepEqual(
      answers.filter((time) => time > off),
      [],
    );
    await capture(lab().inClient(['ip', 'neighbour', 'flush', 'dev', 'eth0']));
    assert.equal(await pingsAnswered(lab(), '10.77.0.12', 1), 0);
    const { stdout } = await capture(lab().inClient(['ip', 'neighbour', 'show', '10.77.0.12']));
    assert.ok(!stdout.includes('lladdr'), stdout);
    assert.ok(await isReached(lab(), '10.77.0.11'));

    await lab().faults.powerOff('node2');
    await lab().faults.powerOn('node2');
    await lab().faults.powerOn('node2');
    assert.equal(await sshOutput(lab(), 'node2', 'cat /root/kept'), 'kept');
    assert.notEqual(await sshOutput(lab(), 'node2', 'cut -d" " -f22 /proc/1/stat'), before);
  });

  it('a poweroff from inside leaves no kernel that answers; a reboot from inside comes back by itself', async () => {
    const started = await sshOutput(lab(), 'node1', 'cut -d" " -f22 /proc/1/stat; touch /run/volatile');
    await ssh(lab(), 'node1', 'systemctl reboot');
    await ssh(lab(), 'node2', 'systemctl poweroff');
    const isOff = async (): Promise<boolean> => (await lab().nodes())[1]?.power === 'off';
    assert.ok(await waitUntil(isOff, { timeoutMs: 20_000, everyMs: 20 }));
    assert.equal(await pingsAnswered(lab(), '10.77.0.12', 1), 0);
    const isBack = async (): Promise<boolean> => {
      const { rc, stdout } = await ssh(lab(), 'node1', 'cut -d" " -f22 /proc/1/stat; ls /run/volatile');
      return rc !== 255 && stdout.trim() !== '' && stdout.trim() !== started && !stdout.includes('volatile');
    };
    assert.ok(await waitUntil(isBack, { timeoutMs: 20_000, everyMs: 100 }));
  });

  it('freeze: nothing on the node runs; thaw: it goes on', async () => {
    await sshOutput(
      lab(),
      'node3',
      'nohup sh -c "while :; do echo >> /root/ticks; sleep 0.01; done" >/dev/null 2>&1 &',
    );
    const ticks = join(nodePaths(lab().paths, 'node3').root, 'root/ticks');
    const size = (): number => statSync(ticks, { throwIfNoEntry: false })?.size ?? 0;
    assert.ok(await waitUntil(() => size() > 5, { timeoutMs: 5000, everyMs: 10 }));
    await lab().faults.freeze('node3');
    const frozenAt = size();
    await sleep(300);
    assert.equal(size(), frozenAt);
    assert.equal((await lab().nodes())[2]?.frozen, true);
    await lab().faults.thaw('node3');
    assert.ok(await waitUntil(() => size() > frozenAt, { timeoutMs: 5000, everyMs: 10 }));
    assert.equal((await lab().nodes())[2]?.frozen, false);
  });

  it('a frozen node can lose its power', async () => {
    await lab().faults.freeze('node3');
    await lab().faults.powerOff('node3');
    assert.deepEqual(
      (await lab().nodes()).map(({ power, frozen }) => [power, frozen]),
      [
        ['on', false],
        ['on', false],
        ['off', false],
      ],
    );
    await assert.rejects(lab().faults.freeze('node3'), (error: Problem) => error.reason === 'usage');
  });

  it('partition of both directions: the two sides hear nothing of each other, all else goes on', async () => {
    await lab().faults.cut(['node1'], ['node2', 'node3']);
    await lab().faults.cut(['node2', 'node3'], ['node1']);
    assert.equal(await canPing(lab(), 'node1', 'node2'), false);
    assert.equal(await canPing(lab(), 'node3', 'node1'), false);
    assert.equal(await canPing(lab(), 'node2', 'node3'), true);
    assert.ok(await isReached(lab(), '10.77.0.11'));
    assert.equal((await labStatus(lab().paths.name)).cuts.length, 4);
    await lab().faults.heal();
    assert.equal(await canPing(lab(), 'node1', 'node2'), true);
    assert.deepEqual((await labStatus(lab().paths.name)).cuts, []);
  });

  it('one-way partition: frames pass in the other direction', async () => {
    const [one, two] = await lab().nodes();
    await sshOutput(lab(), 'node1', `ip neighbour replace ${two!.address} lladdr ${two!.mac} dev eth0 nud permanent`);
    await sshOutput(lab(), 'node2', `ip neighbour replace ${one!.address} lladdr ${one!.mac} dev eth0 nud permanent`);
    await lab().faults.cut(['node1'], ['node2']);
    const before = [await echosIn(lab(), 'node1'), await echosIn(lab(), 'node2')];
    assert.equal(await canPing(lab(), 'node1', 'node2'), false);
    assert.equal(await canPing(lab(), 'node2', 'node1'), false);
    const after = [await echosIn(lab(), 'node1'), await echosIn(lab(), 'node2')];
    assert.deepEqual([after[0]! - before[0]!, after[1]! - before[1]!], [2, 0]);
    assert.deepEqual((await labStatus(lab().paths.name)).cuts, [{ from: 'node1', to: 'node2' }]);
  });

  it('a pulled cable silences the node but takes none of its addresses', async () => {
    await sshOutput(lab(), 'node1', 'ip address add 10.77.0.100/32 dev eth0');
    await lab().faults.link('node1', false);
    assert.equal(await pingsAnswered(lab(), '10.77.0.11', 1), 0);
    assert.equal((await labStatus(lab().paths.name)).nodes[0]?.link, false);
    await lab().faults.link('node1', true);
    assert.ok(await isReached(lab(), '10.77.0.11'));
    assert.equal(await pingsAnswered(lab(), '10.77.0.11'), 3);
    assert.match(await sshOutput(lab(), 'node1', 'ip -4 address show dev eth0'), /10\.77\.0\.100/);
    await sshOutput(lab(), 'node1', 'ip address del 10.77.0.100/32 dev eth0');
  });

  it('a slow direction delays every frame, of TCP as well, and loses its share; a cut there is a cut', async () => {
    const { faults } = lab();
    const roundTrips = async (): Promise<number[]> => {
      const { stdout } = await capture(lab().inClient(['ping', '-n', '-c', '5', '-i', '0.1', '-W', '2', '10.77.0.11']));
      return [...stdout.matchAll(/time=([\d.]+)/g)].map((match) => Number(match[1]));
    };
    await faults.slow(['client'], ['node1'], { delayMs: 40, jitterMs: 0, loss: 0 });
    await faults.slow(['node1'], ['client'], { delayMs: 60, jitterMs: 0, loss: 0 });
    const slow = await roundTrips();
    assert.equal(slow.length, 5);
    assert.ok(Math.min(...slow) >= 100, String(slow));
    assert.equal(await sshOutput(lab(), 'node1', 'head -c 300000 /dev/zero | wc -c'), '300000');
    assert.equal((await labStatus(lab().paths.name)).slow.length, 2);
    await faults.slow(['node1'], ['client'], { delayMs: 0, jitterMs: 0, loss: 1 });
    assert.deepEqual(await roundTrips(), []);
    await faults.slow(['node1'], ['client'], null);
    assert.ok(Math.min(...(await roundTrips())) >= 40);
    await faults.cut(['client'], ['node1']);
    assert.deepEqual(await roundTrips(), []);
    await faults.heal();
    assert.ok(Math.min(...(await roundTrips())) < 40);
    assert.deepEqual((await labStatus(lab().paths.name)).slow, []);
  });

  it('a slow port that loses its power slows and stops nothing else, and is slow again when it is back', async () => {
    const millisecondsTo = async (address: string): Promise<number> => {
      const { stdout } = await capture(lab().inClient(['ping', '-n', '-c', '3', '-i', '0.1', '-W', '2', address]));
      assert.match(stdout, / 3 received/);
      return Math.min(...[...stdout.matchAll(/time=([\d.]+)/g)].map((match) => Number(match[1])));
    };
    await lab().faults.slow(['client'], ['node1', 'node2'], { delayMs: 50, jitterMs: 0, loss: 0 });
    const [going, dying] = [watch(lab(), '10.77.0.11'), watch(lab(), '10.77.0.12')];
    const more = async (pings: typeof going): Promise<boolean> => {
      const before = pings.answers();
      return waitUntil(() => pings.answers() > before + 20, { timeoutMs: 20_000, everyMs: 10 });
    };
    assert.ok((await more(going)) && (await more(dying)));
    await lab().faults.powerOff('node2');
    // While somebody still sends to the port that is gone.
    await sleep(500);
    assert.ok(await more(going), 'node1 went silent with node2');
    assert.ok((await millisecondsTo('10.77.0.11')) >= 50);
    await going.stop();
    await dying.stop();
    await lab().faults.powerOn('node2');
    assert.ok((await millisecondsTo('10.77.0.12')) >= 50);
    assert.ok((await millisecondsTo('10.77.0.11')) >= 50);
  });

  it('busy processes belong to the node: they freeze and end with it', async () => {
    await lab().faults.busy('node1', 2);
    const loops = async (): Promise<number> =>
      (await processesWith(lab().paths.name, 'node1', 'while :; do :; done')).length;
    assert.ok(await waitUntil(async () => (await loops()) >= 2, { timeoutMs: 20_000, everyMs: 20 }));
    assert.equal((await labStatus(lab().paths.name)).nodes[0]?.busy, true);
    await lab().faults.powerOff('node1');
    assert.equal(await loops(), 0);
  });

  it('a squeezed node runs out of memory, its important processes live on', async () => {
    await lab().faults.squeeze('node2', true);
    assert.equal(await sshOutput(lab(), 'node2', 'cat /proc/1/comm'), 'systemd');
    assert.deepEqual(
      (await labStatus(lab().paths.name)).nodes.map(({ squeezed }) => squeezed),
      [false, true, false],
    );
    await lab().faults.squeeze('node2', false);
    assert.equal((await labStatus(lab().paths.name)).nodes[1]?.squeezed, false);
  });

  it('nothing more can be written on a full disk, and all can after it', async () => {
    const write = 'head -c 100000 /dev/zero > /root/more';
    await lab().faults.fillDisk('node3', true);
    const { rc, stderr } = await ssh(lab(), 'node3', write);
    assert.notEqual(rc, 0);
    assert.match(stderr, /No space left on device/);
    await lab().faults.fillDisk('node3', false);
    await sshOutput(lab(), 'node3', write);
  });

  it('a stopped process is continued by heal', async () => {
    await sshOutput(lab(), 'node1', 'nohup sleep 987654 >/dev/null 2>&1 &');
    await lab().faults.signal('node1', 'sleep 987654', 'SIGSTOP');
    const [pid] = await processesWith(lab().paths.name, 'node1', 'sleep 987654');
    assert.ok(await waitUntil(() => isStopped(pid!), { timeoutMs: 20_000, everyMs: 10 }));
    await lab().faults.heal();
    assert.ok(await waitUntil(async () => !(await isStopped(pid!)), { timeoutMs: 20_000, everyMs: 10 }));
    await assert.rejects(lab().faults.signal('node1', 'no-such-program', 'SIGSTOP'), /no process has that name/);
    await sshOutput(lab(), 'node1', 'kill $(pgrep -f "^sleep 987654")');
  });

  it('heal undoes all faults at once', async () => {
    const { faults } = lab();
    await faults.cut(['node1'], ['node2']);
    await faults.link('node1', false);
    await faults.freeze('node2');
    await faults.powerOff('node3');
    await faults.fillDisk('node3', true);
    await faults.busy('node1', 1);
    await faults.slow(['client'], ['node1'], { delayMs: 1, jitterMs: 0, loss: 0 });
    await faults.heal();
    const status = await labStatus(lab().paths.name);
    assert.deepEqual(
      status.nodes.map(({ power, frozen, link, ssh: answers }) => [power, frozen, link, answers]),
      Array(3).fill(['on', false, true, true]),
    );
    assert.deepEqual([...status.cuts, ...status.slow], []);
    assert.ok(status.nodes.every(({ busy, squeezed, diskFull }) => !busy && !squeezed && !diskFull));
  });
});
