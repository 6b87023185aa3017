import assert from 'node:assert/strict';
import type { FenceDevice } from '../../../../src/model/fencing.ts';
import { FenceAgent } from '../../../../src/supervisor/fencing/fence-agent.ts';
import { actionOf, type Call, ended, fakeTools, late, metadata } from './fake-tools.ts';

const device: FenceDevice = {
  name: 'ipmi',
  agent: 'fence_ipmilan',
  options: { username: 'admin', password: 'pa55', lanplus: 'true' },
  nodes: { n1: { ip: '10.9.0.1' }, n2: { ip: '10.9.0.2', password: 'other' }, n3: { ip: '10.9.0.3' } },
  action: 'off',
  timeout: 20_000,
};
const plugs = { n1: { plug: '1' }, n2: { plug: '2' } };
const all = metadata('on', 'off', 'reboot', 'status', 'monitor', 'metadata');

/** An agent whose answers to each action follow each other; the last one stays. */
function agent(answers: Readonly<Record<string, readonly ReturnType<typeof ended>[]>>, of: Partial<FenceDevice> = {}) {
  const counts = new Map<string, number>();
  const { tools, calls } = fakeTools((call) => {
    const action = actionOf(call);
    const list = answers[action] ?? (action === 'metadata' ? [all] : [ended(1, `no ${action}`)]);
    const count = counts.get(action) ?? 0;
    counts.set(action, count + 1);
    return list[Math.min(count, list.length - 1)]!;
  });
  const mask = (text: string): string => text.replaceAll('pa55', '(secret)');
  return { agent: new FenceAgent({ ...device, ...of }, 'n3', tools, mask), calls, tools };
}

const actions = (calls: readonly Call[]): string[] => calls.map(actionOf).filter((action) => action !== 'metadata');

