import { spawn } from 'node:child_process';
import type { CheckResult } from './checker.ts';
import { inWords, since } from './words.ts';

/**
 * Runs a program and judges by its exit code; the last line that it printed is told when it fails. When `signal` aborts,
 * it is killed with all that it started.
 */
export function checkByProgram(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<CheckResult> {
  const start = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, so that the kill reaches what a script has started.
      detached: true,
      env: { ...process.env, ...env },
    });
    let output = '';
    const keep = (part: Buffer): void => {
      output = (output + part.toString()).slice(-2000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = (result: CheckResult): void => {
      signal.removeEventListener('abort', late);
      child.removeAllListeners();
      child.on('error', () => {});
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(result);
    };
    const late = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended in this very moment.
      }
      end({ ok: false, text: `no result in ${since(start)}` });
    };
    signal.addEventListener('abort', late);
    child.on('error', (error) => end({ ok: false, text: `${command}: ${inWords(error)}` }));
    child.on('exit', (code, killedBy) => {
      if (code === 0) return end({ ok: true, text: `ok in ${since(start)}` });
      const said = output.trim().split('\n').at(-1) ?? '';
      end({ ok: false, text: `${killedBy ?? `exit code ${code}`}${said === '' ? '' : `: ${said}`}` });
    });
  });
}
