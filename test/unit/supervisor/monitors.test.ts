import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Monitor, monitorName } from '../../../src/model/monitors.ts';
import type { Alert } from '../../../src/supervisor/alerts/alert.ts';
import { type Found, lookAt } from '../../../src/supervisor/monitors/look.ts';
import { MonitorMemory } from '../../../src/supervisor/monitors/memory.ts';
import { Monitors } from '../../../src/supervisor/monitors/monitors.ts';
import { mergeMonitors, showMonitor } from '../../../src/wire/monitors.ts';

const monitor = (service: string, more: Partial<Monitor> = {}): Monitor => ({
  group: 'r',
  service,
  hosts: ['127.0.0.1'],
  runBy: undefined,
  check: { kind: 'ping' },
  interval: 20,
  timeout: 5000,
  alertAfter: { failures: 2, within: undefined },
  alertEvery: undefined,
  upAlert: true,
  depends: [],
  alerts: undefined,
  ...more,
});

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error('it never came so far');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('supervisor: monitors', () => {
  const running: Monitors[] = [];
  afterEach(() => {
    for (const one of running.splice(0)) one.stop();
  });

  function start(all: readonly Monitor[], well: Map<string, boolean>, memory?: MonitorMemory) {
    const raised: Alert[] = [];
    const lines: string[] = [];
    const looks: string[] = [];
    const monitors = new Monitors({
      monitors: all,
      cluster: 'c',
      self: 'node1',
      look: async (one): Promise<Found> => {
        const name = monitorName(one);
        looks.push(name);
        const ok = well.get(name) ?? true;
        return { ok, failed: ok ? [] : one.hosts, summary: ok ? 'fine' : 'broken', detail: '' };
      },
      raise: (alert) => raised.push(alert),
      say: (what, why) => lines.push(`${what} ${why}`),
      now: () => performance.now(),
      random: () => 0,
      memory,
    });
    running.push(monitors);
    const seen = (...nodes: string[]) => ({ quorate: true, nodes, holders: new Map<string, string | null>() });
    return { monitors, raised, lines, looks, seen };
  }

  it('run where their turn is, and alert by their rules', async () => {
    const well = new Map([['r/a', false]]);
    const { monitors, raised, lines, looks, seen } = start([monitor('a')], well);
    monitors.follow(seen('node0', 'node1'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(looks, [], 'node0 looks');
    assert.equal(monitors.status()[0]?.state, 'elsewhere');
    monitors.follow(seen('node1'));
    await until(() => raised.length === 1);
    assert.ok(looks.length >= 2);
    well.set('r/a', true);
    await until(() => raised.length === 2);
    assert.deepEqual(
      raised.map(({ up, group, service, hosts }) => [up, group, service, hosts]),
      [
        [false, 'r', 'a', ['127.0.0.1']],
        [true, 'r', 'a', ['127.0.0.1']],
      ],
    );
    assert.deepEqual(lines, ['monitor-down r/a: broken', 'monitor-up r/a: fine']);
    monitors.follow(seen('node0', 'node1'));
    const count = looks.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.ok(looks.length <= count + 1, 'nobody looks here any more');
  });

  it('tell nobody while what they depend on fails', async () => {
    const well = new Map([
      ['r/a', false],
      ['r/b', false],
    ]);
    const all = [monitor('a'), monitor('b', { depends: ['r/a'], alertAfter: { failures: 3, within: undefined } })];
    const { monitors, raised, seen } = start(all, well);
    monitors.follow(seen('node1'));
    await until(() => monitors.status().every(({ failures }) => failures > 5));
    assert.deepEqual(
      raised.map(({ service }) => service),
      ['a'],
    );
    const [, b] = monitors.status();
    assert.equal(b?.heldBackBy, 'r/a');
    assert.match(showMonitor(b), /^r\/b \(ping\): FAILING for .* not told, as r\/a fails\), node1 looks, .*: broken$/);
  });

  it('look at what they depend on although another node tells of that, and forget it when they look no more', async () => {
    const well = new Map([
      ['r/gateway', false],
      ['r/switch', true],
      ['r/host', false],
    ]);
    const all = [
      // Slow to be looked at, and well: the host is held back by what is behind it.
      monitor('switch', { depends: ['r/gateway'], interval: 60_000 }),
      monitor('gateway', { runBy: 'web' }),
      monitor('host', { depends: ['r/switch'], alertAfter: { failures: 5, within: undefined } }),
    ];
    const { monitors, raised, lines, seen } = start(all, well);
    const holdsWeb = (node: string) => ({ ...seen('node1', 'node2'), holders: new Map([['web', node]]) });
    monitors.follow(holdsWeb('node2'));
    const host = () => monitors.status().find(({ name }) => name === 'r/host');
    await until(() => (host()?.failures ?? 0) > 8);
    assert.equal(host()?.heldBackBy, 'r/gateway');
    assert.deepEqual([raised, lines], [[], ['monitor-down r/host: broken']], 'node2 tells of the gateway');
    assert.deepEqual(
      monitors.status().map(({ runner, state, failures }) => [runner, state, failures > 0]),
      [
        ['node1', 'ok', false],
        ['node2', 'elsewhere', false],
        ['node1', 'failing', true],
      ],
    );
    // Here by now it is this node's to tell, from its own first look on.
    monitors.follow(holdsWeb('node1'));
    await until(() => raised.length === 1);
    assert.equal(raised[0]?.service, 'gateway');
    // Nobody is held back by what failed here once and is looked at here no more.
    monitors.follow({ ...seen('node0', 'node1'), holders: new Map([['web', 'node0']]) });
    well.set('r/gateway', true);
    monitors.follow(holdsWeb('node0'));
    await until(() => raised.length === 2);
    assert.deepEqual([raised[1]?.service, raised[1]?.up], ['host', false]);
  });

  it('go on after a restart where they were: nobody is alerted again, and who was hears that it is well', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'muster-monitors-'));
    const remember = (): MonitorMemory => new MonitorMemory(join(directory, 'run', 'seen'), () => performance.now());
    const well = new Map([['r/a', false]]);
    try {
      const first = start([monitor('a')], well, remember());
      first.monitors.follow(first.seen('node1'));
      await until(() => first.raised.length === 1);
      const since = first.monitors.status()[0]!.failingMs!;
      first.monitors.stop();
      const second = start([monitor('a')], well, remember());
      second.monitors.follow(second.seen('node1'));
      await until(() => second.looks.length > 3);
      assert.equal(second.raised.length, 0);
      assert.deepEqual(second.lines, [], 'it is no news');
      assert.ok(second.monitors.status()[0]!.failingMs! >= since);
      well.set('r/a', true);
      await until(() => second.raised.length === 1);
      assert.equal(second.raised[0]?.up, true);
      second.monitors.stop();
      const third = start([monitor('a')], new Map([['r/a', false]]), remember());
      third.monitors.follow(third.seen('node1'));
      await until(() => third.raised.length === 1);
      assert.equal(third.raised[0]?.up, false, 'what was well fails anew');
      // While another node looks, this one knows nothing.
      third.monitors.follow(third.seen('node0', 'node1'));
      assert.equal(remember().recall(monitor('a')), undefined);
    } finally {
      for (const one of running.splice(0)) one.stop();
      rmSync(directory, { recursive: true });
    }
  });

  it('are shown as the node that looks sees them', () => {
    const { monitors, seen } = start([monitor('a')], new Map());
    monitors.follow(seen('node1'));
    const [own] = monitors.status();
    const other = { ...own!, state: 'elsewhere' as const };
    const [merged] = mergeMonitors([
      { node: 'node2', monitors: [other] },
      { node: 'node1', monitors: [own!] },
    ]);
    assert.equal(merged?.state, 'untested');
  });
});

