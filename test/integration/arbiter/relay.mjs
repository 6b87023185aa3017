// A way of 200 ms and 1 % loss in user space: relay.mjs LISTEN TARGET DELAY LOSS STALL. What comes in goes out DELAY ms later;
// a share LOSS of the pieces is "lost": it and all behind it, as TCP has it, come another STALL ms later.
import { connect, createServer } from 'node:net';

const [listen, target, delay, loss, stall] = process.argv.slice(2).map(Number);

function carry(from, to) {
  // In order, whatever timers do.
  const waiting = [];
  let free = 0;
  const act = () => {
    while (waiting.length > 0 && performance.now() >= waiting[0].at) waiting.shift().act();
    if (waiting.length > 0) setTimeout(act, waiting[0].at - performance.now());
  };
  const later = (what) => {
    free = Math.max(free, performance.now() + delay + (Math.random() < loss ? stall : 0));
    waiting.push({ at: free, act: what });
    if (waiting.length === 1) setTimeout(act, free - performance.now());
  };
  from.on('data', (chunk) => later(() => to.writable && to.write(chunk)));
  from.on('end', () => later(() => to.end()));
  from.on('close', () => later(() => to.destroy()));
  from.on('error', () => from.destroy());
}

createServer((client) => {
  const server = connect(target, '127.0.0.1');
  for (const socket of [client, server]) socket.setNoDelay(true);
  carry(client, server);
  carry(server, client);
}).listen(listen, () => process.stdout.write('listening\n'));
