/** Starts the probe program and keeps what it sees. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Problem } from '../base/problem.ts';
import { collect, type Observation, type Observations, readLine } from './observation.ts';
import type { ProbeSettings } from './probe/settings.ts';

/** The probe program's command: the built file beside this one, or its source where we run from source. */
export function probeCommand(): readonly string[] {
  const built = fileURLToPath(new URL('./muster-probe.cjs', import.meta.url));
  if (existsSync(built)) return [process.execPath, built];
  return [process.execPath, '--import', 'tsx', fileURLToPath(new URL('./probe/main.ts', import.meta.url))];
}

/**
 * Real-time scheduling (below musterd's own) where it is allowed: a probe that waits for the processor would take a
 * busy machine for an outage.
 */
function realTime(): readonly string[] {
  const prefix = ['chrt', '-f', '10'];
  return spawnSync(prefix[0]!, [...prefix.slice(1), 'true'], { stdio: 'ignore' }).status === 0 ? prefix : [];
}

export class Observer {
  readonly #child: ChildProcess;
  readonly #seen: Observation[] = [];
  readonly #ready: Promise<void>;
  readonly #ended: Promise<void>;
  #failure: string | undefined;

  /** @param inClient puts a command into the place from which the clients look, as `lab.inClient` does. */
  constructor(settings: ProbeSettings, inClient: (argv: readonly string[]) => readonly string[]) {
    const [program, ...args] = inClient([...realTime(), ...probeCommand(), JSON.stringify(settings)]);
    // A group of its own: Ctrl-C must not end the probe before the drill has healed and read its last lines.
    this.#child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    this.#child.stdin!.on('error', () => undefined);
    const lines = createInterface({ input: this.#child.stdout! });
    const drained = new Promise<void>((resolve) => lines.once('close', resolve));
    this.#ready = new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        this.#failure ??= why;
        reject(new Problem('drillRefused', `Cannot start the probes as they must run before the first fault: ${why}`));
      };
      this.#child.once('error', (error) => fail(error.message));
      this.#child.once('exit', (code) => fail(`the probe program ended with ${code}`));
      lines.on('line', (text) => {
        const line = readLine(text);
        if (line.kind === 'ready') resolve();
        else if (line.kind === 'failure') fail(line.why);
        else this.#seen.push(line);
      });
    });
    // Whoever waits for `ready` sees the failure; nobody has to.
    this.#ready.catch(() => undefined);
    this.#ended = drained;
  }

  /** Resolves once all probes run. Rejects with `Problem('drillRefused')` where one cannot. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** Why a probe ended by itself, if one did: what is missing then is no outage. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** What was seen so far, in no particular order. */
  get seen(): readonly Observation[] {
    return this.#seen;
  }

  /** Ends the probes and returns all that they saw. */
  async stop(): Promise<Observations> {
    this.#child.stdin!.end();
    const tooLong = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    await this.#ended;
    clearTimeout(tooLong);
    return collect(this.#seen);
  }
}
