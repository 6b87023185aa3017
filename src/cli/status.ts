import { Command } from 'commander';
import { foldHosts } from '../base/host-range.ts';
import { Problem } from '../base/problem.ts';
import { complaintsAbout, statusesOf } from '../drill/cluster-health.ts';
import { showStatus } from '../wire/show-status.ts';
import { accessTo, exitCodeFor, showSilent, silentOf, viewTimeoutMs } from './cluster-views.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { disagreements, mergeStatuses } from './merge-status.ts';
import { loadClusterInventory } from './require-cluster.ts';
import { withSshOptions } from './ssh-options.ts';

interface StatusOptions {
  readonly inventory: string;
  readonly json?: boolean;
  readonly lab?: string;
}

const listed = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  * ${line}`)];

async function status(options: StatusOptions): Promise<void> {
  const found = await loadClusterInventory(options.inventory, options.lab);
  const access = await accessTo(found, options.lab);
  const views = await access.views(undefined, viewTimeoutMs);
  access.close();
  const statuses = statusesOf(views);
  const merged = mergeStatuses(statuses);
  const unreachable = silentOf(views);
  if (merged === undefined) {
    const why = showSilent(unreachable).map((line) => `\n  ${line}`);
    throw new Problem(
      'hostUnreachable',
      `Cannot show cluster "${found.cluster.name}" as a node must answer: none does${why.join('')}`,
      { hint: `muster provision -i ${options.inventory}` },
    );
  }
  process.exitCode = exitCodeFor(unreachable);
  const complaints = complaintsAbout(views);
  const whole = complaints.length === 0;
  const differences = disagreements(statuses);
  if (options.json) {
    const json = { whole, complaints, unreachable, disagreements: differences, ...merged };
    process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
    return;
  }
  const by = `pieced together from ${foldHosts(statuses.map(({ node }) => node))}`;
  const lines = [
    showStatus(merged, Date.now(), { by }),
    ...listed('Not Reached:', showSilent(unreachable)),
    ...listed('Nodes Disagree:', differences),
    ...(whole ? ['', 'The cluster is whole'] : listed('The cluster is not whole:', complaints)),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** `muster status`: who holds what, quorum, nodes and real servers. */
export function statusCommand(): Command {
  return withSshOptions(new Command('status'))
    .description(
      'Who holds what, since when, by which votes and behind which protection; quorum, nodes and real servers. Asked of\n' +
        'every node that can be reached; exit code 4 where some could not.',
    )
    .addOption(inventoryOption())
    .option('--json', 'one object: the picture, with "whole", "complaints", "disagreements" and "unreachable"')
    .addOption(labOption())
    .addHelpText(
      'after',
      '\nExamples:\n  muster status -i inventory/lab.yml\n  muster status -i inventory/lab.yml --json',
    )
    .action(status);
}
