import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:http';
import type { BalancerConfig } from '../../../src/supervisor/balancer.ts';
import { createNftablesBalancer } from '../../../src/supervisor/drivers/nftables-balancer.ts';
import { answerLines } from './answers.ts';

/** A machine that is director and real server: the balancer, and web servers that say their name. */
const name = process.argv[2] ?? '';
const balancer = createNftablesBalancer({
  journal: (decision) => process.stdout.write(`${JSON.stringify(decision)}\n`),
});
const servers = new Map<string, Server>();

/** Answers datagrams for the virtual address, from it: a socket that is bound to it does both. */
const datagrams = createSocket('udp4');
datagrams.on('message', (_, { port, address }) => datagrams.send(name, port, address));
datagrams.bind(53, process.argv[3]);

async function web(port: number, mode: 'on' | 'off' | 'hang'): Promise<void> {
  const old = servers.get(String(port));
  old?.closeAllConnections();
  await new Promise<void>((resolve) => (old === undefined ? resolve() : old.close(() => resolve())));
  servers.delete(String(port));
  if (mode === 'off') return;
  const server = createServer({ keepAliveTimeout: 60_000 }, ({ headers }, response) => {
    if (mode === 'on' && headers.host !== 'hang') response.end(name);
  });
  servers.set(String(port), server);
  await new Promise<void>((resolve) => server.listen(port, '::', () => resolve()));
}

type Request =
  | { readonly ask: 'configure'; readonly config: BalancerConfig }
  | { readonly ask: 'node'; readonly node: string; readonly alive: boolean }
  | { readonly ask: 'reapply' | 'status' | 'stop' }
  | { readonly ask: 'web'; readonly port: number; readonly mode: 'on' | 'off' | 'hang' };

answerLines<Request>(
  (request) => {
    switch (request.ask) {
      case 'configure':
        return balancer.configure(request.config);
      case 'node':
        return balancer.nodeChanged(request.node, request.alive);
      case 'reapply':
        return balancer.reapply();
      case 'status':
        return balancer.status();
      case 'stop':
        return balancer.stop();
      case 'web':
        return web(request.port, request.mode);
    }
  },
  async () => {
    datagrams.close();
    await balancer.stop();
  },
);
