import { Problem } from '../../base/problem.ts';
import type { Screen } from './screen.ts';
import type { View } from './view.ts';

/** How `muster run` is asked to show what hosts say; several of them together only with `log`. */
export interface ViewOptions {
  readonly fold?: boolean;
  readonly exact?: boolean;
  readonly diff?: boolean;
  readonly stream?: boolean;
  readonly table?: boolean;
  readonly json?: boolean;
  readonly log?: string;
}

const ways = ['fold', 'exact', 'diff', 'stream', 'table', 'json'] as const;

/** The views that the options ask for; each is loaded only where it is used. Throws `Problem('usage')` where they do not go together. */
export async function viewsFor(options: ViewOptions, screen: Screen, hosts: readonly string[]): Promise<View[]> {
  const chosen = ways.filter((way) => options[way]);
  const folds = chosen.every((way) => way === 'fold' || way === 'exact' || way === 'diff');
  if (chosen.length > 1 && !folds) {
    const seen = chosen.map((way) => `--${way}`).join(' and ');
    throw new Problem('usage', `Cannot show what hosts say in two ways as each would spoil the other: ${seen}`, {
      hint: '--log goes together with any of them',
    });
  }
  const views: View[] = [];
  if (options.log !== undefined) views.push(await (await import('./log-files.ts')).LogFiles.into(options.log));
  if (options.json) views.push(new (await import('./json-view.ts')).JsonView(screen));
  if (options.table) views.push(new (await import('./table-view.ts')).TableView(screen));
  if (options.stream) views.push(new (await import('./stream-view.ts')).StreamView(screen, hosts));
  const fold = options.fold || options.exact || options.diff;
  if (fold || views.length === 0) {
    const { FoldView } = await import('./fold-view.ts');
    views.push(new FoldView(screen, { exact: options.exact === true, diff: options.diff === true }));
  }
  return views;
}
