// The least that a program with ssh2 can do: connect to every host at once, run one command, leave.
// node bare.mjs PORT USER KEY HOSTKEY COMMAND HOST...
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import ssh2 from 'ssh2';

const [port, user, keyFile, hostKey, command, ...hosts] = process.argv.slice(2);
const key = ssh2.utils.parseKey(readFileSync(keyFile));
const expected = Buffer.from(hostKey.split(' ')[1], 'base64');
let failed = 0;

function work(host) {
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    const fail = () => {
      failed++;
      resolve();
    };
    client.on('error', fail);
    client.on('ready', () => {
      client.exec(command, (error, channel) => {
        if (error) return fail();
        channel.on('exit', (code) => {
          if (code !== 0) failed++;
        });
        channel.on('close', () => {
          client.end();
          resolve();
        });
        channel.resume();
        channel.stderr.resume();
        channel.end();
      });
    });
    client.connect({
      sock: connect({ host, port: Number(port), noDelay: true }),
      username: user,
      authHandler: [{ type: 'publickey', username: user, key }],
      hostVerifier: (seen) => seen.equals(expected),
      algorithms: {
        kex: ['curve25519-sha256'],
        cipher: ['aes128-gcm@openssh.com'],
        serverHostKey: ['ssh-ed25519'],
        compress: ['none'],
      },
    });
  });
}

await Promise.all(hosts.map(work));
process.exitCode = failed > 0 ? 1 : 0;
