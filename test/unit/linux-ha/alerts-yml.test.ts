import assert from 'node:assert/strict';
import { Problem } from '../../../src/base/problem.ts';
import { alertSecrets, showWay } from '../../../src/linux-ha/alert-secrets.ts';
import { monitorMistakes, parseAlertAfter } from '../../../src/linux-ha/monitors-yml.ts';
import { parseMusterYml } from '../../../src/linux-ha/muster-yml.ts';

function mistakesOf(text: string): string[] {
  try {
    parseMusterYml(text);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.mistakes.map(({ at, message }) => `${at.line}:${at.column} ${message}`);
  }
  return [];
}

describe('alerts and monitors in muster.yml', () => {
  it('are read as they are written', () => {
    const { alerts, monitors } = parseMusterYml(`
alerts:
  oncall: { mail: ops@example.org, events: [node, failover] }
  pager: { exec: /usr/lib/mon/alert.d/page.alert, args: [-x, 5], timeout: 30s }
  chat: { webhook: "https://hooks.example.org/secret?token=x" }
monitors:
  routers:
    hosts: [10.0.0.1, gw]
    run_by: web
    services:
      ping: { check: ping, alert_after: 3 in 10m, alert_every: 1h }
      www: { check: http, receive: ok, depends: routers/ping, alerts: [oncall], up_alert: false }
`);
    assert.deepEqual(alerts?.[0], {
      name: 'oncall',
      way: { kind: 'mail', to: ['ops@example.org'] },
      events: ['node', 'failover'],
      timeout: 10_000,
    });
    assert.deepEqual(alerts?.[1]?.way, { kind: 'exec', program: '/usr/lib/mon/alert.d/page.alert', args: ['-x', '5'] });
    assert.equal(showWay(alerts![2]!.way), 'webhook https://hooks.example.org');
    assert.ok(alertSecrets(alerts).includes('/secret?token=x'));
    const [ping, www] = monitors!;
    assert.deepEqual(ping?.alertAfter, { failures: 3, within: 600_000 });
    assert.equal(ping?.alertEvery, 3_600_000);
    assert.deepEqual(www?.check, { kind: 'http', port: 80, request: '/', receive: 'ok', virtualHost: undefined });
    assert.deepEqual(
      [www?.depends, www?.alerts, www?.upAlert, www?.runBy],
      [['routers/ping'], ['oncall'], false, 'web'],
    );
  });

  it('have every mistake at its place', () => {
    assert.deepEqual(
      mistakesOf(`alerts:
  a: { mail: "a b", exec: /x }
  b: { exec: page.alert }
  c: { webhook: "ftp://x" }
  d: { mail: [x@y], args: [z], events: [fire] }
monitors:
  r:
    hosts: []
    services:
      s: { check: telnet }
      t: { check: tcp, request: / }
      u: { check: http, receive: "(" , alert_after: often, alert_every: 1s }
`),
      [
        '2:6 Cannot read "a" as one of exec, mail, webhook: {"mail":"a b","exec":"/x"}',
        '3:14 Cannot read "exec" as the whole path of a program: "page.alert"',
        '4:17 Cannot read "webhook" as a URL like https://hooks.example.org/x: "ftp://x"',
        '5:27 Cannot read "args" as arguments of a program, and this is mail: ["z"]',
        '5:41 Cannot read "0" as one of failover, switchover, node, quorum, resource, fencing, link, monitor, warning: "fire"',
        '8:12 Cannot read "hosts" as names or addresses of hosts: []',
        '10:19 Cannot read "check" as one of ping, tcp, http, https, program: "telnet"',
        '11:10 Cannot read "port" as a port: nothing',
        '11:33 Cannot read "request" as something that "check: tcp" does not have: "/"',
        '12:34 Cannot read "receive" as a regular expression: "("',
        '12:53 Cannot read "alert_after" as a number of failures, or one with a time: 3, "3 in 10m": "often"',
        '12:73 Cannot read "alert_every" as a minute at least: "1s"',
      ],
    );
  });

  it('name what is there, and do not depend on themselves', () => {
    const { monitors } = parseMusterYml(`monitors:
  r:
    hosts: gw
    run_by: wab
    services:
      a: { check: ping, depends: [r/b], alerts: [oncal] }
      b: { check: ping, depends: [r/a, r/z] }
`);
    const target = { name: 'oncall', way: { kind: 'mail' as const, to: ['root'] }, events: [], timeout: 1 };
    assert.deepEqual(
      monitorMistakes(monitors!, [target], ['web']).map(
        ({ path, message, hint }) => `${path.join('.')} ${message} (${hint})`,
      ),
      [
        'r.run_by Cannot monitor "r/a" as "wab" must be a group of the cluster: it is not (known: web) (did you mean "web"?)',
        'r.services.a.alerts Cannot monitor "r/a" as "oncal" must be a target of alerts: it is not (known: oncall) (did you mean "oncall"?)',
        'r.services.a.depends Cannot monitor "r/a" as it must not depend on itself: it does, directly or through others (undefined)',
        'r.run_by Cannot monitor "r/b" as "wab" must be a group of the cluster: it is not (known: web) (did you mean "web"?)',
        'r.services.b.depends Cannot monitor "r/b" as "r/z" must be a monitor: it is not (known: r/a, r/b) (did you mean "r/a"?)',
        'r.services.b.depends Cannot monitor "r/b" as it must not depend on itself: it does, directly or through others (undefined)',
      ],
    );
  });

  it('count failures in a row, or within a time', () => {
    assert.deepEqual(parseAlertAfter(2), { failures: 2, within: undefined });
    assert.deepEqual(parseAlertAfter('2 in 30s'), { failures: 2, within: 30_000 });
    for (const wrong of [0, -1, 1.5, 'x', '3 in', '3 in x', '3 in 0s', null])
      assert.equal(parseAlertAfter(wrong), undefined, String(wrong));
  });
});
