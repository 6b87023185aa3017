import { Argument, Command } from 'commander';
import { type OperateOptions, operate, requireNode } from './operate.ts';
import { withOperateOptions } from './operate-options.ts';

async function maintenance(word: 'on' | 'off', node: string | undefined, options: OperateOptions): Promise<void> {
  await operate(options, (found) => {
    const doing = `set maintenance of ${node ?? 'the cluster'} ${word}`;
    const words = node === undefined ? [] : [requireNode(found, node, doing)];
    return {
      doing,
      words: ['maintenance', word, ...words],
      missing: (merged) => {
        const one = merged.nodes.find(({ name }) => name === node);
        const on = node === undefined ? merged.maintenance : one?.maintenance;
        if (on === (word === 'on')) return [];
        return node !== undefined && merged.maintenance
          ? ['the whole cluster is in maintenance']
          : ['it is not so yet'];
      },
    };
  });
}

/** `muster maintenance on|off [NODE]`: hands off. */
export function maintenanceCommand(): Command {
  return withOperateOptions(new Command('maintenance'))
    .description(
      'Let everything alone that runs, on the whole cluster or on a node: leases are renewed by who has them, nothing moves,\n' +
        'no resource is started, stopped or looked at, and NOBODY TAKES OVER. musterd may be restarted or upgraded; while it\n' +
        'is stopped, the addresses that it held are silent.',
    )
    .addArgument(new Argument('<on|off>', 'whether').choices(['on', 'off']))
    .argument('[node]', 'a node (default: the whole cluster)')
    .addHelpText(
      'after',
      '\nExamples:\n  muster maintenance on -i inventory/lab.yml\n  muster maintenance on node1      only what runs there\n  muster maintenance off',
    )
    .action(maintenance);
}
