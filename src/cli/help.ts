import { nearest } from '../base/nearest.ts';
import type { CommandEntry } from './commands.ts';

export function topLevelHelp(commands: readonly CommandEntry[]): string {
  const width = Math.max(...commands.map((entry) => entry.name.length));
  const list = commands.map((entry) => `  ${entry.name.padEnd(width)}  ${entry.summary}`).join('\n');
  return `muster: makes a handful of Linux machines act as one

Usage: muster COMMAND [options]

${list}

Examples:
  muster demo                                  see the main job in a lab on this machine
  muster lab up                                three Debian machines out of nothing
  muster provision -i inventory/lab.yml        make them a cluster
  muster status -i inventory/lab.yml           who holds the address, and why
  muster drill -i inventory/lab.yml            pull every plug once, and read the report

muster COMMAND --help says more about each; muster --version prints the version.
`;
}

export function unknownCommand(word: string, commands: readonly CommandEntry[]): string {
  const near = nearest(
    word,
    commands.map((entry) => entry.name),
  );
  const hint = near === undefined ? 'muster --help lists all commands' : `did you mean "muster ${near}"?`;
  return `Cannot run command "${word}" as muster must have it: it is unknown\n  hint: ${hint}\n`;
}
