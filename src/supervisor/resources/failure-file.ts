/**
 * How often what has failed on this node, in a file that survives musterd and not the next boot: a manager that is restarted
 * is no reason to try again what was given up. What is configured otherwise by now begins anew.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Failures } from '../../core/resources/failures.ts';
import type { GroupName } from '../../model/names.ts';
import { BootFile, bootedAt } from '../boot-file.ts';
import { likeness, type RunnableResource } from './runnable.ts';

/** One line of it. JSON has no infinity, which is null here. */
interface Kept {
  readonly group: GroupName;
  readonly resource: string;
  readonly failures: number | null;
  /** Milliseconds since the boot. */
  readonly failedAt: number;
  readonly lastFailure: string;
  /** What the resource was when it failed. */
  readonly like: string;
}

type Runnable = ReadonlyMap<GroupName, readonly RunnableResource[]>;

export class FailureFile {
  /** As the last musterd had them, by this one's clock. */
  readonly found: readonly Failures[];
  readonly #file: BootFile;
  readonly #runnable: Runnable;
  /** The boot, by this musterd's clock. */
  readonly #bootedAt: number;

  /** A file that cannot be read, or says something else, says nothing. `now` is monotonic milliseconds. */
  constructor(directory: string, runnable: Runnable, now: () => number) {
    this.#file = new BootFile(join(directory, 'failures.json'));
    this.#runnable = runnable;
    this.#bootedAt = bootedAt(now);
    const read = this.#file.read();
    this.found = (Array.isArray(read) ? read.filter(isKept) : [])
      .filter(({ group, resource, like }) => like === this.#likeOf(group, resource))
      .map(({ group, resource, failures, failedAt, lastFailure }) => ({
        group,
        resource,
        failures: failures ?? Number.POSITIVE_INFINITY,
        failedAt: Math.min(now(), this.#bootedAt + failedAt),
        lastFailure,
      }));
  }

  /** Throws where the file cannot be written. */
  write(failures: readonly Failures[]): void {
    this.#file.write(
      failures.map(
        ({ failures: count, failedAt, ...rest }): Kept => ({
          ...rest,
          failures: Number.isFinite(count) ? count : null,
          failedAt: Math.round(failedAt - this.#bootedAt),
          like: this.#likeOf(rest.group, rest.resource) ?? '',
        }),
      ),
    );
  }

  /** A hash, as parameters may be passwords; undefined where the configuration has no such resource. */
  #likeOf(group: GroupName, name: string): string | undefined {
    const resource = this.#runnable.get(group)?.find((one) => one.name === name);
    if (resource === undefined) return undefined;
    return createHash('sha256').update(likeness(resource)).digest('hex').slice(0, 16);
  }
}

function isKept(value: unknown): value is Kept {
  const { group, resource, failures, failedAt, lastFailure, like } = (value ?? {}) as Partial<Kept>;
  return (
    [group, resource, lastFailure, like].every((text) => typeof text === 'string') &&
    (failures === null || (typeof failures === 'number' && failures > 0)) &&
    typeof failedAt === 'number'
  );
}
