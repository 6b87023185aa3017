import { spawn } from 'node:child_process';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** It was killed, as it took too long. */
  readonly timedOut: boolean;
}

/** Runs a program to its end with `input`; a program that is not there ends with code 127. Killed after `timeout` ms. */
export function runProgram(command: string, args: readonly string[], input = '', timeout = 5000): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout, killSignal: 'SIGKILL' });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    child.stdin.on('error', () => {});
    child.on('error', (error) => resolve({ code: 127, stdout, stderr: error.message, timedOut: false }));
    child.on('close', (code, signal) =>
      resolve({
        code: code ?? 1,
        stdout,
        stderr: signal ? `${stderr}${signal} after ${timeout} ms` : stderr,
        timedOut: signal === 'SIGKILL',
      }),
    );
    child.stdin.end(input);
  });
}

/** Applies a ruleset in nft's language as one transaction; resolves to what nft complains about, if it does. */
export async function applyRuleset(text: string): Promise<string | undefined> {
  const { code, stderr } = await runProgram('nft', ['-f', '-'], text);
  return code === 0 ? undefined : stderr.trim() || `nft ended with code ${code}`;
}
