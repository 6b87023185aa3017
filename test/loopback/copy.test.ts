/** `muster copy` and `muster fetch` against a real sshd. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { startSshd, type TestSshd } from './sshd.ts';

describe('muster copy and fetch', function () {
  this.timeout(60_000);
  let sshd: TestSshd;
  let folder: string;
  before(async () => {
    sshd = await startSshd();
    folder = mkdtempSync(join(tmpdir(), 'muster-copy-test-'));
    const defaults = `{ user: ${userInfo().username}, identity_file: ${sshd.dir}/id, port: ${sshd.port}, address: 127.0.0.1 }`;
    writeFileSync(
      join(folder, 'hosts.yml'),
      `hosts:\n  node[1-3]: ${defaults}\n  gone: { address: 127.0.0.1, port: 1 }\n`,
    );
  });
  after(async () => {
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function muster(...words: string[]): { code: number | null; out: string; err: string } {
    const [verb, ...rest] = words as [string, ...string[]];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['dist/muster.js', verb, '-i', join(folder, 'hosts.yml'), '--host-key-checking', 'off', ...rest],
      { encoding: 'utf8', env: { ...process.env, XDG_STATE_HOME: join(folder, 'state') } },
    );
    return { code: status, out: stdout, err: stderr };
  }

  it('copy what they are given, byte by byte, with mode and time, and say so of each host', () => {
    const source = join(folder, 'big file');
    writeFileSync(source, randomBytes(3_000_000));
    chmodSync(source, 0o741);
    utimesSync(source, 1000, 1_234_567_890);
    mkdirSync(join(folder, 'there'));
    const place = `${folder}/there/{{ host }}`;
    const { code, out, err } = muster('copy', 'all', source, place, '--template');
    assert.equal(code, 4);
    assert.equal(out, 'node[1-3] (3): one file, 3.0 MB\n');
    assert.match(err, /1 of 4 unreachable: gone/);
    for (const host of ['node1', 'node2', 'node3']) {
      const copy = join(folder, 'there', host);
      assert.ok(readFileSync(copy).equals(readFileSync(source)));
      assert.deepEqual([statSync(copy).mode & 0o7777, statSync(copy).mtimeMs], [0o741, 1_234_567_890_000]);
    }
    assert.deepEqual(readdirSync(join(folder, 'there')).sort(), ['node1', 'node2', 'node3']);
    const json = muster('copy', '@ok', source, place, '--template', '--json');
    const records = json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(records.map((record) => [record.host, record.state, record.bytes]).sort(), [
      ['node1', 'ok', 3_000_000],
      ['node2', 'ok', 3_000_000],
      ['node3', 'ok', 3_000_000],
    ]);
  });

  it('go from host to host with --tree, and from here to whom no other reaches', () => {
    const source = join(folder, 'parcel');
    writeFileSync(source, randomBytes(400_000));
    mkdirSync(join(folder, 'tree'));
    const hosts = Array.from({ length: 9 }, (_, index) => `host${index + 1}`);
    const login = `user: ${userInfo().username}, identity_file: ${sshd.dir}/id, address: 127.0.0.1`;
    const lines = hosts.map((host) => `  ${host}: { ${login}, port: ${sshd.port} }`);
    writeFileSync(join(folder, 'nine.yml'), `hosts:\n${lines.join('\n')}\n  gone: { ${login}, port: 1 }\n`);
    const copy = spawnSync(
      process.execPath,
      [
        'dist/muster.js',
        'copy',
        '-i',
        join(folder, 'nine.yml'),
        '--host-key-checking',
        'off',
        '--tree',
        '--json',
      ].concat(['all', source, `${folder}/tree/{{ host }}`, '--template']),
      { encoding: 'utf8', env: { ...process.env, XDG_STATE_HOME: join(folder, 'state'), SSH_AUTH_SOCK: '' } },
    );
    assert.equal(copy.stderr, '');
    assert.equal(copy.status, 4);
    const records = copy.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const ok = records.filter((record) => record.state === 'ok');
    assert.deepEqual(ok.map((record) => record.host).sort(), hosts);
    assert.ok(
      ok.every((record) => record.by === 'tree'),
      copy.stdout,
    );
    assert.deepEqual(readdirSync(join(folder, 'tree')).sort(), hosts);
    for (const host of hosts) assert.ok(readFileSync(join(folder, 'tree', host)).equals(readFileSync(source)));
    assert.equal(records.find((record) => record.host === 'gone').state, 'unreachable');
  });

  it('fail where the place is not there, and leave nothing', () => {
    const { code, err } = muster('copy', 'node1', 'package.json', `${folder}/no/such`);
    assert.equal(code, 2);
    assert.match(err, /Cannot copy to ".*\/no\/such" on host "node1" as .*: .*No such file/);
    assert.equal(existsSync(join(folder, 'no')), false);
    assert.equal(muster('copy', 'node1', 'no-such-file', '/tmp/x').code, 65);
    assert.equal(muster('copy', 'node1', 'only-one').code, 64);
  });

  it('fetch files and folders of each host into a folder of its own', () => {
    const remote = join(folder, 'remote');
    mkdirSync(join(remote, 'tree/sub'), { recursive: true });
    writeFileSync(join(remote, 'tree/sub/file'), randomBytes(500_000));
    writeFileSync(join(remote, "it's one"), 'x', { mode: 0o640 });
    const found = join(folder, 'found');
    for (let time = 0; time < 2; time++) {
      const { code, out, err } = muster('fetch', 'node[1-2]', join(remote, "it's one"), `${remote}/tree/`, found);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^node\[1-2\] \(2\): 1\.0 MB into .*found\/HOST\n$/);
    }
    assert.deepEqual(readdirSync(found).sort(), ['node1', 'node2']);
    for (const host of ['node1', 'node2']) {
      assert.equal(statSync(join(found, host, "it's one")).mode & 0o777, 0o640);
      assert.ok(readFileSync(join(found, host, 'tree/sub/file')).equals(readFileSync(join(remote, 'tree/sub/file'))));
    }
  });

  it('fetch nothing of a host that does not have all of it', () => {
    const found = join(folder, 'half');
    const { code, err } = muster('fetch', 'node1', '/etc/passwd', '/etc/no-such', found);
    assert.equal(code, 2);
    assert.match(err, /Cannot fetch from host "node1" as .*no-such.*No such file/);
    assert.deepEqual(readdirSync(found), []);
  });

  it('fetch nothing into what is no folder', () => {
    const found = join(folder, 'no-folder');
    writeFileSync(found, 'mine');
    const { code, err } = muster('fetch', 'node1', '/etc/passwd', found);
    assert.equal(code, 65);
    assert.match(err, /^Cannot fetch into "\S+no-folder" as it must be a folder here: it is none$/m);
    assert.equal(readFileSync(found, 'utf8'), 'mine');
  });

  it('say who is reachable, root and how late (ping), and what hosts are (facts)', () => {
    const ping = muster('ping', 'node1,gone', '--json');
    assert.equal(ping.code, 4);
    const [one, lost] = ping.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .sort((a, b) => (a.host > b.host ? -1 : 1));
    assert.deepEqual([one.host, one.state, one.user], ['node1', 'ok', userInfo().username]);
    assert.ok(Math.abs(one.clockOffsetMs) < 1000 && one.roundTripMs > 0 && one.loginMs > 0, JSON.stringify(one));
    assert.deepEqual([lost.host, lost.state], ['gone', 'unreachable']);
    assert.match(
      muster('ping', 'node1').out,
      /^node1 {2}ok {2}as \S+, .*, clock [+-]\d+ ms, login in \d+ ms, a command in [\d.]+ ms$/m,
    );

    const facts = muster('facts', 'node[1-2],gone');
    assert.equal(facts.code, 4);
    assert.match(facts.out, /^HOST +SYSTEM +KERNEL .*\nnode1 .*\nnode2 /);
    const json = JSON.parse(muster('facts', 'node1', '--json').out);
    assert.equal(json.facts.kernel, spawnSync('uname', ['-r']).stdout.toString().trim());
  });
});
