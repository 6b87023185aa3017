import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../src/base/problem.ts';
import { connect } from '../../src/remote/connection.ts';
import { surveyHostKeys } from '../../src/remote/host-key-survey.ts';
import { Secret } from '../../src/remote/secret.ts';
import { loadSshConfig, sshConfigFor } from '../../src/remote/ssh-config.ts';
import { expandTokens, sshSeconds } from '../../src/remote/ssh-config-words.ts';
import { targetOf } from '../../src/remote/target.ts';
import type { Target } from '../../src/remote/types.ts';
import { startSshd, type TestSshd } from './sshd.ts';

/** The same numbers every time. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

/** Some 500 lines as people write them. */
function longConfig(seed: number): string {
  const random = seeded(seed);
  const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;
  const patterns = ['web*', '*.lab', 'web?', 'db1', '!web3', '!db*', '*', 'gate', '"web4"', 'web[1]'];
  const heads = [
    () => `Host ${[pick(patterns), pick(patterns), pick(patterns)].slice(random(3)).join(' ')}`,
    () => `Match host ${pick(['web*', '*.lab', 'db1,gate'])}`,
    () => `Match originalhost=${pick(['web*', 'db1'])} user ${pick(['root', 'alice', '*'])}`,
    () => `Match !host web1 exec "test %h != db1"`,
    () => `match final host ${pick(['*.lab', 'gate'])}`,
    () => 'Match all',
  ];
  const settings = [
    () => `HostName ${pick(['%h.lab', '10.0.0.1', 'other.lab'])}`,
    () => `Port = ${2200 + random(5)}`,
    () => `user ${pick(['alice', 'bob', '"carol"'])}`,
    () => `IdentityFile ${pick(['~/.ssh/one', '"/keys/two words"', '/keys/three # why'])}`,
    () => `  CertificateFile /keys/${random(3)}-cert.pub`,
    () => `\tConnectTimeout ${pick(['5', '1m', '1m30s'])}`,
    () => `ServerAliveInterval ${pick(['7', '2m'])}`,
    () => `SendEnv ${pick(['LANG', 'LC_*', 'A B'])}`,
    () => `SetEnv ${pick(['X=1', 'Y="a b" Z=2'])}`,
    () => `UserKnownHostsFile ${pick(['/a /b', '"/c d"'])}`,
    () => `HashKnownHosts ${pick(['yes', 'no'])}`,
    () => `IdentitiesOnly ${pick(['yes', 'no'])}`,
    () => pick(['ProxyJump gate', 'ProxyJump a@gate:22,inner', 'ProxyCommand nc %h %p', 'ProxyJump none']),
    () => pick(['# a comment', '', '   ']),
  ];
  const lines: string[] = [];
  while (lines.length < 500) {
    lines.push(pick(heads)());
    for (let count = 1 + random(6); count > 0; count--) lines.push(pick(settings)());
  }
  return `${lines.join('\n')}\n`;
}

function openSshSays(file: string, name: string): string[] {
  const stdio = ['ignore', 'pipe', 'ignore'] as const;
  return execFileSync('ssh', ['-G', '-F', file, name], { encoding: 'utf8', stdio: [...stdio] })
    .trim()
    .split('\n');
}

describe('remote: ssh_config', function () {
  this.timeout(120_000);
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'muster-config-'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  it('means what it means to OpenSSH, in files of 500 lines', async () => {
    const file = join(dir, 'config');
    for (let seed = 1; seed <= 4; seed++) {
      writeFileSync(file, longConfig(seed));
      const config = await loadSshConfig(file);
      for (const name of ['web1', 'web3', 'web4', 'db1', 'gate', 'x.lab', 'elsewhere']) {
        const said = new Map<string, string[]>();
        for (const line of openSshSays(file, name)) {
          const [, keyword, value] = /^(\S+) ?(.*)$/.exec(line)!;
          said.set(keyword!, [...(said.get(keyword!) ?? []), value!]);
        }
        const settings = sshConfigFor(config, name);
        const where = `seed ${seed}, host ${name}`;
        const same = (keyword: string, ours: readonly string[] | undefined): void => {
          if (ours !== undefined) assert.deepEqual(ours, said.get(keyword), `${keyword}, ${where}`);
        };
        const seconds = (keyword: string): string[] | undefined => {
          const text = settings.first(keyword);
          return text === undefined ? undefined : [String(sshSeconds(text))];
        };
        same('hostname', [expandTokens(settings.first('hostname') ?? '%h', { h: name })]);
        same('user', [settings.first('user') ?? userInfo().username]);
        same('port', [settings.first('port') ?? '22']);
        const identities = settings.all('identityfile');
        if (identities.length > 0) same('identityfile', identities);
        const certificates = settings.all('certificatefile');
        assert.deepEqual(certificates, said.get('certificatefile') ?? [], `certificatefile, ${where}`);
        assert.deepEqual(new Set(settings.all('sendenv')), new Set(said.get('sendenv') ?? []), `sendenv, ${where}`);
        assert.deepEqual(settings.words('setenv') ?? [], said.get('setenv') ?? [], `setenv, ${where}`);
        same('connecttimeout', seconds('connecttimeout'));
        same('serveraliveinterval', seconds('serveraliveinterval'));
        const known = settings.words('userknownhostsfile');
        same('userknownhostsfile', known === undefined ? undefined : [known.join(' ')]);
        for (const keyword of ['hashknownhosts', 'identitiesonly']) {
          const value = settings.first(keyword);
          same(keyword, value === undefined ? undefined : [value]);
        }
        const jump = settings.first('proxyjump');
        assert.equal(jump === 'none' ? undefined : jump, said.get('proxyjump')?.[0], `proxyjump, ${where}`);
        assert.equal(settings.line('proxycommand'), said.get('proxycommand')?.[0], `proxycommand, ${where}`);
      }
    }
  });
});

