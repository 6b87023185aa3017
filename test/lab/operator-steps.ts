/** What an operator does with a cluster of the lab, as he would type it; each step leaves the cluster as it has found it. */
import assert from 'node:assert/strict';
import type { FailCount } from '../../src/cli/failcounts.ts';
import type { AlertTargetStatus } from '../../src/wire/alerts.ts';
import type { MonitorStatus } from '../../src/wire/monitors.ts';
import type { Status } from '../../src/wire/status.ts';
import type { Ended } from './support.ts';

/** A cluster with the inventory `inventory/lab.yml`, in which group `db` has resource `watched`, and one target of alerts. */
export interface OperatedCluster {
  readonly nodes: readonly string[];
  /** A line of shell in the operator's folder, where `muster` is on the PATH. */
  readonly type: (line: string) => Promise<Ended>;
  readonly on: (node: string, command: string) => Promise<string>;
  readonly statusOf: (node: string) => Promise<Status | undefined>;
  readonly holderAmong: (nodes: readonly string[]) => Promise<string>;
  readonly until: <T>(what: string, look: () => Promise<T | undefined>) => Promise<T>;
}

const inventory = '-i inventory/lab.yml';

/** The agent of `watched`: what is in /run/watched runs, unless /run/watched.broken is there. */
export const watchedAgent = `#!/bin/sh
case $1 in
  start) touch /run/watched ;;
  stop) rm -f /run/watched ;;
  status) if [ -e /run/watched ] && [ ! -e /run/watched.broken ]; then echo running; else echo stopped; fi ;;
esac
`;

/** Writes down what it is told, a line each. */
export const pagerAgent = `#!/bin/sh
read -r first
[ ! -e /root/pager.broken ] || { echo "no signal"; exit 127; }
echo "$MON_ALERTTYPE $first" >>/root/told
`;

