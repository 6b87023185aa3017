import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../../src/base/problem.ts';
import type { Host, SshSettings } from '../../../src/model/inventory.ts';
import { loadSshConfig } from '../../../src/remote/ssh-config.ts';
import { type TargetOptions, targetOf } from '../../../src/remote/target.ts';

function host(address: string, ssh: Partial<SshSettings> = {}): Host {
  return {
    name: 'node1',
    connection: 'ssh',
    ssh: { address, user: undefined, port: undefined, identityFile: undefined, proxyCommand: undefined, ...ssh },
    groups: ['all'],
    variables: {},
  };
}

describe('targetOf', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'muster-ssh-config-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  async function targetFrom(config: string, ...[address, ssh]: Parameters<typeof host>) {
    writeFileSync(join(dir, 'config'), config);
    return targetOf(host(address, ssh), await loadSshConfig(join(dir, 'config')));
  }

  it("has OpenSSH's defaults where nobody says anything", async () => {
    const target = await targetFrom('', '10.0.0.1');
    assert.equal(target.address, '10.0.0.1');
    assert.equal(target.port, 22);
    assert.equal(target.user, userInfo().username);
    assert.equal(target.hostKeyChecking, 'accept-new');
    assert.equal(target.identityFiles[0], join(homedir(), '.ssh/id_ed25519'));
    assert.equal(target.knownHostsFiles[0], join(homedir(), '.ssh/known_hosts'));
    assert.equal(target.dial, undefined);
  });

  it('takes the first value of every keyword, and the inventory before them all', async () => {
    const config = `
Host web
  HostName %h.example.net
  User first
  Port=2222
  IdentityFile ~/.ssh/web
Host *
  User second
  Port 2223
  ConnectTimeout 3
  StrictHostKeyChecking yes
  UserKnownHostsFile "/tmp/a b" /tmp/c
  GlobalKnownHostsFile none
  IdentityFile /keys/%h
  IdentitiesOnly yes
  HashKnownHosts yes
`;
    const target = await targetFrom(config, 'web', { port: 2200, identityFile: '/keys/own' });
    assert.equal(target.address, 'web.example.net');
    assert.equal(target.user, 'first');
    assert.equal(target.port, 2200);
    assert.deepEqual(target.identityFiles, ['/keys/own', join(homedir(), '.ssh/web'), '/keys/web.example.net']);
    assert.deepEqual(target.knownHostsFiles, ['/tmp/a b', '/tmp/c']);
    assert.equal(target.hostKeyChecking, 'strict');
    assert.equal(target.connectTimeoutMs, 3000);
    assert.equal(target.identitiesOnly, true);
    assert.equal(target.hashKnownHosts, true);
    assert.equal((await targetFrom(config, 'other')).user, 'second');
  });

  it('keeps connections open as ControlPersist says, where somebody can, and the command line says nothing', async () => {
    const start = ['muster', 'agent', 'serve'];
    const idle = async (lines: string, more: TargetOptions = { persistStart: start }): Promise<number | undefined> => {
      writeFileSync(join(dir, 'config'), lines);
      return targetOf(host('web'), await loadSshConfig(join(dir, 'config')), more).persist?.idleMs;
    };
    const shared = 'ControlMaster auto\n';
    assert.equal(await idle(`${shared}ControlPersist 10m`), 600_000);
    assert.ok((await idle(`${shared}ControlPersist yes`))! > 20 * 86_400_000);
    assert.equal(await idle(`${shared}ControlPersist 0`), await idle(`${shared}ControlPersist yes`));
    for (const lines of [
      '',
      shared,
      `${shared}ControlPersist no`,
      `${shared}ControlPersist 10m\nControlPath none`,
      'ControlPersist 10m',
      'ControlMaster no\nControlPersist 10m',
    ])
      assert.equal(await idle(lines), undefined, lines);
    assert.equal(await idle(`${shared}ControlPersist 10m`, {}), undefined);
    assert.equal(await idle(`${shared}ControlPersist 10m`, { persist: { idleMs: 1, start }, persistStart: start }), 1);
    await assert.rejects(idle(`${shared}ControlPersist soon`), /controlpersist in ssh_config must be a time: "soon"/);
  });

  it('keeps connections open as the inventory says, before ssh_config and behind the command line', async () => {
    const start = ['muster', 'agent', 'serve'];
    writeFileSync(join(dir, 'config'), 'Host web\n  ControlMaster auto\n  ControlPersist 10m\n  ProxyJump gate\n');
    const config = await loadSshConfig(join(dir, 'config'));
    const of = (persist: SshSettings['persist'], more: TargetOptions = { persistStart: start }) =>
      targetOf(host('web', { persist }), config, more);
    assert.deepEqual(of(60_000).persist, { idleMs: 60_000, start });
    assert.equal(of(undefined).persist?.idleMs, 600_000);
    assert.equal(of('off').persist, undefined);
    assert.equal(of(60_000, {}).persist, undefined, 'nobody can, or --persist off');
    assert.equal(of(60_000, { persist: { idleMs: 5, start }, persistStart: start }).persist?.idleMs, 5);
    assert.equal(of(60_000).jump?.persist, undefined);
  });

  it('takes the way from the inventory before that of ssh_config', async () => {
    const config = 'Host web\n  ProxyCommand nc %h %p\n';
    const jumps = await targetFrom(config, 'web', { proxyJump: 'me@gate:2200,inner' });
    assert.deepEqual([jumps.proxyCommand, jumps.jump?.name, jumps.jump?.jump?.name], [undefined, 'inner', 'gate']);
    assert.deepEqual([jumps.jump?.jump?.user, jumps.jump?.jump?.port], ['me', 2200]);
    assert.equal((await targetFrom('Host web\n  ProxyJump gate\n', 'web', { proxyJump: 'none' })).jump, undefined);
  });

  it('knows older names of keywords, and files by the alias of the host key', async () => {
    const config = `
Host web
  ChallengeResponseAuthentication no
  PubkeyAcceptedKeyTypes rsa-*
  HostKeyAlias cluster
  ProxyJump gate
  UserKnownHostsFile /known/%k-%j /known/%C
`;
    const target = await targetFrom(config, 'web', { user: 'u' });
    assert.deepEqual(target.authentications, ['publickey', 'password']);
    assert.match(target.needsOpenSsh ?? '', /^pubkeyacceptedalgorithms/);
    const hash = createHash('sha1').update(`${hostname()}web22ugate`).digest('hex');
    assert.deepEqual(target.knownHostsFiles.slice(0, 2), ['/known/cluster-gate', `/known/${hash}`]);
  });

  it('names files by whole paths, as another process may open them', async () => {
    const before = process.cwd();
    process.chdir(dir);
    try {
      writeFileSync('config', 'IdentityFile keys/id\nIdentityAgent agent.sock\nUserKnownHostsFile known\n');
      const target = targetOf(host('web', { identityFile: 'own' }), await loadSshConfig('config'));
      assert.deepEqual(target.identityFiles, [join(process.cwd(), 'own'), join(process.cwd(), 'keys/id')]);
      assert.equal(target.knownHostsFiles[0], join(process.cwd(), 'known'));
      assert.equal(target.identityAgent, join(process.cwd(), 'agent.sock'));
      assert.equal(target.openSsh?.configFile, join(process.cwd(), 'config'));
      assert.equal(targetOf(host('web'), await loadSshConfig('none')).openSsh?.configFile, 'none');
    } finally {
      process.chdir(before);
    }
  });

  it('reads negated patterns, Match and Include', async () => {
    mkdirSync(join(dir, 'conf.d'));
    writeFileSync(join(dir, 'conf.d', '10-a.conf'), 'User included\nHost other\n  Port 7\n');
    writeFileSync(join(dir, 'conf.d', '20-b.txt'), 'Port 9\n');
    const config = `
Host node* !node9
  Include ${dir}/conf.d/*.conf
Match user included
  Port 24
Match exec "false"
  Port 25
Match all
  Port 26
`;
    const one = await targetFrom(config, 'node1');
    assert.deepEqual([one.user, one.port], ['included', 24]);
    const nine = await targetFrom(config, 'node9');
    assert.deepEqual([nine.user, nine.port], [userInfo().username, 26]);
  });

  it('names the place of a line that is none', async () => {
    await assert.rejects(targetFrom('Host a\n  Nonsense\n', 'a'), (error: Problem) => {
      assert.equal(error.reason, 'badInput');
      assert.ok(error.message.startsWith(`${join(dir, 'config')}:2:3 `), error.message);
      return true;
    });
  });

  it('refuses names that a shell or ssh could take for something else', async () => {
    for (const address of ['-oProxyCommand=x', 'a;b', 'a b', '$(x)', '`x`']) {
      await assert.rejects(targetFrom('', address), Problem, address);
    }
    const made = join(dir, 'made');
    await assert.rejects(targetFrom('Match exec "true %n %h"\nPort 2\n', `x;>${made}`), Problem);
    await assert.rejects(targetFrom('Match exec "true %r"\nPort 2\n', 'ok', { user: `x;>${made}` }), Problem);
    assert.ok(!existsSync(made), 'Match exec was given a command');
    await assert.rejects(targetFrom('', 'ok', { user: '-x' }), Problem);
    await assert.rejects(targetFrom('Host *\nProxyJump a;b\n', 'ok'), Problem);
    await assert.rejects(targetFrom('Host *\nPort x\n', 'ok'), Problem);
  });

  it('gives ProxyCommand its tokens, and follows ProxyJump through the settings of each hop', async () => {
    const target = await targetFrom('Host *\n  ProxyCommand echo %h:%p:%r:%n:%%\n', 'web', { user: 'u', port: 33 });
    assert.equal(target.proxyCommand, 'echo web:33:u:web:%');
    const config = `
Host web
  ProxyJump me@gate:2200,inner
  ProxyCommand never
Host gate
  HostName gate.example.net
  User ignored
  ProxyJump outer
Host inner
  ProxyJump ignored
Host outer
  Port 2222
`;
    const inner = (await targetFrom(config, 'web')).jump!;
    assert.deepEqual([inner.address, inner.port, inner.proxyCommand], ['inner', 22, undefined]);
    const gate = inner.jump!;
    assert.deepEqual([gate.address, gate.port, gate.user], ['gate.example.net', 2200, 'me']);
    assert.deepEqual([gate.jump!.address, gate.jump!.port, gate.jump!.jump], ['outer', 2222, undefined]);
    assert.equal((await targetFrom('Host a\nProxyCommand x\nProxyJump y\n', 'a')).jump, undefined);
    await assert.rejects(targetFrom('Host *\n  ProxyJump %h\n', 'a'), /in circles/);
  });
});
