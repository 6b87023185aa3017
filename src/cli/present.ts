import { exitCodes, Problem } from '../base/problem.ts';

/** Prints an error to people and returns the exit code that it stands for. A defect of ours shows its stack. */
export function present(error: unknown): number {
  if (error instanceof Problem) {
    const hint = error.hint === undefined ? '' : `\n  hint: ${error.hint}`;
    process.stderr.write(`${error.message}${hint}\n`);
    return exitCodes[error.reason];
  }
  if (error instanceof Error && error.name === 'AbortError') return exitCodes.interrupted;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`This is a defect of muster, please report it with what you did:\n${text}\n`);
  return exitCodes.defect;
}
