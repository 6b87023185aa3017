/** Heals also where the drill itself dies: a process of its own waits for the end of a pipe that only we hold. */
import { spawn } from 'node:child_process';

/** Shell text: ends quietly on the word `done`, and runs the command in its arguments where the pipe just ends. */
const waitForEnd = 'IFS= read -r word; [ "$word" = done ] || exec "$@" >/dev/null 2>&1';

/** Starts the guard; `argv` is the command that heals. Call the function that it returns once all is healed. */
export function guardHealing(argv: readonly string[]): () => void {
  // A session of its own, so that neither Ctrl-C nor the end of the terminal reaches it.
  const guard = spawn('/bin/sh', ['-c', waitForEnd, 'muster-heal', ...argv], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  return () => guard.stdin.end('done\n');
}
