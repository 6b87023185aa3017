import assert from 'node:assert/strict';
import type { FenceDevice } from '../../../../src/model/fencing.ts';
import { stonithDevice, stonithLine } from '../../../../src/supervisor/fencing/stonith-program.ts';
import { ended, fakeTools, late } from './fake-tools.ts';

const device: FenceDevice = {
  name: 'old',
  agent: 'stonith:external/ipmi',
  options: { userid: 'admin', passwd: 'pa55' },
  nodes: { n1: { ipaddr: '10.9.0.1' }, n2: { ipaddr: '10.9.0.2', plug: 'second' } },
  action: 'off',
  timeout: 20_000,
};
const same = (text: string): string => text;

describe("a device of cluster-glue's stonith", () => {
  it('finds its parameters in the environment, where nobody else sees them', async () => {
    const { tools, calls } = fakeTools(() => ended(0));
    assert.deepEqual(await stonithDevice(device, false, tools, same).fence('n2'), {
      ok: true,
      text: 'has switched n2 off',
    });
    assert.deepEqual(calls[0], {
      program: '/usr/sbin/stonith',
      args: ['-t', 'external/ipmi', '-E', '-T', 'off', 'second'],
      environment: { userid: 'admin', passwd: 'pa55', ipaddr: '10.9.0.2' },
      input: [],
    });
  });

  it('resets where the node is to come back; but with others that fence it too, it switches off, and on after all of them', async () => {
    const { tools, calls } = fakeTools(() => ended(0));
    const alone = stonithDevice({ ...device, action: 'reboot' }, false, tools, same);
    assert.deepEqual(await alone.fence('n1'), { ok: true, text: 'has reset n1' });
    assert.equal(alone.revive, undefined);
    const joint = stonithDevice({ ...device, action: 'reboot' }, true, tools, same);
    await joint.fence('n1');
    await joint.revive!('n1');
    assert.deepEqual(
      calls.map(({ args }) => args.slice(-2)),
      [
        ['reset', 'n1'],
        ['off', 'n1'],
        ['on', 'n1'],
      ],
    );
  });

  it('as a line of ha.cf finds its parameters in a file, and resets as heartbeat did', async () => {
    const { tools, calls } = fakeTools(() => ended(0));
    const files: string[][] = [];
    const fileOf = (name: string, parameters: string): string => {
      files.push([name, parameters]);
      return `/run/${name}`;
    };
    const host = { directive: 'stonith_host', from: '*', type: 'baytech', parameters: '10.0.0.3 me pa55' } as const;
    const line = stonithLine(host, 1, 60_000, fileOf, tools, same);
    assert.equal((await line.fence('n1')).ok, true);
    assert.equal((await line.test()).ok, true);
    const file = { directive: 'stonith', type: 'ssh', file: '/etc/ha.d/ssh.conf' } as const;
    await stonithLine(file, 2, 60_000, fileOf, tools, same).fence('n2');
    assert.deepEqual(files, [['stonith_host-2', '10.0.0.3 me pa55']]);
    assert.deepEqual(
      calls.map(({ args }) => args.join(' ')),
      [
        '-t baytech -F /run/stonith_host-2 -T reset n1',
        '-t baytech -F /run/stonith_host-2 -S',
        '-t ssh -F /etc/ha.d/ssh.conf -T reset n2',
      ],
    );
  });

  it('says why it could not', async () => {
    const { tools } = fakeTools(({ args }) =>
      args.includes('-S') ? late : ended(1, 'stonith: n9 not controlled by host\n'),
    );
    const old = stonithDevice(device, false, tools, same);
    assert.deepEqual(await old.fence('n1'), { ok: false, text: 'ended with 1: stonith: n9 not controlled by host' });
    assert.deepEqual(await old.test(), { ok: false, text: 'does not answer: it timed out after 20 s' });
  });
});
