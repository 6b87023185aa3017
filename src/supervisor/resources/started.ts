/**
 * What this node has started, with all that it takes to stop it, in a file that survives musterd and not the next boot. The
 * configuration may have changed by the time of the next start: what it does not name any more, or names otherwise, can
 * then still be stopped as it was started.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GroupName } from '../../model/names.ts';
import type { RunnableResource } from './runnable.ts';

interface Started {
  readonly group: GroupName;
  readonly resource: RunnableResource;
}

export class StartedResources {
  readonly #file: string;
  readonly #directory: string;
  readonly #started: Map<string, Started>;

  /** A file that cannot be read, or says something else, says nothing. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#file = join(directory, 'started.json');
    this.#started = new Map(read(this.#file).map((one) => [one.resource.instance, one]));
  }

  get isEmpty(): boolean {
    return this.#started.size === 0;
  }

  /** Before a start begins: from now on it may run. Throws where the file cannot be written. */
  begins(group: GroupName, resource: RunnableResource): void {
    const known = this.#started.get(resource.instance);
    if (known !== undefined && isSame(known.resource, resource)) return;
    this.#started.set(resource.instance, { group, resource });
    this.#write();
  }

  /** It has stopped for certain. */
  stopped(instance: string): void {
    if (this.#started.delete(instance)) this.#write();
  }

  /** What was started and is not, or not like that, in this configuration; what started last comes first. */
  leftBy(runnable: ReadonlyMap<GroupName, readonly RunnableResource[]>): Started[] {
    const now = new Map([...runnable.values()].flat().map((resource) => [resource.instance, resource]));
    return [...this.#started.values()].reverse().filter(({ resource }) => {
      const named = now.get(resource.instance);
      return named === undefined || !isSame(named, resource);
    });
  }

  #write(): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o755 });
    const fresh = `${this.#file}.new`;
    writeFileSync(fresh, JSON.stringify([...this.#started.values()]), { mode: 0o600 });
    renameSync(fresh, this.#file);
  }
}

/** Times do not matter: it is one and the same thing that would be stopped. */
function isSame(one: RunnableResource, other: RunnableResource): boolean {
  return JSON.stringify([one.agent, one.parameters]) === JSON.stringify([other.agent, other.parameters]);
}

function read(file: string): Started[] {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as unknown;
    return Array.isArray(found) ? found.filter(isStarted) : [];
  } catch {
    return [];
  }
}

function isStarted(value: unknown): value is Started {
  const { group, resource } = (value ?? {}) as Partial<Started>;
  return (
    typeof group === 'string' &&
    typeof resource?.instance === 'string' &&
    typeof resource.settings?.stopTimeout === 'number' &&
    typeof resource.agent?.kind === 'string'
  );
}
