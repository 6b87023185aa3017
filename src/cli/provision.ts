import { join } from 'node:path';
import { Command } from 'commander';
import { packageRoot } from './package-root.ts';
import { type PlaybookOptions, runPlaybookCommand, withPlaybookOptions } from './playbook-run.ts';

export function provisionCommand(): Command {
  const command = new Command('provision')
    .description('make a cluster of the hosts in an inventory; a second run changes nothing')
    .argument('[playbook]', 'another playbook than playbooks/site.yml of muster')
    .addHelpText(
      'after',
      `
Examples:
  muster provision -i inventory/lab.yml                 all of it
  muster provision -i inventory/lab.yml --check --diff  what would change
  muster provision -i inventory/lab.yml --limit node2   one node, for example after a repair`,
    );
  return withPlaybookOptions(command).action((playbook: string | undefined, options: PlaybookOptions) =>
    runPlaybookCommand(playbook ?? join(packageRoot(), 'playbooks', 'site.yml'), options),
  );
}
