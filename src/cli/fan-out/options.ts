import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../base/duration.ts';
import { parseShare, type Share } from '../../base/share.ts';
import { inventoryOption, labOption, patternOption } from '../host-options.ts';
import type { PatternLanguage } from '../select-hosts.ts';
import { withSshOptions } from '../ssh-options.ts';

export interface FanOutOptions {
  readonly inventory: string;
  readonly json?: boolean;
  readonly forks: number;
  readonly timeout?: number;
  readonly connectTimeout?: number;
  readonly lab?: string;
  readonly pattern: PatternLanguage;
}

/** The options of every command that works on many hosts at once. */
export function withFanOutOptions(command: Command): Command {
  return withSshOptions(command)
    .addOption(inventoryOption())
    .addOption(patternOption())
    .option('--json', 'one JSON object a host and line')
    .option('-f, --forks <n>', 'hosts at once', positive, 64)
    .option('--connect-timeout <duration>', 'how long a login may take', duration)
    .addOption(labOption());
}

/** How a run on many hosts goes on, or does not, when some fail. */
export interface RollingOptions {
  readonly serial?: Share;
  readonly maxFail?: Share;
  readonly failFast?: boolean;
}

export function withRollingOptions(command: Command): Command {
  return command
    .option('--serial <n|%>', 'in batches of so many hosts; stops where all of a batch have failed', batch)
    .option('--max-fail <n|%>', 'begin no more hosts once more than so many have failed', share)
    .option('--fail-fast', 'begin no more hosts once one has failed; as --max-fail 0');
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return value;
}

/** Milliseconds. */
export function duration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined || value <= 0) throw new InvalidArgumentError('It must be a duration like 500ms, 10s or 2m.');
  return value;
}

function share(text: string): Share {
  const value = parseShare(text);
  if (value === undefined) throw new InvalidArgumentError('It must be a number of hosts, or a share of all like 20%.');
  return value;
}

/** A batch of no host would never end. */
function batch(text: string): Share {
  const value = share(text);
  if (('count' in value ? value.count : value.percent) > 0) return value;
  throw new InvalidArgumentError('It must be at least one host.');
}
