import { Command } from 'commander';
import { showDuration, writeDuration } from '../base/duration.ts';
import { type OperateOptions, operate, requireGroup, requireNode } from './operate.ts';
import { durationArgument, withOperateOptions } from './operate-options.ts';

interface MoveOptions extends OperateOptions {
  readonly for?: number;
}

async function move(group: string, node: string, options: MoveOptions): Promise<void> {
  await operate(options, (found) => {
    const doing = `move ${group} to ${node}`;
    const names = [requireGroup(found, group, doing), requireNode(found, node, doing)];
    const time = options.for === undefined ? [] : ['--for', writeDuration(options.for)];
    return {
      doing,
      words: ['move', ...names, ...time],
      missing: ({ groups }) => {
        const seen = groups.find(({ name }) => name === group);
        if (seen === undefined) return [`the running cluster has no group ${group}`];
        if (seen.holder === node) return [];
        const verdict = seen.candidates?.find((one) => one.node === node);
        const whyNot = verdict === undefined || verdict.able ? [] : [`${node} cannot have it yet: ${verdict.why}`];
        return [`it is on ${seen.holder ?? 'no node'}: ${seen.reason}`, ...whyNot];
      },
    };
  });
}

/** `muster move GROUP NODE`: where an operator wants a group, whatever its weights say. */
export function moveCommand(): Command {
  return withOperateOptions(new Command('move'))
    .description(
      'Move a resource group to a node, without a failed request, and keep it there: for a time, or until `muster clear`.\n' +
        'While that node is away the group runs elsewhere, and comes back with it.',
    )
    .argument('<group>', 'a resource group')
    .argument('<node>', 'a node of the cluster')
    .option('--for <time>', 'take it back by itself after so long: 30m, 2h', durationArgument)
    .addHelpText(
      'after',
      `\nExamples:\n  muster move web node2 -i inventory/lab.yml\n  muster move web node2 --for ${showDuration(7_200_000).replace(' ', '')}    home again by itself`,
    )
    .action(move);
}

async function clear(group: string | undefined, options: OperateOptions): Promise<void> {
  await operate(options, (found) => {
    const doing = group === undefined ? 'clear all groups' : `clear ${group}`;
    const words = group === undefined ? [] : [requireGroup(found, group, doing)];
    return {
      doing,
      words: ['clear', ...words],
      missing: ({ groups }) =>
        groups
          .filter(({ name, pinned }) => (group === undefined || name === group) && pinned != null)
          .map(({ name, pinned }) => `${name} is still to be on ${pinned!.node}`),
    };
  });
}

/** `muster clear [GROUP]`: the end of `move`, and of what failures led to. */
export function clearCommand(): Command {
  return withOperateOptions(new Command('clear'))
    .description(
      'Take back where operators moved a resource group (or all), and forget its failures, so that every node may try again.',
    )
    .argument('[group]', 'a resource group (default: all)')
    .addHelpText('after', '\nExamples:\n  muster clear web -i inventory/lab.yml\n  muster clear')
    .action(clear);
}
