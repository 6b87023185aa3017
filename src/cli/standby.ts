import { Command } from 'commander';
import { nearest } from '../base/nearest.ts';
import { Problem } from '../base/problem.ts';
import { connect } from '../remote/connection.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { loadClusterInventory } from './require-cluster.ts';
import { withSshOptions } from './ssh-options.ts';
import { targetsOf } from './targets.ts';

interface StandbyOptions {
  readonly inventory: string;
  readonly lab?: string;
}

/** Asks the node's own musterd, as only it can hand over what it holds. */
async function ask(verb: 'standby' | 'online', node: string, options: StandbyOptions): Promise<void> {
  const { cluster, nodes } = await loadClusterInventory(options.inventory, options.lab);
  const host = nodes.find((candidate) => candidate.name === node);
  if (host === undefined) {
    const near = nearest(node, cluster.nodes);
    throw new Problem(
      'usage',
      `Cannot set node "${node}" ${verb} as it must be in cluster "${cluster.name}": it has ${cluster.nodes.join(', ')}`,
      { hint: near === undefined ? undefined : `did you mean ${near}?` },
    );
  }
  const [target] = await targetsOf([host], { lab: options.lab });
  const connection = await connect(target!);
  try {
    const worker = await connection.worker({ become: true });
    const result = await worker.run(`musterd ${verb}`, { timeoutMs: 15_000 });
    const said = [result.stdout, result.stderr].map((part) => part.toString().trim()).filter((part) => part !== '');
    if (result.rc !== 0) {
      const seen = said.join('; ') || `exit code ${result.rc}`;
      throw new Problem('hostFailed', `Cannot set node "${node}" ${verb} as its musterd must agree: ${seen}`);
    }
    process.stdout.write(`${node}: ${said.join('; ') || verb}\n`);
  } finally {
    await connection.close();
  }
}

function command(verb: 'standby' | 'online', description: string): Command {
  return withSshOptions(new Command(verb))
    .description(description)
    .argument('<node>', 'a node of the cluster')
    .addOption(inventoryOption())
    .addOption(labOption())
    .addHelpText('after', `\nExamples:\n  muster ${verb} node1 -i inventory/lab.yml`)
    .action((node: string, options: StandbyOptions) => ask(verb, node, options));
}

/** `muster standby NODE`: a planned switchover, without a failed request. */
export function standbyCommand(): Command {
  return command('standby', 'Hand everything that a node holds over to the others, and keep it free.');
}

/** `muster online NODE`: the end of standby. */
export function onlineCommand(): Command {
  return command('online', 'Let a node that is in standby take resource groups again.');
}
