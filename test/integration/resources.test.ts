/** Debian's own resource agents, run by what runs them on a node. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GroupPhase } from '../../src/core/resources/event.ts';
import { parseHaresources } from '../../src/linux-ha/haresources.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { ResourceRules } from '../../src/model/resource-settings.ts';
import { ResourceKeeper } from '../../src/supervisor/resources/keeper.ts';
import { agentPlaces } from '../../src/supervisor/resources/locate.ts';
import { ResourceOperations } from '../../src/supervisor/resources/operations.ts';
import { groupSetups, runnableResources } from '../../src/supervisor/resources/runnable.ts';
import { installPackages } from '../debian/installed.ts';
import { unpackedPackage } from '../debian/unpacked.ts';
import { clusterOf } from '../simulation/cluster.ts';

describe("Debian's resource agents", function () {
  this.timeout(240_000);
  let root: string;
  let ocf: string;
  const keepers: ResourceKeeper[] = [];

  before(() => {
    ocf = existsSync('/usr/lib/ocf/resource.d/heartbeat/Dummy')
      ? '/usr/lib/ocf'
      : join(unpackedPackage('resource-agents'), 'usr/lib/ocf');
  });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'muster-agents-'));
  });
  afterEach(() => {
    for (const keeper of keepers.splice(0)) keeper.stop();
    const pid = existsSync(file('sleep.pid')) ? Number(readFileSync(file('sleep.pid'), 'utf8')) : 0;
    if (pid > 0 && existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
    rmSync(root, { recursive: true, force: true });
  });

  const file = (name: string): string => join(root, name);

  /** musterd's part for one line of haresources, begun, with what it says kept. */
  async function begin(
    line: string,
    rules: ResourceRules,
  ): Promise<{ keeper: ResourceKeeper; said: string[]; phase: (wanted: GroupPhase) => Promise<void> }> {
    const groups = parseHaresources(`node1 ${line}`).map((group) => ({ ...group, name: 'shop' }));
    const cluster: Cluster = {
      ...clusterOf({ nodes: 3, arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false }),
      groups,
      resources: rules,
    };
    const runnable = runnableResources(cluster);
    const said: string[] = [];
    const operations = new ResourceOperations({
      groups: runnable,
      node: 'node1',
      environment: {},
      directory: file('run'),
      places: { ...agentPlaces, ocf, state: file('state') },
      onDone: (id, outcome) => keeper.done(id, outcome),
    });
    const keeper = new ResourceKeeper({
      groups: groupSetups(cluster, runnable),
      now: () => performance.now(),
      run: (operation) => {
        said.push(`${operation.action} ${runnable.get('shop')![operation.index]!.name}`);
        operations.run(operation);
      },
      cancel: (id) => operations.cancel(id),
      onStanding: () => {},
      onGiveUp: (_, why) => said.push(`gives up: ${why}`),
      onFence: (_, why) => said.push(`fence: ${why}`),
      say: (_, why) => said.push(why),
    });
    keepers.push(keeper);
    await operations.recover();
    keeper.start();
    const phase = async (wanted: GroupPhase): Promise<void> => {
      for (let waited = 0; keeper.phaseOf('shop') !== wanted; waited++) {
        assert.ok(
          waited < 3000,
          `the group is ${keeper.phaseOf('shop')}, not ${wanted}, after 60 s:\n${said.join('\n')}`,
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    return { keeper, said, phase };
  }

  const changes = (said: readonly string[]): string[] => said.filter((text) => /^(start|stop) /.test(text));
  const quick = { monitorInterval: 100 };

  it('start in order, are looked after, started again, adopted by the next musterd, and stopped in reverse', async () => {
    const line = `ocf:heartbeat:Dummy::state=${file('a')} ocf:heartbeat:Dummy::state=${file('b')} ocf:heartbeat:anything::binfile=/bin/sleep::cmdline_options=1000::pidfile=${file('sleep.pid')}`;
    const rules: ResourceRules = {
      defaults: quick,
      groups: {
        shop: { needsFencing: true, agents: { 'Dummy-2': { settings: {}, parameters: { fake: 'two words' } } } },
      },
    };
    const first = await begin(line, rules);
    await first.phase('stopped');
    first.keeper.want('shop', 'run');
    await first.phase('running');
    assert.deepEqual(changes(first.said), ['start Dummy', 'start Dummy-2', 'start anything']);
    assert.ok(existsSync(file('a')) && existsSync(file('b')));
    const sleeper = Number(readFileSync(file('sleep.pid'), 'utf8'));
    process.kill(sleeper, 0);

    // Somebody takes the second one away behind its agent's back.
    rmSync(file('b'));
    await first.phase('changing');
    await first.phase('running');
    assert.deepEqual(changes(first.said).slice(3), [
      'stop anything',
      'stop Dummy-2',
      'start Dummy-2',
      'start anything',
    ]);
    assert.deepEqual(
      first.keeper.failures('shop').map(({ resource, count }) => [resource, count]),
      [['Dummy-2', 1]],
    );
    first.keeper.stop();

    const next = await begin(line, rules);
    await next.phase('running');
    next.keeper.want('shop', 'run');
    await next.phase('running');
    assert.deepEqual(changes(next.said), []);
    next.keeper.want('shop', 'stop');
    await next.phase('stopped');
    assert.deepEqual(changes(next.said), ['stop anything', 'stop Dummy-2', 'stop Dummy']);
    assert.equal(existsSync(file('a')) || existsSync(file('b')), false);
  });

  it('that cannot run here say so, and the group is given up at once', async () => {
    const { keeper, said, phase } = await begin('ocf:heartbeat:symlink', {
      defaults: quick,
      groups: {},
    });
    await phase('stopped');
    keeper.want('shop', 'run');
    for (let waited = 0; keeper.whyBarred('shop') === undefined; waited++) {
      assert.ok(waited < 3000, said.join('\n'));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await phase('stopped');
    assert.match(keeper.whyBarred('shop')!, /^symlink cannot run there: /);
    assert.ok(changes(said).filter((text) => text === 'start symlink').length <= 1);
    assert.equal(said.filter((text) => text.startsWith('gives up: ')).length, 1);
  });

  // Its packages are many.
  if (process.env.MUSTER_FULL !== '0')
    describe('of a web server', () => {
      const own = (): number[] =>
        readdirSync('/proc').flatMap((entry) => {
          if (!/^\d+$/.test(entry)) return [];
          try {
            return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(`${file('httpd.conf')}\0`)
              ? [Number(entry)]
              : [];
          } catch {
            return []; // It has ended meanwhile.
          }
        });
      before(() => installPackages({ '/usr/sbin/apache2': 'apache2-bin', '/usr/bin/wget': 'wget' }));
      afterEach(() => {
        for (const keeper of keepers.splice(0)) keeper.stop();
        for (const pid of own()) process.kill(pid, 'SIGKILL');
      });

      it('start it again at once where its parent process alone was killed, and leave nothing of it', async () => {
        const server = createServer().listen(0, '127.0.0.1');
        await new Promise((resolve) => server.once('listening', resolve));
        const { port } = server.address() as AddressInfo;
        await new Promise((resolve) => server.close(resolve));
        const modules = ['mpm_event', 'authz_core', 'status'].map(
          (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`,
        );
        writeFileSync(
          file('httpd.conf'),
          `${modules.join('')}ServerRoot ${root}
DefaultRuntimeDir ${root}
PidFile ${file('httpd.pid')}
ErrorLog ${file('error.log')}
ServerName localhost
Listen 127.0.0.1:${port}
User www-data
Group www-data
<Location /server-status>
  SetHandler server-status
</Location>
`,
        );
        const line = `ocf:heartbeat:apache::configfile=${file('httpd.conf')}::httpd=/usr/sbin/apache2`;
        const { keeper, said, phase } = await begin(line, { defaults: quick, groups: {} });
        await phase('stopped');
        keeper.want('shop', 'run');
        await phase('running');
        const parent = Number(readFileSync(file('httpd.pid'), 'utf8'));
        assert.ok(own().length > 1, 'it has children, which keep its socket');
        process.kill(parent, 'SIGKILL');
        await phase('changing');
        await phase('running');
        assert.notEqual(Number(readFileSync(file('httpd.pid'), 'utf8')), parent);
        assert.deepEqual(changes(said), ['start apache', 'stop apache', 'start apache'], said.join('\n'));
        keeper.want('shop', 'stop');
        await phase('stopped');
        assert.deepEqual(own(), []);
      });
    });
});
