// Sends numbered datagrams to an address and prints, as JSON lines, who answered which of them and when it was sent.
import { createSocket } from 'node:dgram';

const [address, port, interval] = process.argv.slice(2);
const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
const sentAt = new Map();
let number = 0;
socket.on('message', (bytes) => {
  const [answered, node] = bytes.toString().split(' ');
  const sent = sentAt.get(Number(answered));
  if (sent !== undefined) process.stdout.write(`${JSON.stringify({ number: Number(answered), node, sent })}\n`);
});
setInterval(() => {
  number++;
  sentAt.set(number, performance.now());
  socket.send(String(number), Number(port), address, () => {});
}, Number(interval));
