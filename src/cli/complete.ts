import { commands } from './commands.ts';

/** The words that may come last, given the words so far (the last one may be empty or begun). */
export async function complete(words: readonly string[]): Promise<readonly string[]> {
  const before = words.slice(0, -1);
  if (before.length === 0) return commands.map((entry) => entry.name);
  const entry = commands.find((candidate) => candidate.name === before[0]);
  if (entry === undefined) return [];
  let command = await entry.load();
  for (const word of before.slice(1)) {
    command = command.commands.find((child) => child.name() === word) ?? command;
  }
  return [
    ...command.commands.map((child) => child.name()),
    ...command.options.flatMap((option) => option.long ?? []),
    '--help',
  ];
}
