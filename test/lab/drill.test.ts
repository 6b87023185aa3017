import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Ended, ended, ssh, sshOutput, useLab } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const muster = `${root}dist/muster.js`;

describe('a drill of a provisioned lab', function () {
  this.timeout(300_000);
  const lab = useLab({ nodes: 3, prepared: true });
  let folder: string;
  const names = ['node1', 'node2', 'node3'];

  const environment = (): NodeJS.ProcessEnv => ({ ...process.env, MUSTER_LAB: lab().paths.name });
  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [muster, ...args], { cwd: folder, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });

  const run = (...args: string[]): Promise<Ended> => ended(start(...args));
  const inventory = ['-i', `${root}inventory/lab.yml`];

  async function whole(): Promise<boolean> {
    const { rc, output } = await run('status', ...inventory, '--json');
    return rc === 0 && (JSON.parse(output) as { whole: boolean }).whole;
  }
  async function becomesWhole(): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      if (await whole()) return;
      await sleep(1000);
    }
    assert.fail((await run('status', ...inventory)).output);
  }
  async function holder(): Promise<string> {
    return JSON.parse(await sshOutput(lab(), 'node1', 'musterd status --json')).groups[0].holder;
  }
  /** Starts a drill of one node and waits until its plug is pulled. */
  async function untilPlugIsPulled(): Promise<ChildProcess> {
    const child = start('drill', ...inventory, '--nodes', 'node2');
    for (let tries = 0; tries < 300; tries++) {
      if ((await lab().nodes()).some((node) => node.power === 'off')) return child;
      await sleep(100);
    }
    child.kill('SIGKILL');
    return assert.fail('no plug was pulled');
  }
  async function allOn(): Promise<boolean> {
    return (await lab().nodes()).every((node) => node.power === 'on');
  }
  async function noResponderLeft(): Promise<void> {
    for (const name of names) {
      const { rc } = await ssh(lab(), name, 'systemctl is-active --quiet muster-drill-echo');
      assert.notEqual(rc, 0, `${name} still runs the responder`);
    }
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'muster-drill-'));
    const { rc, output } = await run('provision', ...inventory);
    assert.equal(rc, 0, output);
    await becomesWhole();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is explained: who may hold the group and why, what protects it, and each decision as a line of JSON', async () => {
    const doctor = await run('doctor', ...inventory, '--json');
    assert.equal(doctor.rc, 0, doctor.output);
    const { nodes } = JSON.parse(doctor.output) as { nodes: { node: string; protection: { layer: string } }[] };
    assert.deepEqual(
      nodes.map(({ node, protection }) => `${node} ${protection.layer}`),
      names.map((name) => `${name} gate`),
    );
    const explained = await run('explain', ...inventory, 'web', '--json');
    assert.equal(explained.rc, 0, explained.output);
    const { running, groups } = JSON.parse(explained.output);
    assert.equal(running, true);
    assert.deepEqual(groups[0].candidates.map(({ node }: { node: string }) => node).sort(), names);
    assert.ok(groups[0].journal.some(({ what }: { what: string }) => what === 'takeover'));
    const lines = (await sshOutput(lab(), groups[0].holder, 'journalctl -u musterd -o cat --no-pager'))
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    const takeover = lines.findLast(({ what }) => what === 'takeover');
    assert.deepEqual([takeover.node, takeover.group], [groups[0].holder, 'web']);
    assert.ok(takeover.why.length > 0 && takeover.time > 0);
  });

  it('pulls every plug once, the holder last, and says how long users were without service', async () => {
    const { rc, output } = await run('drill', ...inventory, '--bound', '5s', '--json', 'r.json', '--html', 'r.html');
    assert.equal(rc, 0, output);
    const result = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8'));
    assert.equal(result.verdict, 'passed');
    assert.deepEqual(result.steps.map((step: { node: string }) => step.node).sort(), names);
    const last = result.steps.at(-1);
    assert.equal(last.node, last.holderBefore, 'the holder comes last');
    assert.ok(last.outageMs.udp > 0, 'the loss of the holder is seen');
    assert.equal(result.doubleHolderMs, 0);
    assert.match(readFileSync(join(folder, 'r.html'), 'utf8'), /<svg/);
    await noResponderLeft();
  });

  it('fails with exit code 5 where the outage is longer than the bound', async () => {
    await becomesWhole();
    const { rc, output } = await run('drill', ...inventory, '--bound', '1ms', '--nodes', await holder());
    assert.equal(rc, 5, output);
    assert.match(output, /failed: longest outage/);
  });

  it('refuses to start on a cluster that is not whole, and says why', async () => {
    await becomesWhole();
    await sshOutput(lab(), 'node3', 'systemctl stop musterd');
    const { rc, output } = await run('drill', ...inventory);
    await sshOutput(lab(), 'node3', 'systemctl start musterd');
    assert.equal(rc, 7, output);
    assert.match(output, /Cannot drill the cluster as it must be whole first: .*node3/);
    assert.ok(await allOn());
  });

  it('heals after Ctrl-C in the middle, and takes its responders away', async () => {
    await becomesWhole();
    const child = await untilPlugIsPulled();
    const end = ended(child);
    child.kill('SIGINT');
    const { rc, output } = await end;
    assert.equal(rc, 130, output);
    assert.ok(await allOn());
    await becomesWhole();
    await noResponderLeft();
  });

  it('is healed by its guard where it is killed', async () => {
    await becomesWhole();
    const child = await untilPlugIsPulled();
    child.kill('SIGKILL');
    for (let tries = 0; tries < 400 && !(await allOn()); tries++) await sleep(100);
    assert.ok(await allOn());
    await becomesWhole();
    // Its probes have ended with it: nothing of the drill runs in the client's namespace.
    const probes = spawnSync('pgrep', ['-f', `muster-probe.cjs .*10\\.77\\.0\\.100`], { encoding: 'utf8' });
    const left = probes.stdout.split('\n').filter((pid) => pid !== '');
    const ours = left.filter((pid) => sameNamespace(pid, lab().paths.clientNamespace));
    assert.deepEqual(ours, []);
  });

  it('moves the address on standby, without a failed request', async () => {
    await becomesWhole();
    const only = ['--nodes', await holder()];
    const { rc, output } = await run('drill', ...inventory, '--scenario', 'switchover', ...only, '--json', 's.json');
    assert.equal(rc, 0, output);
    const result = JSON.parse(readFileSync(join(folder, 's.json'), 'utf8'));
    const [step] = result.steps;
    assert.ok(step.phasesMs.takenOver !== null, 'another node answered');
    assert.equal(result.failedRequests, 0);
    assert.equal(result.doubleHolderMs, 0);
  });
});

function sameNamespace(pid: string, file: string): boolean {
  const inode = (path: string): string =>
    spawnSync('stat', ['-L', '-c', '%i', path], { encoding: 'utf8' }).stdout.trim();
  const own = inode(`/proc/${pid}/ns/net`);
  return own !== '' && own === inode(file);
}
