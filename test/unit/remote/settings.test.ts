import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { algorithmLists, chooseAlgorithms, kinds } from '../../../src/remote/algorithms.ts';
import { sudoCommand } from '../../../src/remote/become.ts';
import { loadSshConfig, type SshHostConfig, sshConfigFor } from '../../../src/remote/ssh-config.ts';
import { splitWords, sshSeconds } from '../../../src/remote/ssh-config-words.ts';
import { authentications, environment, onlyOpenSsh } from '../../../src/remote/target-settings.ts';

async function settings(...lines: string[]): Promise<SshHostConfig> {
  const dir = mkdtempSync(join(tmpdir(), 'muster-settings-'));
  try {
    writeFileSync(join(dir, 'config'), `${lines.join('\n')}\n`);
    return sshConfigFor(await loadSshConfig(join(dir, 'config')), 'web');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe('settings of ssh_config', () => {
  it('takes lines apart as OpenSSH does', () => {
    assert.deepEqual(splitWords('a "b c" \'d "e\' f\\ g # not this'), ['a', 'b c', 'd "e', 'f g']);
    assert.deepEqual(splitWords('a#b "x\\"y" ""'), ['a#b', 'x"y', '']);
    assert.equal(splitWords('a "b'), undefined);
    assert.deepEqual(
      [sshSeconds('90'), sshSeconds('1m30s'), sshSeconds('2h'), sshSeconds('x')],
      [90, 90, 7200, undefined],
    );
  });

  it('offers algorithms as they are asked for, or says that it needs OpenSSH', () => {
    const { kex } = kinds;
    assert.deepEqual(chooseAlgorithms(kex, 'ecdh-sha2-nistp256,sntrup761x25519-sha512@openssh.com'), [
      'ecdh-sha2-nistp256',
    ]);
    assert.equal(chooseAlgorithms(kex, 'sntrup761x25519-sha512@openssh.com,curve25519-sha256'), undefined);
    assert.equal(chooseAlgorithms(kex, '^mlkem768x25519-sha256'), undefined);
    assert.equal(chooseAlgorithms(kex, '^ecdh-sha2-nistp521')![0], 'ecdh-sha2-nistp521');
    assert.deepEqual(chooseAlgorithms(kex, '+sntrup761x25519-sha512@openssh.com'), kex.usual);
    assert.equal(chooseAlgorithms(kex, '+diffie-hellman-group14-sha1')!.at(-1), 'diffie-hellman-group14-sha1');
    assert.ok(!chooseAlgorithms(kex, '-curve25519*')!.some((name) => name.startsWith('curve')));
    assert.equal(chooseAlgorithms(kex, '-*'), undefined);
  });

  it('obeys every list, and names the line that it cannot obey', async () => {
    const { lists, beyond } = algorithmLists(
      await settings('Ciphers aes256-ctr', 'MACs hmac-sha2-512', 'KexAlgorithms nobody'),
    );
    assert.deepEqual([lists.cipher, lists.hmac, lists.hostKey], [['aes256-ctr'], ['hmac-sha2-512'], undefined]);
    assert.equal(beyond, 'kexalgorithms nobody');
  });

  it('sends the variables that are named, and sets those of the first line', async () => {
    const own = { LANG: 'C', LC_ALL: 'x', LC_TIME: 'y', HOME: '/h' };
    const config = await settings('SendEnv LANG LC_*', 'SendEnv -LC_T*', 'SetEnv A=1 "B=2 3"', 'SetEnv C=4');
    assert.deepEqual(environment(config, own), { LANG: 'C', LC_ALL: 'x', A: '1', B: '2 3' });
    assert.equal(environment(await settings('SendEnv NONE'), own), undefined);
  });

  it('tries what may be tried, in the order that is preferred', async () => {
    assert.deepEqual(authentications(await settings('')), ['publickey', 'keyboard-interactive', 'password']);
    const config = await settings(
      'PreferredAuthentications gssapi-with-mic,password,publickey',
      'PubkeyAuthentication no',
    );
    assert.deepEqual(authentications(config), ['password']);
  });

  it('knows what only OpenSSH can do', async () => {
    assert.equal(onlyOpenSsh(await settings('GSSAPIAuthentication yes', 'PKCS11Provider none')), undefined);
    assert.equal(onlyOpenSsh(await settings('PKCS11Provider /lib/token.so')), 'pkcs11provider /lib/token.so');
    const signatures = async (value: string) => onlyOpenSsh(await settings(`PubkeyAcceptedAlgorithms ${value}`));
    const fedora = 'ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,ssh-ed25519,rsa-sha2-256,rsa-sha2-512';
    for (const value of [fedora, 'ecdsa-*,ssh-ed25519,rsa-sha2-*', '+ssh-rsa', '^ssh-ed25519', '-ssh-dss'])
      assert.equal(await signatures(value), undefined, value);
    for (const value of ['ssh-ed25519', fedora.replace('ssh-ed25519,', ''), '-ecdsa-*', 'ssh-rsa'])
      assert.equal(await signatures(value), `pubkeyacceptedalgorithms ${value}`);
    assert.match(onlyOpenSsh(await settings('PreferredAuthentications gssapi-with-mic')) ?? '', /gssapi/);
  });

  it('gives sudo a password only in commands for root, and never in the command', () => {
    assert.equal(sudoCommand('echo exec sudo -n -- x'), undefined);
    const { command, asks, ready } = sudoCommand("exec sudo -n -H -- /bin/sh -c 'id'")!;
    assert.ok(command.startsWith(`exec sudo -S -p ${asks} -H -- /bin/sh -c 'printf ${ready} >&2; `));
    assert.ok(command.endsWith(" sh /bin/sh -c 'id'"));
    assert.notEqual(sudoCommand('exec sudo -n -- x')!.asks, asks);
  });
});
