import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { echoProgram } from '../../src/drill/echo.ts';
import { guardHealing } from '../../src/drill/heal-guard.ts';
import { covered, doubleHoldings } from '../../src/drill/holders.ts';
import type { Observations } from '../../src/drill/observation.ts';
import { Observer } from '../../src/drill/observe.ts';
import { longest, outagesOf } from '../../src/drill/outage.ts';
import { removeLinks } from './supervisor/namespaces.ts';

const vip = '10.99.0.100';
const macs = { node1: '02:00:00:00:09:01', node2: '02:00:00:00:09:02' };
const prefix = `mdp${process.pid}`;
const namespaces = ['switch', 'client', 'node1', 'node2'].map((name) => `${prefix}${name}`);
const children: ChildProcess[] = [];
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
const on = (name: string, ...args: string[]): string => ip('-n', `${prefix}${name}`, ...args);
const inside = (name: string, argv: readonly string[]): string[] => [
  'nsenter',
  `--net=/run/netns/${prefix}${name}`,
  ...argv,
];

function start(name: string, argv: readonly string[]): void {
  const [program, ...args] = inside(name, argv);
  children.push(spawn(program!, args, { stdio: 'ignore' }));
}

/** Opens or shuts the node for the VIP, which lies on its lo; in one transaction, as the lease gate does. */
function hold(name: 'node1' | 'node2', open: boolean): void {
  const drops = open ? '' : `ip daddr ${vip} drop; arp daddr ip ${vip} drop;`;
  const chain = `chain in { type filter hook ingress device eth0 priority 0; policy accept; ${drops} }`;
  const [program, ...args] = inside(name, ['nft', '-f', '-']);
  execFileSync(program!, args, { input: `flush ruleset\ntable netdev gate { ${chain}; }\n` });
}

