import assert from 'node:assert/strict';
import { createServer as createWebServer, type Server as WebServer } from 'node:http';
import { createServer as createSecureWebServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { seededRandom } from '../../../../src/base/random.ts';
import type { Check, VirtualService } from '../../../../src/model/virtual-service.ts';
import { checkerFor, runCheck, shortcoming } from '../../../../src/supervisor/checks/check.ts';
import type { CheckResult } from '../../../../src/supervisor/checks/checker.ts';
import { startRounds } from '../../../../src/supervisor/checks/rounds.ts';
import { makeCertificate } from '../../../integration/arbiter/certificates.ts';
import { connectCheck, gateServer, until, webService } from '../balancer-fixture.ts';

describe('supervisor/checks', () => {
  const servers: (Server | WebServer)[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const listen = async (server: Server | WebServer): Promise<number> => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const web = (status: number, body: string): Promise<number> =>
    listen(
      createWebServer((request, response) => {
        response.statusCode = status;
        response.end(`${request.method} ${request.url} ${request.headers.host}: ${body}`);
      }),
    );
  const run = (port: number, check: Partial<Check>, more: Partial<VirtualService> = {}): Promise<CheckResult> => {
    const server = gateServer('127.0.0.1', port);
    const service = webService([server], { check: { ...connectCheck, ...check }, ...more });
    return runCheck(checkerFor(service)!, { service, server }, service.check.timeout);
  };

  it('connects', async () => {
    const port = await listen(createServer());
    assert.match((await run(port, {})).text, /^connected in \d+ ms$/);
    const free = await listen(createServer());
    servers.pop()!.close();
    assert.deepEqual(await run(free, {}), { ok: false, text: 'connection refused' });
    // The port of the check goes before the port of the server.
    assert.equal((await run(free, { port })).ok, true);
  });

  it('asks a web server for the page, by the virtual host, and searches its answer', async () => {
    const http = { type: 'negotiate', service: 'http' } as const;
    const port = await web(200, 'node1 is well');
    assert.match((await run(port, http)).text, /^200 OK in \d+ ms$/);
    const named = { ...http, request: 'index.html', virtualHost: 'www.example.org' };
    assert.equal((await run(port, { ...named, receive: '^GET /index.html www.example.org: node[0-9]' })).ok, true);
    assert.deepEqual(await run(port, { ...http, receive: 'ill' }), {
      ok: false,
      text: '200 OK but nothing matches "ill"',
    });
    // A pattern of Perl's that is none of JavaScript's is searched as it stands.
    assert.equal((await run(port, { ...http, receive: '(?i:WELL' })).ok, false);
    assert.deepEqual(await run(await web(503, ''), http), { ok: false, text: '503 Service Unavailable' });
    const shut = await run(await listen(createServer((socket) => socket.destroy())), http);
    // Whether the reset or the end of the connection is seen first is the kernel's.
    assert.match(shut.text, /^connection (reset|closed without an answer)$/);
  });

  it('asks for what stands in no request line, and sends no line more', async () => {
    const port = await web(200, '');
    const odd = { type: 'negotiate', service: 'http', request: '/a b\r\nX-Evil: ü', virtualHost: 'x\r\nY: z' } as const;
    const receive = '^GET /a%20b%0D%0AX-Evil:%20%C3%BC x%0D%0AY:%20z: $';
    assert.match((await run(port, { ...odd, receive })).text, /^200 OK in/);
  });

  it('asks over TLS too, whoever signed the certificate, and names the virtual host', async () => {
    const { key, certificate } = makeCertificate('nobody known');
    const named: string[] = [];
    const secure = createSecureWebServer({ key, cert: certificate }, (request, response) => {
      named.push((request.socket as TLSSocket & { servername: string | false }).servername || 'nobody');
      response.end(`${request.headers.host} is well`);
    });
    const port = await listen(secure);
    const https = { type: 'negotiate', service: 'https', timeout: 5000 } as const;
    assert.match((await run(port, { ...https, receive: `^127.0.0.1:${port} is well$` })).text, /^200 OK in \d+ ms$/);
    assert.equal((await run(port, { ...https, virtualHost: 'www.example.org', receive: 'www' })).ok, true);
    assert.deepEqual(named, ['nobody', 'www.example.org']);
    const plain = await run(await web(200, ''), https);
    assert.equal(plain.ok, false);
  });

  it('searches all of a page that comes in pieces, with and without a known length', async () => {
    const pieces = createWebServer((request, response) => {
      response.on('error', () => {});
      if (request.url === '/long') response.setHeader('content-length', 300_006);
      for (let piece = 0; piece < 3; piece++) response.write('x'.repeat(100_000));
      setTimeout(() => response.end('is ill'), 20);
    });
    const port = await listen(pieces);
    for (const request of ['/long', '/chunked']) {
      const http = { type: 'negotiate', service: 'http', request } as const;
      assert.equal((await run(port, { ...http, receive: '^x{300000}is ill$' })).ok, true);
      assert.match((await run(port, { ...http, receive: 'well' })).text, /^200 OK but nothing matches "well"$/);
    }
    const old = createServer((socket) => socket.end('HTTP/1.0 200 Fine\r\n\r\nuntil the end'));
    const until = { type: 'negotiate', service: 'http', receive: 'the end$' } as const;
    assert.match((await run(await listen(old), until)).text, /^200 Fine in \d+ ms$/);
  });

  it('gives up on one that hangs, before and within its answer', async () => {
    const http = { type: 'negotiate', service: 'http', timeout: 50, receive: 'x' } as const;
    const silent = await listen(createServer());
    const slow = await listen(
      createServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab');
      }),
    );
    for (const port of [silent, slow]) {
      const result = await run(port, http);
      assert.equal(result.ok, false);
      assert.match(result.text, /^no answer in \d+ ms$/);
    }
  });

  it('runs an external program with VIP, port, server, port, and kills it with all it started', async () => {
    const external = (command: string, timeout = 2000): Promise<CheckResult> =>
      run(8080, { type: 'external', command, timeout });
    const compare = await external('/usr/bin/test 10.77.0.100 =');
    assert.equal(compare.ok, false);
    assert.equal((await external('/bin/true')).ok, true);
    assert.deepEqual(await external('/bin/false'), { ok: false, text: 'exit code 1' });
    assert.deepEqual(await external('/no/such/program'), {
      ok: false,
      text: '/no/such/program: no such program',
    });
    assert.match((await external('/bin/echo')).text, /^ok in/);
    assert.match((await external('/bin/sleep', 100)).text, /^exit code 1/);
    assert.match((await external('/usr/bin/tail -f /dev/null', 100)).text, /^no result in \d+ ms$/);
  });

  it('checks what it cannot negotiate by a connection, and says so', async () => {
    const service = webService([], { check: { ...connectCheck, type: 'negotiate', service: 'smtp' } });
    assert.match(
      shortcoming(service) ?? '',
      /^"smtp" is not negotiated by this version; connections are tried instead/,
    );
    const port = await listen(createServer());
    assert.equal((await run(port, service.check)).ok, true);
    for (const known of ['http', 'https', 'none', undefined]) {
      assert.equal(shortcoming({ ...service, check: { ...service.check, service: known } }), undefined);
    }
    assert.equal(checkerFor({ ...service, check: { ...connectCheck, type: 'off' } }), undefined);
  });

  it('repeats a check, one after the other, and reports nothing after it was stopped', async () => {
    let running = 0;
    let most = 0;
    const results: CheckResult[] = [];
    const server = gateServer('127.0.0.1', 1);
    const service = webService([server]);
    const rounds = startRounds(
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
        return { ok: true, text: '' };
      },
      { service, server },
      seededRandom(1),
      (result) => results.push(result),
    );
    await until(() => results.length >= 3, 'three results');
    rounds.stop();
    rounds.hasten();
    const { length } = results;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual([results.length, most], [length, 1]);
  });

  it('lets go of a check that hangs when the next one is wanted now', async () => {
    const results: CheckResult[] = [];
    const server = gateServer('127.0.0.1', 1);
    const service = webService([server], { check: { ...connectCheck, interval: 60_000, timeout: 60_000 } });
    let started = 0;
    const rounds = startRounds(
      (_, signal) => {
        const nth = ++started;
        if (nth === 2) return Promise.resolve({ ok: true, text: 'the second' });
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve({ ok: false, text: 'late' })));
      },
      { service, server },
      seededRandom(1),
      (result) => results.push(result),
    );
    rounds.hasten();
    await until(() => results.length > 0, 'a result');
    await new Promise((resolve) => setTimeout(resolve, 20));
    rounds.stop();
    assert.deepEqual(results, [{ ok: true, text: 'the second' }]);
  });
});
