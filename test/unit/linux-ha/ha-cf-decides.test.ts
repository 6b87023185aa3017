import assert from 'node:assert/strict';
import { Rehearsal } from '../../../src/core/rehearsal.ts';
import { parseConfiguration } from '../../../src/linux-ha/cluster.ts';

/** What nodes with this in ha.cf decide, played through by the nodes' own rules. Three of them; n1 is preferred. */
function rehearse(lines: string, absent: readonly string[] = []): Rehearsal {
  const { cluster } = parseConfiguration({
    'ha.cf': `node n1 n2 n3\nbcast eth0\n${lines}\n`,
    authkeys: 'auth 1\n1 sha256 not-a-secret\n',
    haresources: 'n1 10.0.0.1/24/eth0\n',
    'muster.yml': 'lease: 1s\n',
  });
  return new Rehearsal(cluster, absent);
}

const group = '10.0.0.1';
const times = 'keepalive 100ms\nwarntime 500ms\ndeadtime 1s\n';

describe('what ha.cf decides, as the nodes play it', function () {
  // A second of work, which takes long where others share the machine.
  this.timeout(120_000);
  for (const [directive, home] of [
    ['auto_failback on', true],
    ['auto_failback off', false],
    ['auto_failback legacy', true],
    ['nice_failback on', false],
    ['nice_failback off', true],
    ['# nothing of it', true],
  ] as const)
    it(`${directive}: a group ${home ? 'goes back to' : 'stays away from'} its preferred node that has returned`, () => {
      const rehearsal = rehearse(times + directive);
      rehearsal.settle();
      assert.deepEqual(rehearsal.holders(group), ['n1']);
      rehearsal.kill('n1');
      rehearsal.settle();
      const [away] = rehearsal.holders(group);
      assert.ok(away !== undefined && away !== 'n1');
      rehearsal.start('n1');
      rehearsal.settle();
      assert.deepEqual(rehearsal.holders(group), [home ? 'n1' : away]);
    });

  for (const initdead of [3000, 30_000])
    it(`initdead ${initdead}ms: so long a preferred node that has not come up is waited for`, () => {
      const rehearsal = rehearse(`${times}initdead ${initdead}ms`, ['n1']);
      rehearsal.settle();
      const { at } = rehearsal.decisions.find(({ what }) => what === 'takeover')!;
      assert.ok(at >= initdead && at < initdead + 2000, `taken after ${at} ms`);
    });

  for (const [warntime, deadtime] of [
    [400, 1000],
    [2000, 5000],
  ] as const)
    it(`warntime ${warntime}ms, deadtime ${deadtime}ms: after such silence a node is late, then dead`, () => {
      const keepalive = 100;
      const rehearsal = rehearse(`keepalive ${keepalive}ms\nwarntime ${warntime}ms\ndeadtime ${deadtime}ms`);
      rehearsal.settle();
      rehearsal.kill('n1');
      const killedAt = rehearsal.now;
      const stateOf = (): string => rehearsal.view('n2').nodes.find(({ name }) => name === 'n1')!.state;
      rehearsal.run(warntime - 2 * keepalive);
      assert.equal(stateOf(), 'up');
      rehearsal.run(2 * keepalive + 10);
      assert.equal(stateOf(), 'late');
      rehearsal.run(deadtime);
      const { at } = rehearsal.decisions.find(({ what, by }) => what === 'node-dead' && by === 'n2')!;
      // Its last sign of life was some part of a keepalive before its end.
      assert.ok(at - killedAt > deadtime - 2 * keepalive && at - killedAt <= deadtime + 1, `${at - killedAt} ms`);
    });
});
