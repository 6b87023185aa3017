import type { NodeName } from '../../model/names.ts';

/** How something about a node or a device went, in words for people; no password is in them. */
export interface FenceResult {
  readonly ok: boolean;
  /** The end of a sentence that begins with the device's name. */
  readonly text: string;
}

/** A device as it is spoken with. Nothing here rejects; all of it ends within the device's time, or when `signal` aborts. */
export interface FenceWay {
  readonly name: string;
  readonly agent: string;
  /** Whom it is said to be able to fence; undefined: only the device knows. */
  readonly nodes: readonly NodeName[] | undefined;
  /** Ok only when the node is known to do nothing any more. */
  fence(node: NodeName, signal?: AbortSignal): Promise<FenceResult>;
  /** Lets a fenced node come back, where that is wanted; undefined: it is not, or has happened by itself. */
  readonly revive?: ((node: NodeName, signal?: AbortSignal) => Promise<FenceResult>) | undefined;
  /** Whether the device would answer; asked again and again. */
  test(signal?: AbortSignal): Promise<FenceResult>;
}

/** Runs a program to its end and says how that was: the one place where fencing meets processes. */
export type RunProgram = (
  command: {
    readonly program: string;
    readonly args: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly input?: string | undefined;
  },
  options: { readonly timeout: number; readonly signal?: AbortSignal | undefined },
) => Promise<{ readonly code: number | undefined; readonly timedOut: boolean; readonly output: string }>;

/** What a way needs of this machine; tests have another one. */
export interface FenceTools {
  readonly run: RunProgram;
  /** The whole path of a program; undefined where this machine has none of that name. */
  readonly find: (name: string) => string | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Seconds without more digits than anybody reads. */
export function inSeconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** How a program ended that did not do what it was asked for; its last line says most. */
export function describeEnd(
  { code, timedOut, output }: Awaited<ReturnType<RunProgram>>,
  timeout: number,
  mask: (text: string) => string,
): string {
  // Agents of fence-agents log with a time in front, which the journal has too.
  const line = (output.trim().split('\n').at(-1) ?? '').replace(/^\d{4}-\d\d-\d\d [\d:,]+ (ERROR|CRITICAL): /, '');
  const last = mask(line).slice(0, 300);
  if (timedOut) return `timed out after ${inSeconds(timeout)}`;
  const how = code === undefined ? 'was killed, or could not be run' : `ended with ${code}`;
  return last === '' ? how : `${how}: ${last}`;
}
