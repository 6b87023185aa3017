import { Command } from 'commander';
import { exitCodes, Problem } from '../base/problem.ts';
import { openSession } from '../remote/open-session.ts';
import { serveAgent } from '../remote/persist/agent.ts';
import { dialAgent } from '../remote/persist/client.ts';
import { type Answer, agentSocketPath, deafMs, JsonLines, type Order } from '../remote/persist/protocol.ts';

/** The agent's answer; undefined where none runs. */
async function askAgent(order: Order): Promise<Answer | undefined> {
  const path = agentSocketPath();
  const socket = await dialAgent(path);
  if (socket === undefined) return undefined;
  const lines = new JsonLines(socket);
  lines.send(order);
  const asked = performance.now();
  const answer = (await lines.next(deafMs)) as Answer | undefined;
  socket.destroy();
  if (answer === undefined && performance.now() - asked >= deafMs) {
    const message = `Cannot ask the background process as it must answer: it was silent for ${deafMs / 1000} s`;
    throw new Problem('hostFailed', message, { hint: `end it with: fuser -k ${path}` });
  }
  return answer;
}

async function status(options: { json?: boolean }): Promise<void> {
  const answer = await askAgent({ want: 'status' });
  const seen = answer !== undefined && 'status' in answer ? answer.status : undefined;
  if (options.json) {
    process.stdout.write(`${JSON.stringify(seen ?? { pid: null, sessions: [] })}\n`);
    return;
  }
  if (seen === undefined) {
    process.stdout.write('no connections are kept open\n');
    return;
  }
  const megabytes = Math.round(seen.rssBytes / 1e6);
  process.stdout.write(`process ${seen.pid}, ${megabytes} MB, ${seen.sessions.length} connections\n`);
  const width = Math.max(0, ...seen.sessions.map(({ host }) => host.length));
  const sessions = seen.sessions.toSorted((a, b) => a.host.localeCompare(b.host, 'en', { numeric: true }));
  for (const { host, user, address, state, workers, leftMs } of sessions) {
    const left = leftMs === undefined ? '' : `, closes in ${Math.ceil(leftMs / 1000)} s`;
    const shells = workers === 0 ? '' : `, ${workers} worker shell${workers === 1 ? '' : 's'}`;
    process.stdout.write(`${host.padEnd(width)}  ${state}  ${user}@${address}${shells}${left}\n`);
  }
}

async function stop(): Promise<void> {
  const answer = await askAgent({ want: 'stop' });
  const count = answer !== undefined && 'stopped' in answer ? answer.stopped : undefined;
  process.stdout.write(
    count === undefined ? 'no agent runs\n' : `closed ${count} connection${count === 1 ? '' : 's'}\n`,
  );
}

async function serve(): Promise<void> {
  // The terminal that it was started from may go.
  process.on('SIGHUP', () => {});
  await serveAgent(agentSocketPath(), openSession);
  process.exit(exitCodes.ok);
}

/** `muster agent status|stop`: the background process that keeps connections open (`--persist`). */
export function agentCommand(): Command {
  const command = new Command('agent')
    .description('The background process that keeps connections open for --persist.')
    .addHelpText(
      'after',
      '\nExamples:\n  muster run -i hosts.yml all --persist 60s -- uptime\n  muster agent status\n  muster agent stop',
    );
  command
    .command('status')
    .description('which connections are open, and for how long')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExamples:\n  muster agent status\n  muster agent status --json | jq .sessions')
    .action(status);
  command
    .command('stop')
    .description('close all of them')
    .addHelpText('after', '\nExamples:\n  muster agent stop')
    .action(stop);
  command.command('serve', { hidden: true }).description('be that process; started by --persist').action(serve);
  return command;
}
