import { createSocket } from 'node:dgram';
import { Agent, request } from 'node:http';
import { answerLines } from './answers.ts';

/** Says who answers: on new connections, or on open ones that are kept by their number. */
const open = new Map<number, Agent>();

function get(host: string, port: number, agent: Agent | false, localPort?: number): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ host, port, agent, timeout: 10_000, ...(localPort === undefined ? {} : { localPort }) });
    asked.on('response', (response) => {
      let body = '';
      response.on('data', (part) => {
        body += part;
      });
      response.on('end', () => resolve(body));
    });
    asked.on('timeout', () => asked.destroy(new Error('ETIMEDOUT')));
    asked.on('error', (error) => resolve(`${(error as NodeJS.ErrnoException).code ?? error.message}`));
    asked.end();
  });
}

function datagram(host: string, port: number, localPort?: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (answer: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end('no answer'), 10_000);
    socket.on('message', (answer) => end(answer.toString()));
    socket.bind(localPort, () => socket.send('who are you?', port, host));
  });
}

function kept(index: number): Agent {
  const agent = open.get(index) ?? new Agent({ keepAlive: true, maxSockets: 1 });
  open.set(index, agent);
  return agent;
}

interface Request {
  readonly ask: 'new' | 'open' | 'udp';
  readonly host: string;
  readonly port: number;
  readonly count: number;
  /** The first of the client ports to use, one for each. */
  readonly from?: number;
}

answerLines<Request>(
  async ({ ask, host, port, count, from }) => {
    const answers: string[] = [];
    // In turn: a crowd of connections at once would test the machine rather than the table.
    for (let index = 0; index < count; index++) {
      const localPort = from === undefined ? undefined : from + index;
      if (ask === 'udp') answers.push(await datagram(host, port, localPort));
      else answers.push(await get(host, port, ask === 'open' && kept(index), localPort));
    }
    return answers;
  },
  async () => {
    for (const agent of open.values()) agent.destroy();
  },
);
