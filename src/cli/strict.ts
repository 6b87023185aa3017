import type { Command } from 'commander';

/** Makes a command and all below it throw instead of leaving, and show the nearest word after a wrong one. */
export function strict(command: Command): Command {
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError('  hint: add --help to see what is possible');
  for (const child of command.commands) strict(child);
  return command;
}