describe('the probes of a drill, in network namespaces', function () {
  this.timeout(120_000);

  before(async () => {
    for (const namespace of namespaces) {
      ip('netns', 'add', namespace);
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }
    on('switch', 'link', 'add', 'br0', 'type', 'bridge');
    on('switch', 'link', 'set', 'br0', 'up');
    const machines = [
      ['client', '02:00:00:00:09:09', '10.99.0.9'],
      ['node1', macs.node1, '10.99.0.1'],
      ['node2', macs.node2, '10.99.0.2'],
    ] as const;
    for (const [name, mac, address] of machines) {
      const peer = ['peer', 'name', 'eth0', 'netns', `${prefix}${name}`, 'address', mac];
      on('switch', 'link', 'add', name, 'type', 'veth', ...peer);
      on('switch', 'link', 'set', name, 'master', 'br0', 'up');
      on(name, 'link', 'set', 'eth0', 'up');
      on(name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    }
    for (const name of ['node1', 'node2'] as const) {
      const settings = ['net.ipv4.conf.all.arp_ignore=0', 'net.ipv4.conf.all.arp_announce=2'];
      execFileSync('ip', ['netns', 'exec', `${prefix}${name}`, 'sysctl', '-qw', ...settings]);
      on(name, 'addr', 'add', `${vip}/32`, 'dev', 'lo');
      start(name, ['perl', '-e', echoProgram, vip, '7694', name]);
      const server = `require('http').createServer((q, r) => r.end('served by ${name}')).listen(80)`;
      start(name, [process.execPath, '-e', server]);
    }
    for (const name of ['node1', 'node2']) {
      const [program, ...args] = inside(name, ['ss', '-Hlntu']);
      for (let tries = 0; ; tries++) {
        const listening = execFileSync(program!, args, { encoding: 'utf8' });
        if (/:7694\s/.test(listening) && /:80\s/.test(listening)) break;
        assert.ok(tries < 400, `${name} does not listen:\n${listening}`);
        await sleep(100);
      }
    }
  });

  after(() => {
    for (const child of children) child.kill('SIGKILL');
    removeLinks(`${prefix}switch`);
    for (const namespace of namespaces) {
      if (existsSync(`/run/netns/${namespace}`)) ip('netns', 'del', namespace);
    }
  });

  async function observe(during: () => Promise<void>): Promise<Observations> {
    const observer = new Observer(
      {
        datagrams: { address: vip, port: 7694, intervalMs: 5, timeoutMs: 400 },
        requests: {
          ...{ address: vip, port: 80, path: '/', intervalMs: 5, timeoutMs: 400, atOnce: 256 },
          nodes: ['node1', 'node2'],
        },
        witness: { address: vip, intervalMs: 10, macs: Object.values(macs) },
      },
      (argv) => inside('client', argv),
    );
    try {
      await observer.ready;
      await sleep(300);
      await during();
      await sleep(700);
    } catch (error) {
      await observer.stop();
      throw error;
    }
    return observer.stop();
  }

  it('see one node answer, all the time, in every way of asking', async () => {
    hold('node1', true);
    hold('node2', false);
    const seen = await observe(() => sleep(500));
    // A busy machine may answer a few too late: those say nothing.
    const late = seen.datagrams.filter((probe) => probe.sequence > 40);
    const answered = late.filter((probe) => probe.answeredMs !== null);
    assert.ok(
      answered.length > 50 && answered.length > late.length / 2,
      `${answered.length} of ${late.length} datagrams`,
    );
    assert.deepEqual([...new Set(answered.map((probe) => probe.by))], ['node1']);
    const served = seen.requests.slice(40).filter((request) => request.result === '200');
    assert.ok(served.length > 20, `${served.length} requests`);
    assert.deepEqual([...new Set(served.map((request) => request.by))], ['node1']);
    assert.deepEqual([...new Set(seen.witness.map((answer) => answer.mac))], [macs.node1]);
    for (const what of ['echo', 'arp'] as const) {
      const rounds = seen.witness.filter((answer) => answer.what === what).map((answer) => answer.round);
      assert.ok(rounds.length > 30, `${rounds.length} answers by ${what}`);
      assert.equal(new Set(rounds).size, rounds.length, 'each round is answered once');
    }
    assert.deepEqual(doubleHoldings(seen.witness, 10), []);
  });

  it('see two nodes that hold at once, and for how long', async () => {
    hold('node1', true);
    hold('node2', false);
    let atMost = 0;
    const seen = await observe(async () => {
      const from = performance.now();
      hold('node2', true);
      await sleep(300);
      hold('node2', false);
      atMost = performance.now() - from + 50;
    });
    const both = covered(doubleHoldings(seen.witness, 10));
    assert.ok(both > 150 && both < atMost, `${both} ms of at most ${atMost} ms`);
  });

  it('see an outage, and do not help the client out of it', async () => {
    hold('node1', true);
    hold('node2', false);
    const seen = await observe(async () => {
      hold('node1', false);
      await sleep(200);
      // Nobody announces: the client keeps the old MAC, whatever the witness asks and is told meanwhile.
      hold('node2', true);
      await sleep(300);
    });
    const from = seen.datagrams[40]!.sentMs;
    const samples = seen.datagrams.map((probe) => ({ atMs: probe.sentMs, ok: probe.answeredMs !== null }));
    const outage = longest(outagesOf(samples, 5, { fromMs: from, toMs: Number.POSITIVE_INFINITY }));
    assert.ok(outage !== undefined && outage.lengthMs > 450, `${outage?.lengthMs} ms`);
    assert.ok(
      seen.witness.some((answer) => answer.mac === macs.node2),
      'the witness saw the new holder',
    );
    assert.deepEqual(doubleHoldings(seen.witness, 10), []);
  });

  it('refuse clearly where they cannot run', async () => {
    const observer = new Observer({ witness: { address: '203.0.113.1', intervalMs: 10, macs: [] } }, (argv) =>
      inside('switch', argv),
    );
    await assert.rejects(observer.ready, /Cannot start the probes as they must run/);
    await observer.stop();
  });
});

describe('the guard that heals after a drill that died', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-guard-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function appears(file: string): Promise<boolean> {
    for (let tries = 0; tries < 1000 && !existsSync(file); tries++) await sleep(20);
    return existsSync(file);
  }

  it('heals where its drill is killed', async () => {
    const file = join(folder, 'killed');
    const guard = new URL('../../src/drill/heal-guard.ts', import.meta.url).href;
    const program = `import { guardHealing } from '${guard}'; guardHealing(['touch', '${file}']); process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: 'ignore',
    });
    await new Promise((resolve) => child.once('exit', resolve));
    assert.ok(await appears(file));
  });

  it('does nothing where its drill has healed', async () => {
    const undone = join(folder, 'undone');
    guardHealing(['touch', undone])();
    const other = join(folder, 'other');
    // A second guard that does heal shows that the first had the time to.
    const child = spawn('/bin/sh', ['-c', `sleep 0.3; touch ${other}`], { stdio: 'ignore' });
    await new Promise((resolve) => child.once('exit', resolve));
    assert.ok(existsSync(other));
    assert.ok(!existsSync(undone));
  });
});
