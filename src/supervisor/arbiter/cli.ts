import { showDuration } from '../../base/duration.ts';
import { Problem } from '../../base/problem.ts';
import { askMusterd } from '../control-client.ts';
import { arbiterSocket, type Settings } from '../settings.ts';
import { readArbiterConfiguration } from './config.ts';
import { startArbiter } from './daemon.ts';
import { showArbiterStatus } from './show-status.ts';

/** `musterd --arbiter [COMMAND]`: resolves to what is to be printed, or undefined after a run. Throws a Problem. */
export async function arbiterCommand(
  command: string | undefined,
  settings: Settings,
  program: { readonly version: string; readonly file: string },
  json: boolean,
): Promise<string | undefined> {
  switch (command) {
    case undefined:
    case 'run':
      await run(settings, program);
      return undefined;
    case 'check':
      return describeClusters(settings.configDir);
    case 'status': {
      const answer = await askMusterd(arbiterSocket(settings), { request: 'status' });
      if ('arbiter' in answer)
        return json ? JSON.stringify(answer.arbiter, null, 2) : showArbiterStatus(answer.arbiter, Date.now());
      throw new Problem('hostFailed', 'text' in answer ? answer.text : 'a musterd that is no arbiter answers');
    }
    default:
      throw new Problem(
        'usage',
        `Cannot run command "${command}" of an arbiter as it must be run, status or check: it is not`,
        { hint: 'musterd --help' },
      );
  }
}

async function run(settings: Settings, program: { version: string; file: string }): Promise<void> {
  const stopped = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
  const daemon = await startArbiter(settings, program);
  await daemon.stop(await stopped);
}

async function describeClusters(directory: string): Promise<string> {
  const { clusters, hash } = await readArbiterConfiguration(directory);
  const lines = clusters.map(({ name, nodes, takeover, port, certificates }) => {
    const who = nodes.length === 0 ? `the nodes whose certificates are in ${certificates}` : nodes.join(', ');
    return `  * ${name}: ${who}; leases of at most ${showDuration(takeover)}; port ${port}; certificates in ${certificates}`;
  });
  return [`Arbiter of ${clusters.length} clusters, configuration ${hash}`, ...lines].join('\n');
}
