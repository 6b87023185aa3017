import assert from 'node:assert/strict';
import { type AlertTarget, defaultAlertEvents } from '../../../../src/model/alerts.ts';
import { type Alert, alertIn } from '../../../../src/supervisor/alerts/alert.ts';
import { Alerts } from '../../../../src/supervisor/alerts/alerts.ts';
import { AlertQueue } from '../../../../src/supervisor/alerts/queue.ts';
import type { BootFile } from '../../../../src/supervisor/boot-file.ts';
import { Journal } from '../../../../src/supervisor/journal.ts';
import type { JournalLine } from '../../../../src/wire/journal.ts';

const line = (what: string, why: string, more: Partial<JournalLine> = {}): JournalLine => ({
  time: 1000,
  node: 'node2',
  what,
  why,
  ...more,
});
const nodes = ['node1', 'node2', 'node3'];
type Seen = ReturnType<ConstructorParameters<typeof Alerts>[0]['view']>;

/** The alerts of node2 and what they told. */
function alertsOf(
  states: readonly string[],
  quorate = true,
  targets: readonly AlertTarget[] = [target('ops')],
  memory?: Pick<BootFile, 'read' | 'write'>,
) {
  const told: { name: string; alert: Alert; failedAt: number | undefined }[] = [];
  const journal = new Journal('node2', { write: () => {}, flush: async () => {} });
  const view = (): Seen =>
    ({
      nodes: nodes.map((name, index) => ({ name, state: states[index] })),
      quorum: { quorate },
    }) as unknown as Seen;
  const alerts = new Alerts({
    targets,
    cluster: 'c',
    self: 'node2',
    nodes,
    journal,
    view,
    memory,
    deliver:
      ({ name }, failedAt) =>
      async (alert) => {
        told.push({ name, alert, failedAt });
        return { ok: true, why: '' };
      },
  });
  const summaries = (): string[] => told.map(({ alert }) => `${alert.up ? 'UP ' : ''}${alert.summary}`);
  return { alerts, told, summaries };
}

function target(name: string, events: AlertTarget['events'] = defaultAlertEvents): AlertTarget {
  return { name, way: { kind: 'mail', to: ['root'] }, events, timeout: 1000 };
}

describe('alerts in the journal', () => {
  const event = (what: string, why: string, more: Partial<JournalLine> = {}, warned = false): string => {
    const alert = alertIn(line(what, why, more), warned, 'c');
    return alert === undefined ? 'none' : `${alert.event}${alert.up ? ' up' : ''}`;
  };
  it('are what concerns somebody, in the words of the journal', () => {
    const web = { group: 'web' };
    assert.equal(event('takeover', 'the lease of node1 ran out', { ...web, how: 'failover' }), 'failover');
    assert.equal(event('takeover', 'nobody took it after this node lost it', { ...web, how: 'failover' }), 'failover');
    assert.equal(event('takeover', 'node1 handed it over', { ...web, how: 'switchover' }), 'switchover');
    assert.equal(event('takeover', 'nobody had held it, and this is its preferred node', web), 'none');
    assert.equal(event('node-dead', 'nothing heard of it for 200 ms', { peer: 'node1' }), 'node');
    assert.equal(event('node-up', 'it is heard again', { peer: 'node1' }), 'node up');
    assert.equal(event('quorum-lost', '1 of 3'), 'quorum');
    assert.equal(event('quorum-gained', '2 of 3'), 'quorum up');
    assert.equal(event('resource-failed', 'apache: monitor: exit code 7 (failure 1)', web, true), 'resource');
    assert.equal(event('gives-up', 'apache failed there 3 times', web, true), 'resource');
    assert.equal(event('resources', 'all of it runs', { ...web, how: 'well' }), 'resource up');
    assert.equal(event('resources', 'nothing of it runs', web), 'none');
    assert.equal(event('fenced', 'fence_ipmilan says off', { peer: 'node1' }), 'fencing');
    assert.equal(event('fenced', 'node3 has made sure that it is off', { peer: 'node1', how: 'learned' }), 'none');
    assert.equal(event('fenced', 'an operator has made sure that it is off', { peer: 'node1' }), 'fencing');
    assert.equal(event('fence-failed', 'node1-bmc timed out', { peer: 'node1' }, true), 'fencing');
    assert.equal(event('left', 'it says that it ends, and runs nothing', { peer: 'node1' }), 'none');
    assert.equal(event('link-silent', 'eth1: nothing of node1', {}, true), 'link');
    assert.equal(event('link-heard', 'node1 heard again', { how: 'well' }), 'link up');
    assert.equal(event('link-heard', 'node1 heard again, node3 is not'), 'none');
    assert.equal(event('protection', 'the kernel cannot', {}, true), 'warning');
    assert.equal(event('alert', 'ops was not told', {}, true), 'none');
    assert.equal(event('announce', 'again', web), 'none');
  });
});

