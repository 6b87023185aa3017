/** `muster shell --tmux`: a real tmux, OpenSSH and a real sshd. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSshd, type TestSshd } from './sshd.ts';
import { Tmux } from './tmux.ts';

describe('muster shell --tmux', function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  let folder: string;
  /** What the person has, and what shows it to the test. */
  let inner: Tmux;
  let outer: Tmux;
  let environment: Record<string, string>;
  const words = (...more: string[]): string[] => [
    'dist/muster.js',
    'shell',
    '-F',
    join(folder, 'config'),
    '--tmux',
    ...more,
  ];
  before(async () => {
    sshd = await startSshd();
    folder = mkdtempSync(join(tmpdir(), 'muster-panes-'));
    [inner, outer] = [new Tmux(), new Tmux()];
    const inventory = join(folder, 'inventory.yml');
    writeFileSync(
      inventory,
      'hosts:\n  node[1-3]: { address: 127.0.0.1 }\ngroups:\n  prod: { hosts: node3, protected: true }\n',
    );
    writeFileSync(
      join(folder, 'config'),
      [
        'Host *',
        ...[`  Port ${sshd.port}`, `  IdentityFile ${sshd.dir}/id`, '  IdentitiesOnly yes', '  LogLevel ERROR'],
        `  UserKnownHostsFile ${folder}/known_hosts`,
        '',
      ].join('\n'),
    );
    environment = { MUSTER_INVENTORY: inventory, TMUX_TMPDIR: inner.folder, HOME: folder, XDG_STATE_HOME: folder };
  });
  after(async () => {
    inner.stop();
    outer.stop();
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function open(session: string, pattern: string): { code: number | null; out: string; err: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, words('--session', session, pattern), {
      env: { ...inner.environment, ...environment },
      encoding: 'utf8',
    });
    return { code: status, out: stdout, err: stderr };
  }
  const panes = (session: string): string[] =>
    inner.run('list-panes', '-s', '-t', session, '-F', '#{pane_id} #{@host} #{pane_synchronized}').trim().split('\n');

  it('makes a pane for each host, and what is typed into one goes to all', async () => {
    const { code, out, err } = open('web', 'node[1-2]');
    assert.deepEqual([code, out], [0, 'tmux attach-session -t =web\n'], err);
    const seen = panes('web').map((line) => line.split(' '));
    assert.deepEqual(
      seen.map(([, host, synchronised]) => [host, synchronised]),
      [
        ['node1', '1'],
        ['node2', '1'],
      ],
    );
    const [first, second] = seen.map(([id]) => id!) as [string, string];
    for (const id of [first, second])
      await inner.until(id, 'somebody is logged in', (screen) => /[#$] *$/m.test(screen));
    inner.type(first, 'echo typed-$((40+2))\r');
    for (const id of [first, second]) await inner.shows(id, /^typed-42/m);

    // One connection is lost: its pane stays where it is, and takes nothing but a word to connect again.
    const shell = inner.run('display-message', '-p', '-t', second, '#{pane_pid}').trim();
    const ssh = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim();
    process.kill(Number(ssh), 'SIGTERM');
    await inner.shows(second, /node2 is gone\. "again" and Enter/);
    inner.type(first, 'echo only-$((40+3))\r');
    await inner.shows(first, /^only-43/m);
    inner.type(first, 'again\r');
    await inner.until(second, 'it is logged in again', (screen) => /again\s[\s\S]*[#$] *$/.test(screen.trimEnd()));
    inner.type(second, 'echo both-$((40+4))\r');
    for (const id of [first, second]) await inner.shows(id, /^both-44/m);
    inner.run('kill-session', '-t', '=web');
  });

  it('refuses a name that is taken or cannot be one, and makes nothing of a host that nobody knows', () => {
    assert.equal(open('taken', 'node1').code, 0);
    const again = open('taken', 'node1');
    assert.equal(again.code, 64);
    assert.match(again.err, /its name must be free: there is one\n {2}hint: tmux attach-session -t =taken/);
    assert.match(open('a.b', 'node1').err, /Cannot name a session "a\.b"/);
    assert.equal(open('other', 'node9').code, 64);
    assert.deepEqual(inner.run('list-sessions', '-F', '#{session_name}').trim().split('\n'), ['taken']);
    inner.run('kill-session', '-t', '=taken');
  });

  it('shows the panes at the terminal, after the name of a protected group, and comes back when they end', async () => {
    const unset = ['env', '-u', 'TMUX', '-u', 'TMUX_PANE'];
    outer.start('person', [...unset, process.execPath, ...words('all')], environment);
    await outer.shows('person', /Group prod is protected \(node3\)\. Its name, to go on:/);
    outer.type('person', 'prod\r');
    const all = (text: string): boolean => ['1', '2', '3'].every((number) => text.includes(`> node${number} `));
    const screen = await outer.until('person', 'all panes are there', all);
    assert.match(screen, /\[muster\]/);
    for (const line of panes('muster')) {
      await inner.until(line.split(' ')[0]!, 'somebody is logged in', (text) => /[#$] *$/m.test(text));
    }
    outer.type('person', 'echo seen-$((40+5))\r');
    await outer.until('person', 'all three show it', (text) => text.split('seen-45').length > 3);
    outer.type('person', 'exit 0\r');
    await outer.shows('person', /ended with 0/);
  });
});
