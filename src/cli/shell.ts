import { Command } from 'commander';
import { Problem } from '../base/problem.ts';
import { openHostBook } from './shell/host-book.ts';
import { type ShellOptions, withShellOptions } from './shell/options.ts';

async function shell(patterns: readonly string[], options: ShellOptions): Promise<void> {
  if (!options.line && !options.tmux) {
    throw new Problem('usage', 'Cannot open a shell as it must be said which one: neither --line nor --tmux is given', {
      hint: '--line: a prompt with folded answers; --tmux: a terminal for each host, typed into together',
    });
  }
  const book = await openHostBook(options);
  const pattern = patterns.join(',');
  if (options.tmux) {
    const { tmuxShell } = await import('./shell/tmux.ts');
    process.exitCode = await tmuxShell(book, pattern, options);
    return;
  }
  const { lineShell } = await import('./shell/line.ts');
  process.exitCode = await lineShell(book, pattern, options);
}

/** `muster shell PATTERN --line` and `--tmux`. */
export function shellCommand(): Command {
  const command = new Command('shell')
    .description('Many hosts at one keyboard: line by line with folded answers, or as panes of a tmux.')
    .argument(
      '<pattern...>',
      'hosts as in "muster run"; tags of /etc/clusters and ~/.clusterssh/clusters are groups, too',
    );
  return withShellOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  muster shell -i inventory/lab.yml all --line      then: uptime, @web, +node7, -node2, =, !date, ?, quit
  muster shell -i inventory/lab.yml @web --tmux     a pane for each host; what is typed goes to all of them
  muster shell web1 web2 op@db1:2222 --tmux         without an inventory, as cssh
  echo 'systemctl is-active nginx' | muster shell -i mine.yml @web --line

At the prompt of --line Ctrl-C ends the command that runs and nothing else; a paste of several lines is asked about, and so
is the name of a group that the inventory marks "protected: true" before anything goes to its hosts. Each line is a command
of its own (cd in one means nothing to the next). Lines are kept for next time, but for those that begin with a blank.

Exit code of --line: of the last command, as that of "muster run". Of --tmux: 0 once the session was left.`,
    )
    .action(shell);
}