describe('alerts', () => {
  const dead = (peer: string): JournalLine => line('node-dead', 'nothing heard of it', { peer });
  const up = (peer: string): JournalLine => line('node-up', 'it is heard again', { peer });

  it('are told by the first node that is there, of another one', () => {
    const first = alertsOf(['dead', 'self', 'up']);
    first.alerts.onLine(dead('node1'), false);
    assert.deepEqual(first.summaries(), ['node1 is dead: nothing heard of it']);
    const second = alertsOf(['up', 'self', 'dead']);
    second.alerts.onLine(dead('node3'), false);
    assert.deepEqual(second.summaries(), [], 'node1 does');
    const lonely = alertsOf(['dead', 'self', 'dead'], false);
    lonely.alerts.onLine(dead('node1'), false);
    lonely.alerts.onLine(line('quorum-lost', '1 of 3'), false);
    assert.deepEqual(lonely.summaries(), ['node2: quorum lost: 1 of 3'], 'without a majority only that it has none');
  });

  it('of one link say nothing of another one', async () => {
    const { alerts, summaries } = alertsOf(['self', 'up', 'up']);
    const about = (what: string, link: string, how?: string): void =>
      alerts.onLine(line(what, `${what} ${link}`, { link, ...(how && { how }) }), what === 'link-silent');
    about('link-silent', 'ucast eth0');
    about('link-silent', 'ucast eth1');
    about('link-heard', 'ucast eth0', 'well');
    about('link-heard', 'ucast eth1', 'well');
    await alerts.stop();
    assert.deepEqual(summaries(), [
      'node2: link-silent ucast eth0',
      'node2: link-silent ucast eth1',
      'UP node2: link-heard ucast eth0',
      'UP node2: link-heard ucast eth1',
    ]);
  });

  it('of one fencing device say nothing of another one', async () => {
    const { alerts, summaries } = alertsOf(['up', 'self', 'up']);
    for (const device of ['ipmi', 'pdu']) alerts.onLine(line('fencing-device', `${device} failed`, { device }), true);
    for (const device of ['ipmi', 'pdu']) alerts.onLine(line('fencing-device', `${device} answers`, { device }), false);
    await alerts.stop();
    assert.deepEqual(summaries(), ['ipmi failed', 'pdu failed', 'UP ipmi answers', 'UP pdu answers']);
  });

  it('of what is well again come only after it had failed, also where another node told that', async () => {
    const { alerts, summaries } = alertsOf(['up', 'self', 'up']);
    alerts.onLine(up('node3'), false);
    alerts.onLine(up('node1'), false);
    assert.deepEqual(summaries(), []);
    alerts.onLine(dead('node1'), false);
    alerts.onLine(up('node1'), false);
    await alerts.stop();
    assert.deepEqual(summaries().at(-1), 'UP node1 is up: it is heard again');
  });

  it('of what is well again come after a restart, too, and nothing is told twice for that', async () => {
    let kept: unknown;
    const memory = {
      read: () => kept,
      write: (value: unknown) => {
        kept = JSON.parse(JSON.stringify(value));
      },
    };
    const first = alertsOf(['up', 'self', 'up'], true, [target('ops')], memory);
    first.alerts.onLine(dead('node1'), false);
    await first.alerts.stop();
    const second = alertsOf(['up', 'self', 'up'], true, [target('ops')], memory);
    second.alerts.onLine({ ...dead('node1'), time: 2000 }, false);
    assert.deepEqual(second.summaries(), []);
    second.alerts.onLine(up('node1'), false);
    await second.alerts.stop();
    assert.deepEqual(second.summaries(), ['UP node1 is up: it is heard again']);
    const third = alertsOf(['up', 'self', 'up'], true, [target('ops')], memory);
    third.alerts.onLine(up('node1'), false);
    assert.deepEqual(third.summaries(), [], 'that was told');
    for (const damage of [undefined, 7, [1, ['a'], ['b', null], ['c', { since: 'x' }]]]) {
      kept = damage;
      const after = alertsOf(['up', 'self', 'up'], true, [target('ops')], memory);
      after.alerts.onLine(up('node1'), false);
      assert.deepEqual(after.summaries(), []);
    }
  });

  it('in the same words are told once a minute, and others at once', async () => {
    const { alerts, told } = alertsOf(['up', 'self', 'up']);
    const failed = (time: number, why: string): void =>
      alerts.onLine({ ...line('resource-failed', why, { group: 'web' }), time }, true);
    failed(0, 'apache: a');
    failed(1000, 'apache: a');
    failed(2000, 'apache: b');
    failed(70_000, 'apache: b');
    await alerts.stop();
    assert.deepEqual(
      told.map(({ alert, failedAt }) => [alert.time, failedAt]),
      [
        [0, 0],
        [2000, 0],
        [70_000, 0],
      ],
    );
  });

  it('reach who wants them, or whom a monitor names', async () => {
    const targets = [target('all'), target('nodes', ['node']), target('nothing', [])];
    const { alerts, told } = alertsOf(['dead', 'self', 'up'], true, targets);
    alerts.onLine(dead('node1'), false);
    const monitor = { ...told[0]!.alert, event: 'monitor' as const, key: 'm', about: undefined };
    alerts.raise(monitor, ['nothing']);
    alerts.raise({ ...monitor, key: 'n' });
    await alerts.stop();
    assert.deepEqual(
      told.map(({ name }) => name),
      ['all', 'nodes', 'nothing', 'all'],
    );
  });
});