describe('remote: jump hosts and unknown hosts', function () {
  this.timeout(120_000);
  let sshd: TestSshd;
  let gate: TestSshd;
  before(async () => {
    sshd = await startSshd();
    gate = await startSshd();
    writeFileSync(join(gate.dir, 'authorized_keys'), readFileSync(join(sshd.dir, 'id.pub')));
  });
  after(async () => {
    await gate.stop();
    await sshd.stop();
  });

  const logins = (of: TestSshd): number =>
    readFileSync(join(of.dir, 'log'), 'utf8').match(/Accepted publickey/g)?.length ?? 0;

  async function configured(text: string): Promise<Target> {
    const file = join(sshd.dir, 'config');
    const common = `Host *\n  HostName 127.0.0.1\n  IdentityFile ${sshd.dir}/id\n  IdentitiesOnly yes\n`;
    const known = `  UserKnownHostsFile ${sshd.dir}/known_hosts\n  GlobalKnownHostsFile none\n`;
    writeFileSync(file, `${text}\n${common}${known}`);
    const ssh = { address: 'web', user: undefined, port: undefined, identityFile: undefined, proxyCommand: undefined };
    const host = { name: 'node1', connection: 'ssh' as const, ssh, groups: ['all'], variables: {} };
    return targetOf(host, await loadSshConfig(file));
  }

  it('goes through several hops, with one connection to each for all hosts behind it', async () => {
    const hops = `Host web\n  Port ${sshd.port}\n  ProxyJump outer,inner\nHost outer\n  Port ${gate.port}\nHost inner\n  Port ${sshd.port}\n`;
    const target = await configured(hops);
    const [before, gateBefore] = [logins(sshd), logins(gate)];
    const connections = await Promise.all(Array.from({ length: 5 }, () => connect(target)));
    const said = await Promise.all(connections.map((one) => one.exec('echo in')));
    assert.deepEqual(
      said.map(({ stdout }) => stdout.toString()),
      Array.from({ length: 5 }, () => 'in\n'),
    );
    assert.equal(logins(gate) - gateBefore, 1);
    assert.equal(logins(sshd) - before, 6, 'one as the inner hop, five as the host itself');
    await Promise.all(connections.map((one) => one.close()));
  });

  it('says which hop does not let through', async () => {
    const refused = await configured(`Host web\n  Port 1\n  ProxyJump outer\nHost outer\n  Port ${gate.port}\n`);
    await assert.rejects(connect(refused), (error: Problem) => {
      assert.equal(error.reason, 'hostUnreachable');
      assert.match(error.message, /^Cannot reach host "node1" as its jump host "outer" must lead to 127\.0\.0\.1:1: /);
      return true;
    });
    const missing = await configured('Host web\n  Port 22\n  ProxyJump outer\nHost outer\n  Port 1\n');
    await assert.rejects(connect(missing), /jump host "outer" must lead to .*Cannot reach host "outer" as .*refused/);
  });

  it('asks once about all unknown hosts, with fingerprints, and believes a no', async () => {
    const known = join(sshd.dir, 'asked');
    const questions: string[] = [];
    const target = (name: string, answer: string, hostKeyAlias = name): Target =>
      sshd.target({
        name,
        hostKeyAlias,
        hostKeyChecking: 'ask',
        knownHostsFiles: [known],
        access: {
          questions: {
            secret: async () => new Secret(''),
            line: async (question) => {
              questions.push(question);
              return answer;
            },
          },
        },
      });
    const refused = ['a1', 'a2'].map((name) => target(name, 'no'));
    await surveyHostKeys(refused);
    assert.equal(questions.length, 1);
    const print = execFileSync('ssh-keygen', ['-l', '-f', join(sshd.dir, 'host_key.pub')], { encoding: 'utf8' }).split(
      ' ',
    )[1]!;
    assert.equal(questions[0]!.split(print).length, 3, 'a fingerprint for each');
    await assert.rejects(connect(refused[0]!), (error: Problem) => {
      assert.ok(error instanceof Problem);
      assert.match(error.message, /its host key must stand in/);
      return true;
    });
    const trusted = ['b1', 'b2', 'b3'].map((name) => target(name, 'yes'));
    await surveyHostKeys(trusted);
    await surveyHostKeys(trusted);
    assert.equal(questions.length, 2);
    assert.match(questions[1]!, /b1 .*\n.*b2 .*\n.*b3 .*\nTrust all 3\?/);
    for (const one of trusted) await (await connect(one)).close();
    assert.equal(readFileSync(known, 'utf8').trim().split('\n').length, 3);
  });
});
