import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput, type Mistake, Problem } from '../../base/problem.ts';
import { parseQuorumdConf, type QuorumdCluster } from '../../linux-ha/quorumd-conf.ts';

export interface ArbiterConfiguration {
  readonly clusters: readonly QuorumdCluster[];
  /** The first 12 hex digits of the hash over all files. */
  readonly hash: string;
}

/** The texts of quorumd.conf and of the files in quorumd.d, by their paths; none where there are none. */
async function readTexts(directory: string): Promise<Map<string, string>> {
  const more = join(directory, 'quorumd.d');
  const names = await readdir(more).catch(() => []);
  const files = [join(directory, 'quorumd.conf')];
  files.push(
    ...names
      .filter((name) => /^[^.].*\.conf$/.test(name))
      .sort()
      .map((name) => join(more, name)),
  );
  const texts = new Map<string, string>();
  for (const file of files) {
    try {
      texts.set(file, await readFile(file, 'utf8'));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw new Problem('badInput', `Cannot read "${file}" as a configuration file: ${message}`);
    }
  }
  return texts;
}

/**
 * What an arbiter votes for: `quorumd.conf`, as heartbeat's quorumd had it, and `quorumd.d/*.conf`, where each cluster that
 * shares this arbiter has a file of its own. Throws a Problem with the mistakes of all of them.
 */
export async function readArbiterConfiguration(directory: string): Promise<ArbiterConfiguration> {
  const texts = await readTexts(directory);
  if (texts.size === 0) {
    throw new Problem(
      'badInput',
      `Cannot arbitrate as quorumd.conf must name the clusters: there is none in ${directory}`,
      { hint: 'name this host under "arbiters" in the inventory, then: muster provision' },
    );
  }
  const mistakes: Mistake[] = [];
  const clusters = new Map<string, QuorumdCluster>();
  const hash = createHash('sha256');
  for (const [file, text] of texts) {
    hash.update(`${file.slice(directory.length)}\0${Buffer.byteLength(text)}\0`).update(text);
    try {
      for (const cluster of parseQuorumdConf(text, file).clusters) {
        const message = `Cannot add cluster "${cluster.name}" as each is there once: another file has it, too`;
        if (clusters.has(cluster.name)) mistakes.push({ at: { file, line: 1, column: 1 }, message });
        clusters.set(cluster.name, cluster);
      }
    } catch (error) {
      if (!(error instanceof Problem) || error.mistakes.length === 0) throw error;
      mistakes.push(...error.mistakes);
    }
  }
  if (mistakes.length > 0) throw badInput(mistakes);
  return { clusters: [...clusters.values()], hash: hash.digest('hex').slice(0, 12) };
}
