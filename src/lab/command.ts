import { spawn } from 'node:child_process';
import { Problem } from '../base/problem.ts';

export interface CommandResult {
  readonly rc: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Called with every line of standard error as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** Runs a program to its end and returns what it said; rejects only where it cannot be started or was aborted. */
export function capture(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file, ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file!, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: options.signal,
      env: { ...process.env, LC_ALL: 'C', ...options.env },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr.push(chunk);
      if (options.onLine) for (const line of chunk.toString().split('\n')) if (line.trim() !== '') options.onLine(line);
    });
    child.on('error', reject);
    child.on('close', (rc) =>
      resolve({ rc, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
    // A program that ends without reading its input is no error of ours.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** Runs a program that must succeed and returns its standard output. */
export async function must(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await capture(argv, options);
  if (result.rc === 0) return result.stdout;
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-4).join('; ');
  throw new Problem(
    'defect',
    `Cannot run "${argv.join(' ')}" as it must end with 0: it ended with ${result.rc}: ${said}`,
  );
}

/** Runs shell text that must succeed (`set -e` is in force), with positional arguments; returns its standard output. */
export function mustShell(script: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<string> {
  return must(['sh', '-ec', script, 'sh', ...args], options);
}

/** The argv that runs `argv` in the network namespace that `file` names; only the network changes, mounts do not. */
export function inNamespace(file: string, argv: readonly string[]): string[] {
  return ['nsenter', `--net=${file}`, '--', ...argv];
}
