import { Problem } from '../base/problem.ts';
import type { ClusterAccess } from '../drill/cluster-access.ts';
import type { NodeName } from '../model/names.ts';
import { shellQuote } from '../remote/quote.ts';
import { accessTo, type Silent, showSilent } from './cluster-views.ts';
import { loadClusterInventory } from './require-cluster.ts';

export interface Asked<T> {
  readonly answers: readonly { readonly node: NodeName; readonly value: T }[];
  readonly silent: readonly Silent[];
}

/**
 * What musterd says to the same words on every node, as JSON in its standard output (the last line of it that is an object
 * or a list). `doing` is what comes after "Cannot". Throws `Problem('hostUnreachable')` where no node answers.
 */
export async function askNodes<T>(
  options: { readonly inventory: string; readonly lab?: string },
  doing: string,
  words: readonly string[],
  patienceMs: number,
  read: (text: string) => T,
): Promise<Asked<T>> {
  const found = await loadClusterInventory(options.inventory, options.lab);
  const access = await accessTo(found, options.lab);
  try {
    return await ask(access, doing, ['musterd', ...words].map(shellQuote).join(' '), patienceMs, read);
  } finally {
    access.close();
  }
}

async function ask<T>(
  access: ClusterAccess,
  doing: string,
  program: string,
  patienceMs: number,
  read: (text: string) => T,
): Promise<Asked<T>> {
  const silent: Silent[] = [];
  const answers = await Promise.all(
    access.nodes.map(async (node) => {
      try {
        return [{ node, value: read(await access.must(node, doing, program, patienceMs)) }];
      } catch (error) {
        silent.push({ node, why: (error as Error).message.split('\n')[0]! });
        return [];
      }
    }),
  );
  if (silent.length < access.nodes.length) return { answers: answers.flat(), silent };
  const why = showSilent(silent).map((line) => `\n  ${line}`);
  throw new Problem('hostUnreachable', `Cannot ${doing} as a node must answer: none does${why.join('')}`);
}
