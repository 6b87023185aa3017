import { Command } from 'commander';
import { writeDuration } from '../base/duration.ts';
import { Problem } from '../base/problem.ts';
import { shellQuote } from '../remote/quote.ts';
import type { JournalLine } from '../wire/journal.ts';
import { accessTo, exitCodeFor, type Silent, showSilent } from './cluster-views.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { mergeHistories, showHistoryEvent } from './merge-history.ts';
import { requireGroup } from './operate.ts';
import { durationArgument } from './operate-options.ts';
import { hostsOfCluster, requireItsLab } from './require-cluster.ts';
import { withSshOptions } from './ssh-options.ts';

interface HistoryOptions {
  readonly inventory: string;
  readonly lab?: string;
  readonly since?: number;
  readonly group?: string;
  readonly json?: boolean;
}

/** A megabyte of lines from a node takes its time. */
const patienceMs = 20_000;

async function history(options: HistoryOptions): Promise<void> {
  const found = await hostsOfCluster(options.inventory);
  const group = options.group === undefined ? [] : [requireGroup(found, options.group, 'tell the history')];
  await requireItsLab(found, options.lab);
  const since = options.since === undefined ? [] : ['--since', writeDuration(options.since)];
  const program = ['musterd', 'history', ...group, ...since, '--json'].map(shellQuote).join(' ');
  const access = await accessTo(found, options.lab);
  const silent: Silent[] = [];
  const lines: JournalLine[] = [];
  await Promise.all(
    access.nodes.map(async (node) => {
      try {
        const text = await access.must(node, 'read its history', program, patienceMs);
        for (const line of text.split('\n')) if (line.startsWith('{')) lines.push(JSON.parse(line) as JournalLine);
      } catch (error) {
        silent.push({ node, why: (error as Error).message.split('\n')[0]! });
      }
    }),
  );
  access.close();
  if (silent.length === access.nodes.length) {
    const why = showSilent(silent).map((line) => `\n  ${line}`);
    throw new Problem('hostUnreachable', `Cannot tell the history as a node must answer: none does${why.join('')}`);
  }
  process.exitCode = exitCodeFor(silent);
  const events = mergeHistories(lines);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ unreachable: silent, events }, undefined, 2)}\n`);
    return;
  }
  const told = events.length === 0 ? ['nothing is known to have happened'] : events.map(showHistoryEvent);
  const missing = showSilent(silent).map((line) => `not reached: ${line}`);
  process.stdout.write(`${[...told, ...missing].join('\n')}\n`);
}

/** `muster history`: what moved, when and why. */
export function historyCommand(): Command {
  return withSshOptions(new Command('history'))
    .description(
      'What moved, when, from where to where and why, as all nodes together have kept it: also over restarts, and of nodes\n' +
        'whose musterd does not run. Times are by the clocks of the nodes.',
    )
    .addOption(inventoryOption())
    .option('--since <time>', 'only of the last 30m, 2h', durationArgument)
    .option('--group <group>', 'only of this resource group, and of nodes and quorum')
    .option('--json', 'one object: the events, each with time, what, group, from, to, nodes, why')
    .addOption(labOption())
    .addHelpText(
      'after',
      '\nExamples:\n  muster history -i inventory/lab.yml\n  muster history --since 1h --group web --json',
    )
    .action(history);
}