describe('supervisor: a look', () => {
  let directory: string;
  let server: Server;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'muster-monitors-'));
    server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
    server.close();
  });
  const look = (one: Monitor): Promise<Found> => lookAt(one, directory, new AbortController().signal);
  const script = (text: string): Monitor['check'] => {
    const program = join(directory, 'x.monitor');
    writeFileSync(program, `#!/bin/sh\n${text}\n`);
    chmodSync(program, 0o755);
    return { kind: 'program', program, args: ['-t', '5'] };
  };

  it('tells hosts apart', async () => {
    const { port } = server.address() as AddressInfo;
    const hosts = ['127.0.0.1', '127.0.0.2'];
    const found = await look(monitor('a', { hosts, check: { kind: 'tcp', port } }));
    assert.equal(found.ok, false);
    assert.deepEqual(found.failed, ['127.0.0.2']);
    assert.match(found.summary, /^127\.0\.0\.2: connection refused$/);
    assert.equal((await look(monitor('a', { check: { kind: 'tcp', port } }))).ok, true);
  });

  it("runs a monitor of Mon's: its hosts follow, its exit code counts, its first line is the summary", async () => {
    const hosts = ['gw1', 'gw2', 'gw3'];
    const check = script('echo "gw2 gw3"; echo "args: $*"; exit 2');
    const found = await look(monitor('a', { hosts, check }));
    assert.deepEqual(found, {
      ok: false,
      failed: ['gw2', 'gw3'],
      summary: 'gw2 gw3',
      detail: 'args: -t 5 gw1 gw2 gw3\nexit code 2',
    });
    assert.equal((await look(monitor('a', { hosts, check: script('exit 0') }))).ok, true);
    const hangs = await look(monitor('a', { hosts, check: script('sleep 600'), timeout: 100 }));
    assert.deepEqual([hangs.ok, hangs.failed, hangs.summary], [false, hosts, 'no result in time']);
  });
});
