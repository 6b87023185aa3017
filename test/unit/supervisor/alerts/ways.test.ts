import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Alert } from '../../../../src/supervisor/alerts/alert.ts';
import { mailText, monArguments, tellByMail, tellProgram } from '../../../../src/supervisor/alerts/mon.ts';
import { tellWebhook } from '../../../../src/supervisor/alerts/webhook.ts';

const alert: Alert = {
  event: 'monitor',
  key: 'k',
  up: false,
  group: 'routers',
  service: 'ping',
  hosts: ['gw1', 'gw2'],
  summary: 'gw1 gw2: no echo',
  detail: 'gw1: no echo\ngw2: no echo',
  time: 1_700_000_000_500,
};

describe('ways to tell', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-alerts-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const script = (name: string, text: string): string => {
    const file = join(directory, name);
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const options = { timeout: 20_000, directory: '', signal: new AbortController().signal };

  it('call an alert script as Mon does: arguments, environment, the summary first', async () => {
    const out = join(directory, 'out');
    const program = script(
      'x.alert',
      `{ for a in "$@"; do echo "[$a]"; done; env | grep ^MON_ | sort; cat; } > ${out}`,
    );
    const way = { kind: 'exec' as const, program, args: ['-x', 'a b'] };
    assert.deepEqual(await tellProgram(way, alert, 1_699_999_999_000, { ...options, directory }), {
      ok: true,
      why: '',
    });
    const told = readFileSync(out, 'utf8').split('\n');
    const words = ['-s', 'ping', '-g', 'routers', '-h', 'gw1 gw2', '-t', '1700000000', '-x', 'a b'];
    assert.deepEqual(
      told.slice(0, 10),
      words.map((word) => `[${word}]`),
    );
    for (const one of ['MON_ALERTTYPE=failure', 'MON_OPSTATUS=0', 'MON_FIRST_FAILURE=1699999999', 'MON_GROUP=routers'])
      assert.ok(told.includes(one), one);
    assert.deepEqual(told.slice(-4), ['gw1 gw2: no echo', 'gw1: no echo', 'gw2: no echo', '']);
    assert.ok(monArguments({ ...alert, up: true }, []).includes('-u'));
  });

  it('say why a script failed, and do not wait for one that hangs', async () => {
    const failing = { kind: 'exec' as const, program: script('f', 'echo no modem; exit 3'), args: [] };
    assert.deepEqual(await tellProgram(failing, alert, undefined, { ...options, directory }), {
      ok: false,
      why: 'exit code 3: no modem',
      final: false,
    });
    const missing = { kind: 'exec' as const, program: join(directory, 'none'), args: [] };
    assert.equal((await tellProgram(missing, alert, undefined, { ...options, directory })).final, true);
    const hanging = { kind: 'exec' as const, program: script('h', 'sleep 600'), args: [] };
    const told = await tellProgram(hanging, alert, undefined, { ...options, directory, timeout: 100 });
    assert.equal(told.why, 'it did not end in time');
  });

  it('hand a message to sendmail, to which nothing can add a header', async () => {
    const out = join(directory, 'mail');
    script('sendmail', `echo "$@" > ${out}; cat >> ${out}`);
    const path = process.env.PATH;
    process.env.PATH = `${directory}:${path}`;
    try {
      const way = { kind: 'mail' as const, to: ['ops@example.org', 'root'] };
      assert.equal((await tellByMail(way, alert, { ...options, directory })).ok, true);
    } finally {
      process.env.PATH = path;
    }
    const [args, to, subject] = readFileSync(out, 'utf8').split('\n');
    assert.equal(args, '-oi -t');
    assert.equal(to, 'To: ops@example.org, root');
    assert.equal(subject, 'Subject: ALERT routers: gw1 gw2: no echo');
    const head = mailText(['root'], { ...alert, summary: 'x\nBcc: all@example.org' }).split('\n\n')[0]!;
    assert.doesNotMatch(head, /^Bcc/m);
  });

  describe('webhooks', () => {
    let server: Server;
    const bodies: string[] = [];
    let status = 200;
    beforeEach(async () => {
      bodies.length = 0;
      server = createServer((request, response) => {
        let body = '';
        request.on('data', (part: Buffer) => {
          body += part.toString();
        });
        request.on('end', () => {
          bodies.push(`${request.method} ${request.url} ${body}`);
          if (status === 0) return;
          response.writeHead(status).end();
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });
    const tell = (timeout = 20_000): ReturnType<typeof tellWebhook> => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1`;
      return tellWebhook({ kind: 'webhook', url }, alert, 'node2', timeout, new AbortController().signal);
    };

    it('get one object, and are judged by their answer', async () => {
      status = 200;
      assert.deepEqual(await tell(), { ok: true, why: '' });
      const [said] = bodies;
      assert.match(said!, /^POST \/hook\?x=1 /);
      const body = JSON.parse(said!.slice(said!.indexOf('{'))) as Record<string, unknown>;
      assert.equal(body.state, 'down');
      assert.deepEqual(body.hosts, ['gw1', 'gw2']);
      assert.equal(body.node, 'node2');
      status = 503;
      assert.deepEqual(await tell(), { ok: false, why: 'it answers 503', final: false });
      status = 404;
      assert.equal((await tell()).final, true);
    });

    it('that do not answer are not waited for', async () => {
      status = 0;
      assert.deepEqual(await tell(100), { ok: false, why: 'it did not answer in time' });
      server.close();
      server.closeAllConnections();
    });
  });
});
