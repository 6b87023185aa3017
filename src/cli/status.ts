import { Command } from 'commander';
import { Problem } from '../base/problem.ts';
import { ClusterAccess } from '../drill/cluster-access.ts';
import { complaintsAbout, statusesOf, type Views } from '../drill/cluster-health.ts';
import { connect } from '../remote/connection.ts';
import type { Status } from '../wire/status.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { loadClusterInventory } from './require-cluster.ts';
import { showStatus } from './show-status.ts';
import { targetsOf } from './targets.ts';

interface StatusOptions {
  readonly inventory: string;
  readonly json?: boolean;
  readonly lab?: string;
}

/** The view that knows most: of a quorate node, and there of one that holds something (it knows votes and lease). */
function bestView(views: Views): Status | undefined {
  const worth = (status: Status): number =>
    (status.quorum.quorate ? 2 : 0) + (status.groups.some((group) => group.gateOpen) ? 1 : 0);
  return [...statusesOf(views)].sort((left, right) => worth(right) - worth(left))[0];
}

async function status(options: StatusOptions): Promise<void> {
  const { cluster, nodes } = await loadClusterInventory(options.inventory, options.lab);
  const targets = new Map(
    (await targetsOf(nodes, { lab: options.lab, connectTimeoutMs: 3000 })).map((target) => [target.name, target]),
  );
  const access = new ClusterAccess(cluster.nodes, (node) => connect(targets.get(node)!));
  const views = await access.views();
  access.close();
  const best = bestView(views);
  if (best === undefined) {
    const why = [...views].map(([node, view]) => ('unreachable' in view ? `\n  ${node}: ${view.unreachable}` : ''));
    throw new Problem(
      'hostUnreachable',
      `Cannot show cluster "${cluster.name}" as a node must answer: none does${why.join('')}`,
      { hint: `muster provision -i ${options.inventory}` },
    );
  }
  const complaints = complaintsAbout(views);
  if (options.json) {
    const unreachable = [...views].flatMap(([node, view]) =>
      'unreachable' in view ? [{ node, why: view.unreachable }] : [],
    );
    process.stdout.write(
      `${JSON.stringify({ whole: complaints.length === 0, complaints, unreachable, ...best }, undefined, 2)}\n`,
    );
    return;
  }
  const health = complaints.length === 0 ? 'whole' : `not whole:\n${complaints.map((one) => `  ${one}`).join('\n')}`;
  process.stdout.write(`${showStatus(best, Date.now())}\n\nThe cluster is ${health}\n`);
}

/** `muster status`: who holds what, quorum, nodes and real servers. */
export function statusCommand(): Command {
  return new Command('status')
    .description('Who holds what and why, quorum, nodes and real servers; asked of every node that can be reached.')
    .addOption(inventoryOption())
    .option('--json', 'the status of the node that knows most, with "whole" and "complaints" over all nodes')
    .addOption(labOption())
    .addHelpText(
      'after',
      '\nExamples:\n  muster status -i inventory/lab.yml\n  muster status -i inventory/lab.yml --json',
    )
    .action(status);
}
