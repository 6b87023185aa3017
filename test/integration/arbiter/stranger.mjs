// Somebody with a certificate of their own making: stranger.mjs ADDRESS SERVERNAME|tls1.2 KEY CERTIFICATE
import { connect } from 'node:tls';

const [host, name, key, cert] = process.argv.slice(2);
const version = name === 'tls1.2' ? 'TLSv1.2' : 'TLSv1.3';
const socket = connect({
  host,
  port: 5561,
  servername: name === 'tls1.2' ? 'pair' : name,
  minVersion: version,
  maxVersion: version,
  key,
  cert,
  rejectUnauthorized: false,
});
let seen = '';
let reached = false;
socket.on('secureConnect', () => {
  reached = true;
});
socket.on('data', (chunk) => {
  // Two bytes of length, one of kind: 2 is a refusal.
  if (chunk[2] === 2) seen = `refused: ${chunk.subarray(3)}`;
});
socket.on('error', () => {});
socket.on('close', () => process.stdout.write(seen || (reached ? 'hung up' : 'handshake failed')));
setTimeout(() => socket.destroy(), 10_000).unref();