describe('the queue of a target', () => {
  const alert = (summary: string): Alert => ({ ...alertIn(line('quorum-lost', 'x'), false, 'c')!, summary });

  it('tries again with pauses, in order, and gives up', async () => {
    const failures: string[] = [];
    const queue = new AlertQueue((why) => failures.push(why), [1, 1]);
    const tried: string[] = [];
    const deliver = async ({ summary }: Alert) => {
      tried.push(summary);
      return { ok: summary === 'b' && tried.length > 4, why: 'refused' };
    };
    await Promise.all([queue.addAndWait(deliver, alert('a')), queue.addAndWait(deliver, alert('b'))]);
    assert.deepEqual(tried, ['a', 'a', 'a', 'b', 'b']);
    assert.deepEqual(failures, ['"a": refused']);
    assert.deepEqual(queue.status(), { sent: 1, failed: 1, waiting: 0, lastFailure: 'refused' });
  });

  it('does not try again what would be the same', async () => {
    const queue = new AlertQueue(() => {}, [1, 1]);
    let tries = 0;
    await queue.addAndWait(async () => ({ ok: false, why: 'no such program', final: ++tries > 0 }), alert('a'));
    assert.equal(tries, 1);
  });

  it('has a bound: the oldest is dropped', async () => {
    const queue = new AlertQueue(() => {}, []);
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const told: string[] = [];
    for (let count = 0; count < 150; count++)
      queue.add(
        async ({ summary }) => {
          await gate;
          told.push(summary);
          return { ok: true, why: '' };
        },
        alert(`${count}`),
      );
    assert.equal(queue.status().waiting, 100);
    release();
    await queue.addAndWait(async () => ({ ok: true, why: '' }), alert('last'));
    assert.equal(told[0], '0', 'it was under way');
    assert.equal(told[1], '51');
    assert.equal(queue.status().failed, 50);
  });

  it('ends what hangs when musterd ends', async () => {
    const queue = new AlertQueue(() => {}, []);
    let aborted = false;
    queue.add(
      (_, stopping) =>
        new Promise((resolve) => {
          stopping.addEventListener('abort', () => {
            aborted = true;
            resolve({ ok: false, why: 'stopped' });
          });
        }),
      alert('hangs'),
    );
    await queue.stop();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(aborted, true);
  });
});