describe('a device of fence-agents', () => {
  it('is told everything on standard input, where what the node says wins', async () => {
    const { agent: ipmi, calls } = agent({ off: [ended(0)], status: [ended(2)] });
    await ipmi.fence('n2');
    assert.deepEqual(calls[0]!.input, [
      'action=off',
      'username=admin',
      'password=other',
      'lanplus=true',
      'ip=10.9.0.2',
    ]);
    assert.deepEqual([calls[0]!.program, calls[0]!.args, calls[0]!.environment], ['/usr/sbin/fence_ipmilan', [], {}]);
  });

  it('has fenced a node when its status says that it is off, not when the command has succeeded', async () => {
    const { agent: ipmi, calls } = agent({ off: [ended(0)], status: [ended(0), ended(1), ended(2)] });
    assert.deepEqual(await ipmi.fence('n1'), { ok: true, text: 'says that n1 is off' });
    assert.deepEqual(actions(calls), ['off', 'status', 'status', 'status']);
  });

  it('has not fenced a node whose status stays on, and says so when its time is over', async () => {
    const { agent: ipmi, tools } = agent({ off: [ended(0)], status: [ended(0)] });
    const { ok, text } = await ipmi.fence('n1');
    assert.deepEqual([ok, text], [false, 'switched off, and then says that n1 is on for 20 s']);
    assert.ok(tools.now() <= 20_500);
  });

  it('has fenced a node that is off although the answer to the command was lost', async () => {
    for (const end of [late, ended(1, 'Timed out waiting to power OFF'), ended(undefined)]) {
      const { agent: ipmi } = agent({ off: [end], status: [ended(2)] });
      assert.deepEqual(await ipmi.fence('n1'), { ok: true, text: 'says that n1 is off' });
    }
  });

  it('says why it could not, without a password', async () => {
    const { agent: ipmi } = agent({ off: [ended(1, 'noise\nlogin with pa55 refused\n')], status: [ended(0)] });
    assert.deepEqual(await ipmi.fence('n1'), { ok: false, text: 'ended with 1: login with (secret) refused' });
    const dead = agent({ off: [late], status: [late] });
    assert.deepEqual(await dead.agent.fence('n1'), { ok: false, text: 'timed out after 15 s' });
  });

  it('is believed where it has no status to be asked for, and only there', async () => {
    const blind = { off: [ended(0)], metadata: [metadata('off', 'on')] };
    assert.deepEqual(await agent(blind).agent.fence('n1'), {
      ok: true,
      text: 'says that it has switched it off, and cannot be asked more',
    });
    // An agent that does not say what it can do is not taken for one that cannot.
    for (const unknown of [ended(1), ended(0, 'nothing')]) {
      const { ok } = await agent({ off: [ended(0)], metadata: [unknown], status: [ended(1, 'no')] }).agent.fence('n1');
      assert.equal(ok, false);
    }
    const failed = agent({ off: [ended(1, 'no')], metadata: [metadata('off')] });
    assert.deepEqual(await failed.agent.fence('n1'), { ok: false, text: 'ended with 1: no' });
  });

  it('needs its program', async () => {
    const { agent: ipmi } = agent({}, { agent: 'fence_missing' });
    const missing = 'needs the program fence_missing, which this machine has not';
    assert.deepEqual(await ipmi.fence('n1'), { ok: false, text: missing });
    assert.deepEqual(await ipmi.test(), { ok: false, text: missing });
    // Gone in the middle of a fencing: that has failed, and musterd goes on.
    const { agent: going, tools } = agent({ off: [ended(0)], status: [ended(2)] });
    const { find, run } = tools;
    let gone = false;
    Object.assign(tools, {
      find: (name: string) => (gone ? undefined : find(name)),
      run: async (...told: Parameters<typeof run>) => {
        gone = told[0].input?.includes('action=off') === true || gone;
        return await run(...told);
      },
    });
    assert.deepEqual(await going.fence('n1'), { ok: false, text: missing.replace('missing', 'ipmilan') });
  });

  it('switches a node on again only where that is configured', async () => {
    assert.equal(agent({}).agent.revive, undefined);
    const { agent: ipmi, calls } = agent({ on: [ended(0)] }, { action: 'reboot' });
    assert.deepEqual(await ipmi.revive!('n1'), { ok: true, text: 'has switched n1 on again' });
    assert.deepEqual(actions(calls), ['on']);
    const fabric = agent({ on: [ended(0)], metadata: [metadata('on', 'off', 'status')] }, { action: 'reboot' });
    const refused = 'does not let n1 back in: its agent cannot reboot, so it only cuts nodes off';
    assert.deepEqual(await fabric.agent.revive!('n1'), { ok: false, text: refused });
    assert.deepEqual(actions(fabric.calls), []);
  });

  it('is tested by the state of each node but the own one, which shows a plug that is not there', async () => {
    const { agent: ipmi, calls } = agent({ status: [ended(0), ended(2)] });
    assert.deepEqual(await ipmi.test(), { ok: true, text: 'answers' });
    assert.deepEqual(
      calls.flatMap((call) => call.input.flatMap((line) => (line.startsWith('ip=') ? [[actionOf(call), line]] : []))),
      ['ip=10.9.0.1', 'ip=10.9.0.2'].map((ip) => ['status', ip]),
    );
    const unplugged = agent({ status: [ended(0), ended(1, 'no such plug')] }, { nodes: plugs });
    assert.deepEqual(await unplugged.agent.test(), {
      ok: false,
      text: 'does not answer for n2: it ended with 1: no such plug',
    });
  });

  it('is tested by its own test where it knows no state, once for all nodes with the same options', async () => {
    const blind = [metadata('off', 'monitor')];
    const pdu = agent({ monitor: [ended(0)], metadata: blind }, { nodes: plugs });
    assert.equal((await pdu.agent.test()).ok, true);
    assert.deepEqual(actions(pdu.calls), ['monitor']);
    const broken = agent({ monitor: [ended(0), ended(1, 'Unable to connect')], metadata: blind });
    assert.deepEqual(await broken.agent.test(), {
      ok: false,
      text: 'does not answer for n2: it ended with 1: Unable to connect',
    });
    assert.deepEqual(actions(broken.calls), ['monitor', 'monitor']);
  });
});
