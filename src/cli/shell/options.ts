import { type Command, Option } from 'commander';
import { duration, positive } from '../fan-out/options.ts';
import { inventoryOption, labOption, patternOption } from '../host-options.ts';
import type { PatternLanguage } from '../select-hosts.ts';
import { withSshOptions } from '../ssh-options.ts';

export interface ShellOptions {
  readonly inventory?: string;
  readonly pattern: PatternLanguage;
  readonly lab?: string;
  readonly forks: number;
  readonly connectTimeout?: number;
  readonly timeout?: number;
  readonly line?: boolean;
  readonly tmux?: boolean;
  readonly session?: string;
  readonly sudo?: boolean;
  readonly template?: boolean;
  readonly exact?: boolean;
  readonly diff?: boolean;
}

export function withShellOptions(command: Command): Command {
  return withSshOptions(command)
    .addOption(inventoryOption().makeOptionMandatory(false))
    .addOption(patternOption())
    .option('-f, --forks <n>', 'hosts at once', positive, 64)
    .option('--connect-timeout <duration>', 'how long a login may take', duration)
    .addOption(labOption())
    .addOption(new Option('--line', 'a prompt; each line runs on all hosts, with folded answers').conflicts('tmux'))
    .option('--exact', 'with --line: fold only answers that are equal to the byte')
    .option('--diff', 'with --line: show what differs from the biggest group')
    .option('--timeout <duration>', 'with --line: how long a command may take', duration)
    .option('--sudo', 'with --line: as root through sudo')
    .option('--template', 'with --line: put in {{ host }} and any variable of the inventory, each quoted as a word')
    .option('--tmux', 'panes of a tmux with OpenSSH in them, typed into together')
    .option('--session <name>', "with --tmux: the session's name (default: muster, or muster-2 ...)");
}
