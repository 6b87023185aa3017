/**
 * What this node has started, with all that it takes to stop it, in a file that survives musterd and not the next boot. The
 * configuration may have changed by the time of the next start: what it does not name any more, or names otherwise, can
 * then still be stopped as it was started.
 */
import { join } from 'node:path';
import type { GroupName } from '../../model/names.ts';
import { BootFile } from '../boot-file.ts';
import { likeness, type RunnableResource } from './runnable.ts';

interface Started {
  readonly group: GroupName;
  readonly resource: RunnableResource;
}

export class StartedResources {
  readonly #file: BootFile;
  readonly #started: Map<string, Started>;

  /** A file that cannot be read, or says something else, says nothing. */
  constructor(directory: string) {
    this.#file = new BootFile(join(directory, 'started.json'));
    const found = this.#file.read();
    const started = Array.isArray(found) ? found.filter(isStarted) : [];
    this.#started = new Map(started.map((one) => [one.resource.instance, one]));
  }

  get isEmpty(): boolean {
    return this.#started.size === 0;
  }

  /** Before a start begins: from now on it may run. Throws where the file cannot be written. */
  begins(group: GroupName, resource: RunnableResource): void {
    const known = this.#started.get(resource.instance);
    if (known !== undefined && likeness(known.resource) === likeness(resource)) return;
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
      return named === undefined || likeness(named) !== likeness(resource);
    });
  }

  #write(): void {
    this.#file.write([...this.#started.values()]);
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
