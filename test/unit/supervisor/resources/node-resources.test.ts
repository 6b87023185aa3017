import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { GroupPhase } from '../../../../src/core/resources/event.ts';
import type { Cluster } from '../../../../src/model/cluster.ts';
import { noGroupPlacement, noPlacement } from '../../../../src/model/placement.ts';
import { Journal } from '../../../../src/supervisor/journal.ts';
import { NodeResources, type Told } from '../../../../src/supervisor/resources/node-resources.ts';
import { clusterOf } from '../../../simulation/cluster.ts';
import { AgentMachine } from './machine.ts';

/** Notes what it does; it runs while its file is there, and takes a second to start where `slow` is. */
const agent = `echo "$2 $1" >>"$ROOT/log"
case $2 in
  start) [ -e "$ROOT/slow" ] && sleep 1; [ -e "$ROOT/broken" ] && exit 1; touch "$ROOT/$1.runs" ;;
  stop) rm -f "$ROOT/$1.runs" ;;
  status) [ -e "$ROOT/$1.runs" ] && echo running || echo stopped ;;
esac`;

describe('the resources of a node', function () {
  this.timeout(60_000);
  let machine: AgentMachine;
  const begun: NodeResources[] = [];
  beforeEach(() => {
    machine = new AgentMachine();
    machine.script('ha.d/resource.d/noted', agent);
  });
  afterEach(() => {
    for (const resources of begun.splice(0)) resources.stop();
    machine.remove();
  });

  const settings = { monitorInterval: 50, failureTimeout: 600_000, migrationThreshold: 2 };
  const cluster: Cluster = {
    ...clusterOf({ nodes: 3, arbiters: 0, groups: 1, autoFailback: false, driftBound: 0.001, fast: false }),
    groups: [
      {
        name: 'shop',
        preferred: 'node1',
        resources: ['a', 'b'].map((arg) => ({ kind: 'agent', agent: 'noted', args: [arg] })),
      },
    ],
    resources: { defaults: settings, groups: {} },
  };

  interface Begun {
    readonly resources: NodeResources;
    readonly journal: Journal;
    readonly last: () => Extract<Told, { type: 'resources' }>;
    readonly phase: (wanted: GroupPhase, answers: number) => Promise<void>;
  }

  function begin(of = cluster): Begun {
    const told: Told[] = [];
    const journal = new Journal('node1', { write: () => {}, flush: async () => {} });
    const resources = new NodeResources({
      cluster: of,
      self: 'node1',
      environment: {},
      directory: machine.path('run'),
      journal,
      now: () => performance.now(),
      dispatch: (event) => told.push(event),
      places: machine.places,
    });
    begun.push(resources);
    void resources.start();
    const last = (): Extract<Told, { type: 'resources' }> =>
      told.filter((one): one is Extract<Told, { type: 'resources' }> => one.type === 'resources').at(-1)!;
    const phase = async (wanted: GroupPhase, answers: number): Promise<void> => {
      for (let waited = 0; last()?.phase !== wanted || last().answers < answers; waited++) {
        assert.ok(waited < 2000, `${JSON.stringify(told)}\n${journal.recent(50).map(({ why }) => why)}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    return { resources, journal, last, phase };
  }

  /** Wants what cannot start, until it is given up. */
  async function giveUp({ resources, last }: Begun): Promise<void> {
    resources.want({ group: 'shop', wish: 'run', urgently: false, id: 1 });
    for (let waited = 0; last()?.barred === undefined || last().phase !== 'stopped'; waited++) {
      assert.ok(waited < 2000);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const log = (): string[] =>
    existsSync(machine.path('log'))
      ? readFileSync(machine.path('log'), 'utf8')
          .split('\n')
          .filter((line) => /^(start|stop) /.test(line))
      : [];

  it('answer every wish, and say in the journal what was done', async () => {
    const { resources, journal, last, phase } = begin();
    await phase('stopped', 0);
    resources.want({ group: 'shop', wish: 'run', urgently: false, id: 1 });
    await phase('running', 1);
    assert.deepEqual(log(), ['start a', 'start b']);
    assert.deepEqual(last(), {
      type: 'resources',
      group: 'shop',
      phase: 'running',
      dirty: false,
      barred: undefined,
      answers: 1,
    });
    resources.want({ group: 'shop', wish: 'run', urgently: false, id: 2 });
    await phase('running', 2);
    resources.want({ group: 'shop', wish: 'stop', urgently: false, id: 3 });
    await phase('stopped', 3);
    assert.deepEqual(log().slice(2), ['stop b', 'stop a']);
    const said = journal.recent(100).map(({ why }) => why.replace(/\d+ ms/, 'N ms'));
    for (const line of [
      'noted: is started',
      'noted: started in N ms',
      'noted-2: is stopped',
      'noted-2: stopped in N ms',
    ])
      assert.ok(said.includes(line), `${line} in ${said}`);
    assert.deepEqual(
      resources.status('shop').map(({ name, state, failures }) => [name, state, failures]),
      [
        ['noted', 'stopped', 0],
        ['noted-2', 'stopped', 0],
      ],
    );
  });

  it('that were being started when musterd was killed are waited for and found, and none is started twice', async () => {
    writeFileSync(machine.path('slow'), '');
    const first = begin();
    await first.phase('stopped', 0);
    first.resources.want({ group: 'shop', wish: 'run', urgently: false, id: 1 });
    for (let waited = 0; log().length === 0; waited++) {
      assert.ok(waited < 2000);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // What a kill leaves behind: nobody listens any more, and the start goes on.
    first.resources.stop();
    const next = begin();
    // The core wants it before anybody knows what the last one had begun.
    next.resources.want({ group: 'shop', wish: 'run', urgently: false, id: 1 });
    await next.phase('running', 1);
    assert.deepEqual(log(), ['start a', 'start b']);
    assert.ok(next.journal.recent(100).some(({ why }) => why === 'noted runs already'));
  });

  it('that fail too often are given up with the reason, and may run again when that is cleared', async () => {
    writeFileSync(machine.path('broken'), '');
    const { resources, last, journal } = begin();
    resources.want({ group: 'shop', wish: 'run', urgently: false, id: 1 });
    for (let waited = 0; last()?.barred === undefined || last().phase !== 'stopped'; waited++) {
      assert.ok(waited < 2000);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(last().barred, 'noted failed there 2 times: start: exit code 1');
    assert.equal(journal.recent(100).filter(({ what }) => what === 'gives-up').length, 1);
    rmSync(machine.path('broken'));
    resources.clear('shop');
    for (let waited = 0; last().phase !== 'running'; waited++) {
      assert.ok(waited < 2000);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(last().barred, undefined);
  });

  it('that were given up are not tried again by a musterd that was restarted, unless they are others by then', async () => {
    writeFileSync(machine.path('broken'), '');
    const first = begin();
    await giveUp(first);
    const { barred } = first.last();
    const known = first.resources
      .status('shop')
      .map(({ name, failures, lastFailure }) => [name, failures, lastFailure]);
    first.resources.stop();
    const starts = log().length;
    const next = begin();
    next.resources.want({ group: 'shop', wish: 'run', urgently: false, id: 1 });
    await next.phase('stopped', 1);
    assert.equal(next.last().barred, barred);
    assert.deepEqual(
      next.resources.status('shop').map(({ name, failures, lastFailure }) => [name, failures, lastFailure]),
      known,
    );
    assert.equal(log().length, starts, 'it is not started again');
    next.resources.stop();
    const [a, b] = cluster.groups[0]!.resources;
    const changed = {
      ...cluster.groups[0]!,
      resources: [{ ...a!, args: ['c'] }, b!],
    } as (typeof cluster.groups)[number];
    const third = begin({ ...cluster, groups: [changed] });
    await third.phase('stopped', 0);
    assert.equal(third.last().barred, undefined);
    assert.deepEqual(
      third.resources.status('shop').map(({ failures }) => failures),
      [0, 0],
    );
  });

  it('that an operator has mended stay so over a restart', async () => {
    writeFileSync(machine.path('broken'), '');
    const first = begin();
    await giveUp(first);
    first.resources.want({ group: 'shop', wish: 'stop', urgently: false, id: 2 });
    first.resources.clear('shop');
    first.resources.stop();
    const next = begin();
    await next.phase('stopped', 0);
    assert.equal(next.last().barred, undefined);
    assert.equal(next.resources.status('shop')[0]?.failures, 0);
  });

  it('that a changed configuration does not name any more are stopped as they were started', async () => {
    const first = begin();
    first.resources.want({ group: 'shop', wish: 'run', urgently: false, id: 1 });
    await first.phase('running', 1);
    first.resources.stop();
    const [a, b] = cluster.groups[0]!.resources;
    // The first has other arguments now, and the second is gone.
    const changed = { ...cluster.groups[0]!, resources: [{ ...a!, args: ['c'] }] } as (typeof cluster.groups)[number];
    const next = begin({ ...cluster, groups: [changed] });
    await next.phase('stopped', 0);
    assert.deepEqual(log(), ['start a', 'start b', 'stop b', 'stop a']);
    const said = next.journal.recent(100).map(({ why }) => why);
    assert.ok(said.includes('noted-2: it is not in the configuration any more, and is stopped'), said.join('\n'));
    next.resources.stop();
    const none = begin({ ...cluster, groups: [{ ...changed, resources: [b!] }] });
    await none.phase('stopped', 0);
    assert.deepEqual(log().slice(4), [], 'that was done once');
  });

  it('are waited for as long as all of them may take to stop, one after the other where groups have an order', () => {
    const [shop] = cluster.groups;
    const groups = [shop!, { ...shop!, name: 'mail', resources: shop!.resources.slice(1) }];
    const two = { ...cluster, groups, resources: { defaults: { stopTimeout: 10_000 }, groups: {} } };
    const rules = [{ kind: 'order', groups: ['shop', 'mail'], strict: false }] as const;
    // Two seconds for each to be killed.
    assert.equal(begin(two).resources.stopPatience, 24_000);
    assert.equal(begin({ ...two, placement: { ...noPlacement, rules } }).resources.stopPatience, 36_000);
  });

  it('whose agent is not there are worth an alert where the group may be, and are none where it may never be', async () => {
    const lost: Cluster = {
      ...cluster,
      groups: [{ name: 'shop', preferred: 'node2', resources: [{ kind: 'agent', agent: 'lost', args: [] }] }],
    };
    const bad = (journal: Journal): string[] =>
      journal.recent(100).flatMap(({ what, why }) => (what === 'resource-failed' ? [why] : []));
    const never = { ...noGroupPlacement, never: ['node1'] };
    const spared = begin({ ...lost, placement: { ...noPlacement, groups: { shop: never } } });
    await spared.phase('stopped', 0);
    assert.deepEqual(bad(spared.journal), []);
    assert.equal(spared.last().barred, undefined);
    assert.deepEqual(
      spared.resources.status('shop').map(({ state, failures }) => [state, failures]),
      [['stopped', 0]],
    );
    const why = spared.journal.recent(100).find(({ what }) => what === 'resource')?.why;
    assert.match(why ?? '', /^lost does not run here, where the group may never be: "lost" is no script of /);
    spared.resources.stop();

    const told = begin(lost);
    await told.phase('stopped', 0);
    assert.match(bad(told.journal)[0] ?? '', /^lost: probe: "lost" is no script of .*\(it cannot run here\)$/);
    assert.match(told.last().barred ?? '', /^lost cannot run there: /);
  });

  it('are nothing to wait for where no agent runs anything', async () => {
    const { resources } = begin({ ...cluster, groups: [{ name: 'shop', preferred: 'node1', resources: [] }] });
    await resources.start();
    assert.equal(resources.stopPatience, 0);
    assert.equal(existsSync(machine.path('run')), false);
  });
});
