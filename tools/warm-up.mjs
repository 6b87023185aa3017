// `muster run` on a host that only the build knows: what V8 compiled for it is kept, and saves the next ones the time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';

/** One of ssh2's; of every 250 that it makes it cannot read one itself, where a number begins with a zero. */
function makeKey() {
  for (;;) {
    const key = ssh2.utils.generateKeyPairSync('ed25519').private;
    if (!(ssh2.utils.parseKey(key) instanceof Error)) return key;
  }
}

/** A host that lets everybody in and does nothing, on a loopback port that the kernel picks. */
async function startHost() {
  const server = new ssh2.Server({ hostKeys: [makeKey()] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (attempt) => attempt.accept());
    client.on('session', (accept) => {
      accept().on('exec', (accepted) => {
        const channel = accepted();
        channel.resume();
        channel.write('warm\n');
        channel.exit(0);
        channel.end();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/**
 * Leaves `muster.code` in the folder of the program with this digest, and `muster.held.code` of a run over a connection that
 * is open already. Rejects where a run does not succeed.
 */
export async function keepCompiled(folder, digest) {
  const home = mkdtempSync(join(tmpdir(), 'muster-build-'));
  const server = await startHost();
  try {
    const file = (name, text) => {
      writeFileSync(join(home, name), text, { mode: 0o600 });
      return join(home, name);
    };
    const key = file('id', makeKey());
    const settings = [`Port ${server.address().port}`, 'User build', `IdentityFile ${key}`, 'IdentitiesOnly yes'];
    const config = file('config', [...settings, `UserKnownHostsFile ${join(home, 'known_hosts')}`, ''].join('\n'));
    const inventory = file('inventory.yml', 'hosts:\n  127.0.0.1: {}\n');
    const words = ['-F', config, '-i', inventory, '--connect-timeout', '60s', '-n', 'all', '--', 'true'];
    const homes = { HOME: home, XDG_STATE_HOME: home, XDG_CACHE_HOME: home, XDG_RUNTIME_DIR: home };
    const program = async (args, more) => {
      const child = spawn(process.execPath, [join(folder, 'muster.js'), ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { PATH: process.env.PATH, ...homes, ...more },
      });
      let said = '';
      child.stderr.on('data', (chunk) => {
        said += chunk;
      });
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`the first run of the program ended with ${code}: ${said.trim()}`);
      return child.pid;
    };
    // Most runs find the host known and the inventory checked before: code for what comes before that would only be in
    // their way.
    const keep = async (name, args) => {
      await program(args, {});
      const pid = await program(args, { MUSTER_KEEP_COMPILED: digest });
      renameSync(join(folder, `muster.code.${pid}`), join(folder, name));
    };
    await keep('muster.code', ['run', ...words]);
    try {
      await keep('muster.held.code', ['run', '--persist', '60s', ...words]);
    } finally {
      await program(['agent', 'stop'], {});
    }
  } finally {
    server.close();
    rmSync(home, { recursive: true, force: true });
    for (const name of readdirSync(folder)) {
      if (/^muster\.code\.\d+$/.test(name)) rmSync(join(folder, name), { force: true });
    }
  }
}
