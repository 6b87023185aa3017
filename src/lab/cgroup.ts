import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { waitUntil } from './wait.ts';

/** Where this machine's cgroup hierarchies are mounted. */
export interface Hierarchies {
  /** The unified one: freeze and kill are atomic there, over the whole tree below a group. */
  readonly unified: string;
  /** Version 1 hierarchies that systemd-nspawn also writes to; empty on a machine with only version 2. */
  readonly legacy: readonly string[];
}

/** Reads the hierarchies out of `/proc/self/mounts`; undefined where there is no version 2 (cgroups(7)). */
export function parseHierarchies(mounts: string): Hierarchies | undefined {
  let unified: string | undefined;
  const legacy: string[] = [];
  for (const line of mounts.split('\n')) {
    const [, path, type, options] = line.split(' ');
    if (type === 'cgroup2') unified ??= path!;
    const words = options?.split(',') ?? [];
    if (type === 'cgroup' && ['name=systemd', 'freezer', 'memory'].some((word) => words.includes(word)))
      legacy.push(path!);
  }
  return unified === undefined ? undefined : { unified, legacy };
}

function hierarchies(): Hierarchies {
  const found = parseHierarchies(readFileSync('/proc/self/mounts', 'utf8'));
  if (found !== undefined) return found;
  throw new Problem('hostFailed', 'Cannot run the lab as cgroup version 2 must be mounted: /proc/self/mounts has none');
}

/** The name of the lab's group in every hierarchy. */
export const labGroup = (lab: string): string => `muster-${lab}`;

/** The group of one member (a node, or `gateway`) of a lab in the unified hierarchy. */
export function groupOf(lab: string, member: string): string {
  return join(hierarchies().unified, labGroup(lab), member);
}

/**
 * Makes the member's groups in all hierarchies and returns the files that a process writes its id to. Each node needs
 * groups of its own in each: systemd-nspawn makes `payload` below the caller's, and two nodes would share it.
 */
export async function createGroups(lab: string, member: string): Promise<string[]> {
  const { unified, legacy } = hierarchies();
  const groups = [unified, ...legacy].map((root) => join(root, labGroup(lab), member));
  for (const group of groups) await mkdir(group, { recursive: true });
  return groups.map((group) => join(group, 'cgroup.procs'));
}

async function event(group: string, key: string): Promise<boolean> {
  const text = await readFile(join(group, 'cgroup.events'), 'utf8').catch(() => '');
  return new RegExp(`^${key} 1$`, 'm').test(text);
}

/** Whether any process lives in the member's group. */
export const isPopulated = (lab: string, member: string): Promise<boolean> => event(groupOf(lab, member), 'populated');

export const isFrozen = (lab: string, member: string): Promise<boolean> => event(groupOf(lab, member), 'frozen');

/** Stops or continues every process of the member at once, also those that are just being forked. */
export async function setFrozen(lab: string, member: string, frozen: boolean): Promise<void> {
  const group = groupOf(lab, member);
  await writeFile(join(group, 'cgroup.freeze'), frozen ? '1' : '0');
  const reached = await waitUntil(async () => (await event(group, 'frozen')) === frozen, {
    timeoutMs: 5000,
    everyMs: 2,
  });
  if (!reached) {
    throw new Problem(
      'hostFailed',
      `Cannot ${frozen ? 'freeze' : 'thaw'} "${member}" as its cgroup must say so: it did not within 5 s`,
    );
  }
}

/** The file whose `1` kills every process of the member at once (cgroup.kill, Linux 5.14 and later). */
export const killFile = (lab: string, member: string): string => join(groupOf(lab, member), 'cgroup.kill');

/** Resolves when the member's group has no process left. */
export async function waitEmpty(lab: string, member: string): Promise<void> {
  if (await waitUntil(async () => !(await isPopulated(lab, member)), { timeoutMs: 10_000, everyMs: 3 })) return;
  throw new Problem('hostFailed', `Cannot end "${member}" as its cgroup must become empty: it is not after 10 s`);
}

async function removeTree(group: string): Promise<void> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(group, entry.name));
  // The kernel lets go of a group a moment after its last process is gone.
  let failure: unknown;
  const removed = await waitUntil(
    () =>
      rmdir(group).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          failure = error;
          return error.code === 'ENOENT';
        },
      ),
    { timeoutMs: 3000, everyMs: 10 },
  );
  if (!removed) throw failure;
}

/** Removes the member's groups in all hierarchies; they must be empty. */
export async function removeGroups(lab: string, member: string): Promise<void> {
  const { unified, legacy } = hierarchies();
  for (const root of [unified, ...legacy]) await removeTree(join(root, labGroup(lab), member));
}

/** Kills all processes of the member, and removes its groups; nothing where it has none. */
export async function destroyMember(lab: string, member: string): Promise<void> {
  if (!existsSync(killFile(lab, member))) return;
  await writeFile(killFile(lab, member), '1');
  await waitEmpty(lab, member);
  await removeGroups(lab, member);
}

/** Kills all processes of the lab that are in its groups, and removes the groups: needs nothing but the lab's name. */
export async function destroyGroups(lab: string): Promise<void> {
  const { unified, legacy } = hierarchies();
  const top = join(unified, labGroup(lab));
  if (existsSync(top)) {
    await writeFile(join(top, 'cgroup.kill'), '1');
    if (!(await waitUntil(async () => !(await event(top, 'populated')), { timeoutMs: 10_000, everyMs: 5 }))) {
      throw new Problem(
        'hostFailed',
        `Cannot end lab "${lab}" as its processes must die: some live 10 s after the kill`,
      );
    }
  }
  for (const root of [unified, ...legacy]) await removeTree(join(root, labGroup(lab)));
}
