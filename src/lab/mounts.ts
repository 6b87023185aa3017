import { readFile } from 'node:fs/promises';
import { Problem } from '../base/problem.ts';
import { capture } from './command.ts';
import { waitUntil } from './wait.ts';

/** Mount points at or below `folder`, innermost first, out of the text of `/proc/self/mountinfo` (proc(5)). */
export function mountsBelow(mountinfo: string, folder: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .reverse();
}

/**
 * Unmounts all that is mounted below the folder, and throws where something stays: removing files through such a mount
 * would reach what it shows, so this comes before every removal of a tree that something may be mounted in.
 */
export async function unmountBelow(folder: string): Promise<void> {
  const mounts = async (): Promise<string[]> => mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), folder);
  await waitUntil(
    async () => {
      for (const path of await mounts()) await capture(['umount', path]);
      return (await mounts()).length === 0;
    },
    { timeoutMs: 5000, everyMs: 50 },
  );
  const left = await mounts();
  if (left.length > 0) {
    throw new Problem(
      'hostFailed',
      `Cannot remove "${folder}" as nothing may be mounted below it: ${left.join(', ')} is busy`,
      {
        hint: `who uses it: fuser -vm ${left[0]}`,
      },
    );
  }
}
