import { Command } from 'commander';
import { type PlaybookOptions, runPlaybookCommand, withPlaybookOptions } from './playbook-run.ts';

export function playCommand(): Command {
  const command = new Command('play')
    .description('run a playbook')
    .argument('<playbook>', 'its file')
    .addHelpText(
      'after',
      `
Examples:
  muster play playbooks/web.yml -i inventory/lab.yml
  muster play playbooks/web.yml -i inventory/lab.yml --limit node1 --check --diff`,
    );
  return withPlaybookOptions(command).action((playbook: string, options: PlaybookOptions) =>
    runPlaybookCommand(playbook, options),
  );
}
