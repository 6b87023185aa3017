import { Command } from 'commander';
import { heldBy, type OperateOptions, operate, requireNode } from './operate.ts';
import { withOperateOptions } from './operate-options.ts';

async function ask(verb: 'standby' | 'online', node: string, options: OperateOptions): Promise<void> {
  await operate(options, (found) => {
    const doing = `set ${node} ${verb}`;
    const name = requireNode(found, node, doing);
    return {
      doing,
      words: [verb, name],
      // Where it answers it says itself what it makes of it.
      through: name,
      missing: (merged) => {
        const seen = merged.nodes.find((one) => one.name === name);
        if (verb === 'online') return seen?.standby === true ? [`${name} is in standby`] : [];
        if (seen === undefined || seen.state === 'dead' || seen.state === 'unknown') return [];
        const held = heldBy(merged, name);
        return [
          ...(seen.standby ? [] : [`${name} is not in standby yet`]),
          ...(held.length === 0 ? [] : [`${name} still holds ${held.join(', ')}`]),
        ];
      },
    };
  });
}

function command(verb: 'standby' | 'online', description: string): Command {
  return withOperateOptions(new Command(verb))
    .description(description)
    .argument('<node>', 'a node of the cluster')
    .addHelpText('after', `\nExamples:\n  muster ${verb} node1 -i inventory/lab.yml\n  muster ${verb} node1 --json`)
    .action((node: string, options: OperateOptions) => ask(verb, node, options));
}

/** `muster standby NODE`: a planned switchover, without a failed request. */
export function standbyCommand(): Command {
  return command(
    'standby',
    'Hand everything that a node holds over to the others, and keep it free, also over its restart, until `online`.\n' +
      'Works through any node that answers.',
  );
}

/** `muster online NODE`: the end of standby. */
export function onlineCommand(): Command {
  return command(
    'online',
    'Let a node that is in standby take resource groups again. Works through any node that answers.',
  );
}
