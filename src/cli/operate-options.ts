import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../base/duration.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { withSshOptions } from './ssh-options.ts';

/** Milliseconds of a duration on the command line; for commander. */
export function durationArgument(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('It must be a time like 30s, 10m or 1h.');
  return ms;
}

/** What every command has that gives an order to a cluster. */
export function withOperateOptions(command: Command): Command {
  return withSshOptions(command)
    .addOption(inventoryOption())
    .option('--json', 'one object: through whom, what it said, what moved, who knows')
    .addOption(
      new Option('--wait <time>', 'how long to wait until it is done')
        .argParser(durationArgument)
        .default(60_000, '1m'),
    )
    .addOption(labOption());
}
