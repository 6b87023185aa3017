import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FenceDevice } from '../../src/model/fencing.ts';
import { FenceAgent } from '../../src/supervisor/fencing/fence-agent.ts';
import { machineTools } from '../../src/supervisor/fencing/parts.ts';
import { stonithDevice, stonithLine } from '../../src/supervisor/fencing/stonith-program.ts';
import { installPackages } from '../debian/installed.ts';

const same = (text: string): string => text;

describe("Debian's own agents", function () {
  this.timeout(600_000);
  let folder = '';
  before(() => {
    installPackages({ '/usr/sbin/fence_dummy': 'fence-agents', '/usr/sbin/stonith': 'cluster-glue' });
    folder = mkdtempSync(join(tmpdir(), 'muster-agents-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function dummy(more: Partial<FenceDevice> = {}): FenceAgent {
    const device: FenceDevice = {
      name: 'dummy',
      agent: 'fence_dummy',
      options: { type: 'file', status_file: join(folder, 'status') },
      nodes: { n1: { plug: '1' } },
      action: 'reboot',
      timeout: 60_000,
      ...more,
    };
    return new FenceAgent(
      device,
      'n2',
      machineTools(join(folder, 'run'), () => performance.now()),
      same,
    );
  }

  it('fence-agents: one switches off, confirms it, and switches on again', async () => {
    writeFileSync(join(folder, 'status'), 'on');
    const device = dummy();
    assert.deepEqual(await device.test(), { ok: true, text: 'answers' });
    assert.deepEqual(await device.fence('n1'), { ok: true, text: 'says that n1 is off' });
    assert.equal(readFileSync(join(folder, 'status'), 'utf8').trim(), 'off');
    assert.equal((await device.revive!('n1')).ok, true);
    assert.equal(readFileSync(join(folder, 'status'), 'utf8').trim(), 'on');
  });

  it('fence-agents: fence_ipmilan says why a BMC that is not there has fenced nobody', async () => {
    const device = dummy({
      agent: 'fence_ipmilan',
      options: {
        ip: '127.0.0.1',
        ipport: '9',
        username: 'a',
        password: 'b',
        lanplus: 'true',
        power_timeout: '1',
        login_timeout: '1',
        ipmitool_timeout: '1',
      },
      timeout: 8000,
    });
    const { ok, text } = await device.fence('n1');
    assert.equal(ok, false);
    assert.match(text, /^(ended with 1: |timed out after )/);
    assert.equal((await device.test()).ok, false);
  });

  it('cluster-glue: stonith takes parameters from a file and from the environment', async () => {
    const tools = machineTools(join(folder, 'run'), () => performance.now());
    const fileOf = (name: string, parameters: string): string => {
      writeFileSync(join(folder, name), `${parameters}\n`, { mode: 0o600 });
      return join(folder, name);
    };
    const host = { directive: 'stonith_host', from: '*', type: 'null', parameters: 'n1 n3' } as const;
    const line = stonithLine(host, 0, 60_000, fileOf, tools, same);
    assert.deepEqual(await line.test(), { ok: true, text: 'answers' });
    assert.deepEqual(await line.fence('n1'), { ok: true, text: 'has reset n1' });
    const device = stonithDevice(
      {
        name: 'old',
        agent: 'stonith:null',
        options: { hostlist: 'n1 n3' },
        nodes: { n1: {} },
        action: 'off',
        timeout: 60_000,
      },
      false,
      tools,
      same,
    );
    assert.deepEqual(await device.fence('n1'), { ok: true, text: 'has switched n1 off' });
    const nobody = await stonithDevice(
      { name: 'none', agent: 'stonith:nosuch', options: {}, nodes: { n1: {} }, action: 'off', timeout: 60_000 },
      false,
      tools,
      same,
    ).fence('n1');
    assert.equal(nobody.ok, false);
  });
});
