import { exitCodes } from '../base/problem.ts';
import type { CommandEntry } from './commands.ts';
import { commands } from './commands.ts';
import { topLevelHelp, unknownCommand } from './help.ts';
import { version } from './version.ts';

/**
 * Only the command that was asked for is loaded, and commander with it: `muster --version` costs little more than
 * Node's own start.
 */
async function main(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === '--version' || first === '-V') {
    process.stdout.write(`muster ${version}\n`);
    return exitCodes.ok;
  }
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    process.stdout.write(topLevelHelp(commands));
    return first === undefined ? exitCodes.usage : exitCodes.ok;
  }
  const words = first === 'help' ? [...rest, '--help'] : args;
  if (first === '__complete') {
    const { complete } = await import('./complete.ts');
    process.stdout.write((await complete(rest)).map((word) => `${word}\n`).join(''));
    return exitCodes.ok;
  }
  const entry = commands.find((candidate) => candidate.name === words[0]);
  if (entry === undefined) {
    process.stderr.write(unknownCommand(words[0] ?? '', commands));
    return exitCodes.usage;
  }
  return runCommand(entry, words.slice(1));
}

async function runCommand(entry: CommandEntry, args: readonly string[]): Promise<number> {
  const { Command, CommanderError } = await import('commander');
  const { strict } = await import('./strict.ts');
  const program = strict(new Command('muster').addCommand(await entry.load()));
  try {
    await program.parseAsync([entry.name, ...args], { from: 'user' });
    return Number(process.exitCode ?? exitCodes.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const { present } = await import('./present.ts');
    return present(error);
  }
}

// A reader that leaves early (`muster ... | head`) is no defect of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});

// Whoever waits for nothing any more before the end has forgotten something: that is no success.
const forgotten = (): void => {
  process.exitCode = exitCodes.defect;
};
process.once('beforeExit', forgotten);
void main(process.argv.slice(2)).then((code) => {
  process.off('beforeExit', forgotten);
  process.exitCode = code;
  leaveAtOnce(code);
});

/** A command that waits for nothing any more need not be taken apart piece by piece, once all that it said has gone. */
function leaveAtOnce(code: number): void {
  const entry = commands.find(({ name }) => name === process.argv[2]);
  if (!entry?.endsAtOnce || process.stdout.writableLength > 0 || process.stderr.writableLength > 0) return;
  process.exit(code);
}