/** All machines are on, and nothing of it moves by itself; `full`: what integration tests show as well, too. */
export function operatorSteps(cluster: () => OperatedCluster, full: boolean): void {
  const typed = async (line: string, rc = 0): Promise<string> => {
    const end = await cluster().type(line);
    assert.equal(end.rc, rc, `${line}\n${end.output}`);
    return end.output;
  };
  const json = async <T>(line: string): Promise<T> => JSON.parse(await typed(`${line} ${inventory} --json`)) as T;
  const holder = (): Promise<string> => cluster().holderAmong(cluster().nodes);

  it('puts a node in standby, which says what it did, and so does the history', async () => {
    const from = await holder();
    const output = await typed(`muster standby ${from} ${inventory} && muster history ${inventory}`);
    const to = await holder();
    assert.notEqual(to, from);
    assert.ok(output.includes(`${from}: ${from} is to be standby\n`), output);
    assert.ok(output.includes(`db: ${from} -> ${to}\n`), output);
    assert.match(output, /^done in .*, known to node\[1-3\]$/m);
    const lines = output.slice(output.indexOf('\ndone in ')).split('\n');
    assert.match(lines.filter((line) => line.includes('  db: ')).at(-1)!, new RegExp(` {2}db: ${from} -> ${to}: .+`));
    assert.ok(
      lines.some((line) => line.endsWith(`  ${from}: standby: an operator asked for it`)),
      output,
    );
    assert.match(await typed(`muster status ${inventory}`), new RegExp(`${from} is in standby`));
    assert.match(await typed(`muster standby ${from} ${inventory}`), /^done in /m);
    const online = await json<{ done: boolean; through: string; knownTo: string[]; moved: unknown[] }>(
      `muster online ${from}`,
    );
    assert.deepEqual([online.done, online.through, online.knownTo], [true, from, cluster().nodes]);
    assert.match(await typed(`muster status ${inventory}`), /The cluster is whole/);
  });

  it('shows who is told, tries it, and says where nobody could be', async () => {
    const node = cluster().nodes[1]!;
    assert.match(
      await typed(`muster alerts ${inventory}`),
      new RegExp(`^${node}: pager \\(exec .*\\): \\d+ told`, 'm'),
    );
    await typed(`muster alerts --test ${inventory}`);
    for (const one of cluster().nodes)
      assert.match(await cluster().on(one, 'tail -n 1 /root/told'), new RegExp(`^failure a test .* through ${one}$`));
    await cluster().on(node, 'touch /root/pager.broken');
    const { rc, output } = await cluster().type(`muster alerts --test ${inventory} --json`);
    await cluster().on(node, 'rm /root/pager.broken');
    assert.equal(rc, 2, output);
    const { nodes } = JSON.parse(output) as { nodes: { node: string; targets: AlertTargetStatus[] }[] };
    const failed = nodes.filter(({ targets }) => targets[0]!.failed > 0);
    assert.deepEqual(
      failed.map((one) => [one.node, one.targets[0]!.lastFailure]),
      [[node, 'exit code 127: no signal']],
    );
  });

  it('shows what is looked at beyond resources', async () => {
    const state = await cluster().until('a look', async () => {
      const [found] = (await json<{ monitors: MonitorStatus[] }>('muster monitors')).monitors;
      return found?.state === 'ok' ? found : undefined;
    });
    assert.deepEqual([state.name, state.runner], ['outside/ping', 'node1']);
    assert.match(await typed(`muster monitors ${inventory}`), /^outside\/ping \(ping\): ok, node1 looks/m);
  });

  if (!full) return;

  it('moves a group for a time, and takes that back', async () => {
    const from = await holder();
    const [to, third] = cluster().nodes.filter((node) => node !== from) as [string, string];
    const moved = await typed(`muster move db ${to} --for 1h ${inventory}`);
    assert.match(moved, new RegExp(`: db is to run on ${to} for 60 min\\ndb: ${from} -> ${to}\\ndone in `));
    assert.match(await typed(`muster explain db ${inventory}`), /an operator moved it there/);
    const again = await json<{ moved: unknown[] }>(`muster move db ${third}`);
    assert.deepEqual(again.moved, [{ group: 'db', from: to, to: third }]);
    assert.match(await typed(`muster clear db ${inventory}`), /nobody wants db anywhere any more/);
    for (const node of cluster().nodes) {
      const status = await cluster().statusOf(node);
      assert.equal(status?.groups[0]?.pinned ?? null, null, node);
    }
    const { events } = await json<{ events: { what: string; from?: string; to?: string }[] }>(
      'muster history --group db',
    );
    const moves = events.filter(({ what }) => what === 'moved').slice(-2);
    assert.deepEqual(
      moves.map((move) => [move.from, move.to]),
      [
        [from, to],
        [to, third],
      ],
    );
  });

  it('shows what failed where, and forgets it', async () => {
    const node = await holder();
    await cluster().on(node, 'touch /run/watched.broken');
    const counts = async (): Promise<FailCount[]> =>
      (await json<{ failcounts: FailCount[] }>('muster failcounts')).failcounts;
    const failed = await cluster().until('a failure', async () => (await counts())[0]);
    await cluster().on(node, 'rm /run/watched.broken');
    assert.deepEqual([failed.group, failed.resource, failed.node], ['db', 'watched', node]);
    assert.ok(failed.lastFailure !== '' && failed.failures !== 0, JSON.stringify(failed));
    await cluster().until('a group that runs', async () => {
      const group = (await cluster().statusOf(await holder()))?.groups[0];
      return group?.resources?.every(({ state, doing }) => state === 'running' && doing !== 'start') || undefined;
    });
    assert.match(
      await typed(`muster failcounts ${inventory}`),
      new RegExp(`^db/watched on ${node}: \\d+ of 1000: `, 'm'),
    );
    assert.match(await typed(`muster failcounts db --clear ${inventory}`), /failures of db are forgotten/);
    await cluster().until('no failures', async () => ((await counts()).length === 0 ? true : undefined));
    assert.match(await typed(`muster failcounts ${inventory}`), /^nothing has failed that is not forgotten$/m);
  });

  it('lets everything alone in maintenance, also while a musterd is restarted', async () => {
    const node = await holder();
    const [other] = cluster().nodes.filter((one) => one !== node) as [string];
    assert.match(
      await typed(`muster maintenance on ${inventory}`),
      /maintenance of the whole cluster is on: what runs is let alone, and nobody takes over\ndone in .*node\[1-3\]/,
    );
    const refused = await typed(`muster move db ${other} ${inventory}`, 2);
    assert.match(refused, /Cannot move db to node\d as the cluster must agree: node\d says: .*nothing moves until/);
    assert.match(await typed(`muster standby ${node} ${inventory}`, 2), /must not be in maintenance/);
    const looks = 'stat -c "%i %Z" /run/watched';
    const born = await cluster().on(node, looks);
    await cluster().on(node, 'systemctl restart musterd');
    assert.equal(await holder(), node);
    assert.equal(await cluster().on(node, looks), born, 'it was neither stopped nor started');
    assert.match(await typed(`muster status ${inventory}`), /is in maintenance/);
    assert.match(
      await typed(`muster maintenance off ${inventory}`),
      /maintenance of the whole cluster is off\ndone in /,
    );
    assert.equal(await holder(), node);
  });
}
