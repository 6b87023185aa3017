/** What a process of ours ends with: the contract with scripts (README, "Exit codes"). */
export const exitCodes = {
  ok: 0,
  defect: 1,
  hostFailed: 2,
  hostUnreachable: 4,
  drillFailed: 5,
  rolledBack: 6,
  drillRefused: 7,
  usage: 64,
  badInput: 65,
  interrupted: 130,
} as const;

export type ExitReason = keyof typeof exitCodes;

/** A place in a file that somebody wrote; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One mistake in an input file, ready to be shown with its position. */
export interface Mistake {
  readonly at: Position;
  readonly message: string;
  readonly hint?: string | undefined;
}

/**
 * An error that is meant for people, not a defect of ours. Its message reads
 * `Cannot <verb> <object> "<name>" as <what must hold>: <what was seen>`.
 * Anything else that is thrown counts as a defect (exit code 1, with its stack).
 */
export class Problem extends Error {
  readonly reason: ExitReason;
  readonly hint: string | undefined;
  readonly mistakes: readonly Mistake[];

  constructor(
    reason: ExitReason,
    message: string,
    more: { hint?: string | undefined; mistakes?: readonly Mistake[] } = {},
  ) {
    super(message);
    this.name = 'Problem';
    this.reason = reason;
    this.hint = more.hint;
    this.mistakes = more.mistakes ?? [];
  }
}

/** `file:line:column message`, and a `hint:` line below where there is one. */
export function showMistake(mistake: Mistake): string {
  const { file, line, column } = mistake.at;
  const hint = mistake.hint === undefined ? '' : `\n  hint: ${mistake.hint}`;
  return `${file}:${line}:${column} ${mistake.message}${hint}`;
}

/** Bad input with all its mistakes at once; the message is what a person reads. */
export function badInput(mistakes: readonly Mistake[]): Problem {
  return new Problem('badInput', mistakes.map(showMistake).join('\n'), { mistakes });
}
