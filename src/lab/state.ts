import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labHosts } from './names.ts';
import type { LabPaths } from './types.ts';

/**
 * What a lab was made as. Only what never changes while it is up stands here; power, frozen nodes, cuts and links are
 * asked of the kernel, which alone knows them.
 */
export interface LabState {
  readonly name: string;
  readonly base: string;
  readonly nodes: ReturnType<typeof labHosts>;
  /** How many networks each node is in: 1, or 2. */
  readonly links: number;
  /** Megabytes of the block device that all nodes share; 0 where there is none. */
  readonly volume: number;
}

const stateFile = (paths: LabPaths): string => join(paths.stateDir, 'state.json');

/** The lab's state, or undefined where there is none (or an unreadable one: then the lab has to be made anew). */
export async function readState(paths: LabPaths): Promise<LabState | undefined> {
  try {
    const { name, base, count, links, volume } = JSON.parse(await readFile(stateFile(paths), 'utf8')) as Record<
      string,
      unknown
    >;
    if (name !== paths.name || typeof base !== 'string' || typeof count !== 'number') return undefined;
    const megabytes = typeof volume === 'number' ? volume : 0;
    return { name: paths.name, base, nodes: labHosts(count), links: links === 2 ? 2 : 1, volume: megabytes };
  } catch {
    return undefined;
  }
}

/** Written beside and renamed, so that a reader sees all of it or none. */
export async function writeState(paths: LabPaths, state: LabState): Promise<void> {
  const { name, base, nodes, links, volume } = state;
  const text = `${JSON.stringify({ name, base, count: nodes.length, links, volume })}\n`;
  await writeFile(`${stateFile(paths)}.new`, text);
  await rename(`${stateFile(paths)}.new`, stateFile(paths));
}
