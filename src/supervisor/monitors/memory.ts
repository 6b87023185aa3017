import type { Watched } from '../../core/monitoring.ts';
import { type Monitor, monitorName } from '../../model/monitors.ts';
import { BootFile, bootedAt } from '../boot-file.ts';

/** What was seen of each monitor that runs here, in a file that survives musterd and not the next boot. */
export class MonitorMemory {
  readonly #file: BootFile;
  /** The boot, by this musterd's clock. */
  readonly #bootedAt: number;
  readonly #known: Map<string, Watched>;

  /** A file that cannot be read, or says something else, says nothing. `now` is monotonic milliseconds. */
  constructor(file: string, now: () => number) {
    this.#file = new BootFile(file);
    this.#bootedAt = bootedAt(now);
    const found = this.#file.read();
    this.#known = new Map(
      (Array.isArray(found) ? found.filter(isKept) : []).map(([name, watched]) => [
        name,
        moved(watched, this.#bootedAt),
      ]),
    );
  }

  /** Once for each monitor: what an earlier musterd had seen of it; undefined where nothing is known. */
  recall(monitor: Monitor): Watched | undefined {
    const name = monitorName(monitor);
    const watched = this.#known.get(name);
    this.#known.delete(name);
    return watched;
  }

  /** Where it cannot be written the next musterd begins anew, and alerts again. */
  keep(seen: readonly { readonly name: string; readonly watched: Watched }[]): void {
    try {
      this.#file.write(seen.map(({ name, watched }) => [name, moved(watched, -this.#bootedAt)]));
    } catch {
      // Nothing else depends on it.
    }
  }
}

/** The same with all times so many milliseconds later. */
function moved(watched: Watched, by: number): Watched {
  const { failedAt, failingSince, alertedAt } = watched;
  const later = (at: number | null | undefined): number | undefined =>
    typeof at === 'number' ? Math.round(at + by) : undefined;
  return {
    ...watched,
    failedAt: failedAt.map((at) => Math.round(at + by)),
    failingSince: later(failingSince),
    alertedAt: later(alertedAt),
  };
}

function isKept(value: unknown): value is [string, Watched] {
  if (!Array.isArray(value)) return false;
  const [name, watched] = value as [unknown, Partial<Watched> | null];
  return (
    typeof name === 'string' &&
    Object.hasOwn({ untested: 1, ok: 1, failing: 1 }, watched?.state ?? '') &&
    typeof watched?.failures === 'number' &&
    Array.isArray(watched.failedAt) &&
    watched.failedAt.every((at) => typeof at === 'number')
  );
}
