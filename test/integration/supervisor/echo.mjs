// Answers each datagram with its text and this node's name, from the address that it was sent to.
import { createSocket } from 'node:dgram';

const [name, port, ...addresses] = process.argv.slice(2);
for (const address of addresses) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (bytes, from) => socket.send(`${bytes} ${name}`, from.port, from.address, () => {}));
  socket.bind(Number(port), address);
}
process.stdout.write('ready\n');
