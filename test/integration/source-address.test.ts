/** musterd's own IPsrcaddr with this machine's kernel and its ip(8), in a network namespace. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourceAddressProgram } from '../../src/supervisor/resources/source-address.ts';

const space = `m${process.pid}src`;
const virtual = '10.77.0.100';

describe('the source address of what a node begins', function () {
  this.timeout(60_000);
  let folder: string;
  const ip = (...words: string[]): string => execFileSync('ip', ['-n', space, ...words], { encoding: 'utf8' });
  const routes = (): string => ip('route', 'show');
  const sourceOf = (target: string): string | undefined => / src (\S+)/.exec(ip('route', 'get', target))?.[1];
  const holds = (): string => ip('address', 'add', `${virtual}/24`, 'dev', 'veth0');
  const loses = (): string => ip('address', 'del', `${virtual}/24`, 'dev', 'veth0');

  function act(action: 'start' | 'stop' | 'monitor'): { code: number | null; said: string } {
    const words = ['perl', '-e', sourceAddressProgram, virtual, action, join(folder, 'was')];
    const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', space, ...words], { encoding: 'utf8' });
    return { code: status, said: `${stdout}${stderr}` };
  }
  const ends = (action: 'start' | 'stop' | 'monitor', code: number, said = /^$/): void => {
    const end = act(action);
    assert.equal(end.code, code, `${action}: ${end.said}\n${routes()}`);
    assert.match(end.said, said);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-source-'));
    execFileSync('ip', ['netns', 'add', space]);
    ip('link', 'set', 'lo', 'up');
    ip('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1');
    for (const device of ['veth0', 'veth1']) ip('link', 'set', device, 'up');
    ip('address', 'add', '10.77.0.11/24', 'dev', 'veth0');
    ip('route', 'add', '10.99.0.0/16', 'via', '10.77.0.9');
    ip('route', 'add', 'default', 'via', '10.77.0.254', 'dev', 'veth0', 'metric', '50');
    // Where each of musterd's addresses always lies.
    ip('address', 'add', `${virtual}/32`, 'dev', 'lo');
  });
  afterEach(() => {
    execFileSync('ip', ['netns', 'delete', space]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('is the virtual one from start to stop, and then what it was', () => {
    const before = routes();
    ends('monitor', 7, /no default route has the source/);
    holds();
    ends('start', 0);
    // Its neighbours, of which the other nodes have the virtual one as well, see its own.
    assert.deepEqual(['192.0.2.1', '10.77.0.12'].map(sourceOf), [virtual, '10.77.0.11']);
    ends('monitor', 0);
    ends('start', 0);
    ends('stop', 0);
    ends('monitor', 7, /no default route/);
    assert.equal(sourceOf('192.0.2.1'), '10.77.0.11');
    assert.equal(routes(), before);
    ends('stop', 0);
    assert.equal(routes(), before);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is put right also where the address has gone first', () => {
    const before = routes();
    holds();
    ends('start', 0);
    loses();
    // The kernel keeps the route, as the address lies on lo yet.
    assert.equal(sourceOf('192.0.2.1'), virtual);
    ends('stop', 0);
    assert.equal(routes(), before);
    holds();
    ends('start', 0);
    // Without a packet filter it lies nowhere else, and the route goes with it.
    ip('address', 'del', `${virtual}/32`, 'dev', 'lo');
    loses();
    assert.doesNotMatch(routes(), /default/);
    ends('monitor', 7, /no default route/);
    ends('stop', 0);
    assert.equal(routes(), before);
  });

  it('is left as somebody else has made it since then', () => {
    holds();
    ends('start', 0);
    ip('route', 'replace', 'default', 'via', '10.77.0.253', 'dev', 'veth0', 'metric', '50');
    ends('monitor', 7, /no default route/);
    ends('stop', 0);
    assert.match(routes(), /^default via 10\.77\.0\.253 dev veth0 metric 50/m);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is not set where it cannot be', () => {
    const before = routes();
    ends('start', 1, /is on no network device of this node/);
    ip('route', 'del', 'default');
    holds();
    ends('start', 1, /no default route goes through veth0/);
    ends('stop', 0);
    loses();
    ip('route', 'add', 'default', 'via', '10.77.0.254', 'dev', 'veth0', 'metric', '50');
    assert.equal(routes(), before);
  });

  it('is set for each of several default routes, and each gets back what it had', () => {
    ip('address', 'add', '10.77.0.21/24', 'dev', 'veth0');
    ip('route', 'add', 'default', 'via', '10.77.0.253', 'dev', 'veth0', 'src', '10.77.0.21', 'metric', '70');
    const before = routes();
    holds();
    ends('start', 0);
    assert.equal(routes().match(new RegExp(`^default .* src ${virtual}`, 'gm'))?.length, 2);
    ends('stop', 0);
    assert.equal(routes(), before);
  });
});
