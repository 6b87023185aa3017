/** `muster run` and its like where the login shell is no sh, talks, or lets nobody in, and where hosts hang. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages } from '../debian/installed.ts';
import { startSshd, type TestSshd } from './sshd.ts';

const sudo = 'ALL=(ALL) NOPASSWD: ALL';

describe('muster run on odd hosts', function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  let folder: string;
  before(async () => {
    installPackages({ '/usr/bin/sudo': 'sudo', '/usr/bin/fish': 'fish', '/bin/tcsh': 'tcsh' });
    sshd = await startSshd({
      accounts: [
        { name: 'plain', password: '*', sudo },
        { name: 'fishy', password: '*', sudo, shell: '/usr/bin/fish' },
        { name: 'cshy', password: '*', sudo, shell: '/bin/tcsh' },
        { name: 'talks', password: '*', sudo },
        { name: 'nobodyin', password: '*', shell: '/usr/sbin/nologin' },
      ],
    });
    // What an sshd runs gets its startup file from bash; tests have no home but this.
    writeFileSync(join(sshd.dir, 'home-talks', '.bashrc'), 'echo "Welcome to $HOSTNAME"; echo "be kind" >&2\n');
    folder = mkdtempSync(join(tmpdir(), 'muster-odd-'));
    const hosts = ['plain', 'fishy', 'cshy', 'talks', 'nobodyin'].map((user) => `  ${user}: { user: ${user} }`);
    writeFileSync(join(folder, 'hosts.yml'), `hosts:\n${hosts.join('\n')}\ngroups: { shells: "plain,fishy,cshy" }\n`);
    const login = ['HostName 127.0.0.1', `Port ${sshd.port}`, `IdentityFile ${join(sshd.dir, 'id')}`];
    const known = [
      `UserKnownHostsFile ${join(folder, 'known_hosts')}`,
      'GlobalKnownHostsFile none',
      'IdentitiesOnly yes',
    ];
    writeFileSync(join(folder, 'config'), `Host *\n${[...login, ...known].map((line) => `  ${line}\n`).join('')}`);
  });
  after(async () => {
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Ran {
    readonly code: number | null;
    readonly out: string;
    readonly err: string;
  }
  const words = (verb: string, inventory = 'hosts.yml'): string[] => {
    return ['dist/muster.js', verb, '-i', join(folder, inventory), '-F', join(folder, 'config')];
  };
  const environment = (): NodeJS.ProcessEnv => ({ ...process.env, XDG_STATE_HOME: folder, SSH_AUTH_SOCK: '' });
  function muster(verb: string, ...more: string[]): Ran {
    const options = { encoding: 'utf8', env: environment(), input: '' } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [...words(verb), ...more], options);
    return { code: status, out: stdout, err: stderr };
  }
  /** While servers of this process have to answer. */
  function musterBeside(inventory: string, ...more: string[]): Promise<Ran> {
    const child = spawn(process.execPath, [...words('run', inventory), ...more], { env: environment(), stdio: 'pipe' });
    child.stdin.end();
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk) => (said.out += chunk));
    child.stderr.on('data', (chunk) => (said.err += chunk));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...said })));
  }

  it('is root by sudo, in sh, whatever the login shell is', () => {
    const program = 'for i in 1 2; do echo "$i:$(id -un)"; done; echo "it\'s $HOME" >&2; cat';
    const { code, out, err } = muster('run', 'shells,talks', '--sudo', '--stream', '--', program);
    assert.equal(code, 0, err);
    const lines = out.trim().split('\n').sort();
    for (const host of ['plain', 'fishy', 'cshy', 'talks']) {
      assert.deepEqual(
        lines.filter((line) => line.startsWith(`${host}: `) && !line.includes('Welcome')),
        [`${host}: 1:root`, `${host}: 2:root`],
      );
      assert.match(err, new RegExp(`^${host}: it's /root$`, 'm'));
    }
  });

  it('gives a command to the login shell as it is, and to sh where a template, a directory or variables go in', () => {
    const asIs = muster('run', 'fishy', '--', 'set x 1 2; echo $x[2] (id -un)');
    assert.equal(asIs.out, 'fishy (1)\n2 fishy\n');
    const inC = muster('run', 'cshy', '--', 'set x=(1 2); echo $x[2]');
    assert.equal(inC.out, 'cshy (1)\n2\n');
    const options = ['--template', '--cwd', '/usr', '--env', "WORD=it's; $(id)"];
    const { out } = muster('run', 'shells', ...options, '--', 'x={{ host }}; echo "$PWD $WORD"; test -n "$x"');
    assert.match(out, /^\S+ \(3\)\n\/usr it's; \$\(id\)\n$/);
  });

  it('says what nologin says, and that it failed', () => {
    const { code, out, err } = muster('run', 'nobodyin', '--', 'true');
    assert.equal(code, 2);
    assert.match(out, /^nobodyin \(1\), exit code 1\nThis account is currently not available\.\n$/);
    assert.match(err, /1 of 1 failed: nobodyin \(exit code 1\)/);
    const root = muster('run', 'nobodyin', '--sudo', '--', 'true');
    assert.equal(root.code, 2);
  });

  it('copies, fetches and asks for facts past a shell that talks', () => {
    const file = join(folder, 'a file');
    writeFileSync(file, 'content\n');
    const place = join(sshd.dir, 'home-talks', 'there');
    const copied = muster('copy', 'talks', file, place);
    assert.equal(copied.code, 0, copied.err);
    assert.equal(readFileSync(place, 'utf8'), 'content\n');
    const fetched = muster('fetch', 'talks', place, join(folder, 'fetched'));
    assert.equal(fetched.code, 0, fetched.err);
    assert.deepEqual(readdirSync(join(folder, 'fetched', 'talks')), ['there']);
    const facts = muster('facts', 'talks', '--json');
    assert.equal(JSON.parse(facts.out).host, 'talks', facts.err);
    const ping = muster('ping', 'talks', '--json');
    assert.equal(JSON.parse(ping.out).state, 'ok', ping.err);
  });

  it('tells hosts apart that hang at the connection, in the banner, in the key exchange and in the command', async () => {
    const servers: Server[] = [];
    const sockets = new Set<Socket>();
    const serve = async (hello: string): Promise<number> => {
      const server = createServer((socket) => {
        sockets.add(socket.on('error', () => {}));
        socket.write(hello);
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as AddressInfo).port;
    };
    const full = await fullPort();
    try {
      const ports = { connection: full.port, banner: await serve(''), exchange: await serve('SSH-2.0-hangs\r\n') };
      const hosts = Object.entries(ports).map(([name, port]) => `  ${name}: { address: 127.0.0.1, port: ${port} }`);
      writeFileSync(join(folder, 'hang.yml'), `hosts:\n${hosts.join('\n')}\n  command: { user: plain }\n`);
      const limits = ['--connect-timeout', '10s', '--timeout', '3s'];
      const { code, out, err } = await musterBeside(
        'hang.yml',
        ...limits,
        'all',
        '--json',
        '--',
        'echo so far; sleep 300',
      );
      assert.equal(code, 4, err);
      const records = Object.fromEntries(
        out
          .trim()
          .split('\n')
          .map((line) => [JSON.parse(line).host, JSON.parse(line)]),
      );
      assert.match(records.connection.error, /no answer to the connection within 10 s/);
      assert.match(records.banner.error, /no SSH banner came within 10 s/);
      assert.match(records.exchange.error, /the key exchange did not end within 10 s/);
      assert.deepEqual(
        ['connection', 'banner', 'exchange', 'command'].map((name) => records[name].state),
        ['unreachable', 'unreachable', 'unreachable', 'failed'],
      );
      assert.deepEqual([records.command.timedOut, records.command.stdout], [true, 'so far\n']);
    } finally {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
      full.close();
    }
  });

  it('takes no name for an option', () => {
    const odd = '-oProxyCommand=touch';
    for (const [name, text] of [
      ['ini', `${odd}\n`],
      ['address', `web ansible_host=${odd}\n`],
      ['user', `web ansible_user=-l\n`],
    ] as const) {
      writeFileSync(join(folder, `${name}.ini`), text);
      for (const transport of ['ssh2', 'openssh']) {
        const args = [...words('run', `${name}.ini`), '--transport', transport, 'all', '--', 'true'];
        const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: environment() });
        assert.equal(status, 65, `${name}: ${stderr}`);
        assert.match(stderr, /^Cannot |^\S+:\d+:\d+ Cannot /m, name);
      }
    }
  });
});

/** A port whose queue is full: whoever connects now hears nothing. */
async function fullPort(): Promise<{ port: number; close: () => void }> {
  const program =
    'use IO::Socket::INET; $|=1; $s=IO::Socket::INET->new(Listen=>0,LocalAddr=>"127.0.0.1:0"); print $s->sockport,"\\n"; sleep';
  const child: ChildProcess = spawn('perl', ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(await new Promise<Buffer>((resolve) => child.stdout!.once('data', resolve)));
  const fillers: Socket[] = [];
  for (let connected = true; connected; ) {
    const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
    fillers.push(socket);
    connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      setTimeout(() => resolve(false), 500);
    });
  }
  const close = (): void => {
    for (const socket of fillers) socket.destroy();
    child.kill();
  };
  return { port, close };
}
