import { Agent, request } from 'node:http';
import { answerLines } from './answers.ts';

/** Says who answers: on new connections, or on open ones that are kept by their number. */
const open = new Map<number, Agent>();

function get(host: string, port: number, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ host, port, agent, timeout: 2000 });
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

function kept(index: number): Agent {
  const agent = open.get(index) ?? new Agent({ keepAlive: true, maxSockets: 1 });
  open.set(index, agent);
  return agent;
}

interface Request {
  readonly ask: 'new' | 'open';
  readonly host: string;
  readonly port: number;
  readonly count: number;
}

answerLines<Request>(
  async ({ ask, host, port, count }) => {
    const answers: string[] = [];
    // In turn: a crowd of connections at once would test the machine rather than the table.
    for (let index = 0; index < count; index++) answers.push(await get(host, port, ask === 'open' && kept(index)));
    return answers;
  },
  async () => {
    for (const agent of open.values()) agent.destroy();
  },
);
