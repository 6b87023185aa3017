/** What `muster what-if` prints. Pure. */
import { showDuration } from '../base/duration.ts';
import { foldHosts } from '../base/host-range.ts';
import type { Failure, FoldedOutcome } from '../core/failures.ts';
import type { GroupOutcome, Outcome } from '../core/what-if.ts';

/** A row of the table: what happens, and what becomes of the cluster. */
export interface Row {
  readonly when: string;
  /** All that end so, where failures were tried; empty for what was asked for by itself. */
  readonly failures: readonly Failure[];
  readonly outcome: Outcome;
}

/** `dead or cut off`, in the order in which they were tried. */
function either(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

/** Pairs in few words: all of a set, or the partners of one. */
function foldPairs(pairs: readonly (readonly string[])[]): string {
  const members = [...new Set(pairs.flat())];
  if (members.length > 2 && pairs.length === (members.length * (members.length - 1)) / 2)
    return `any two of ${foldHosts(members)}`;
  const texts: string[] = [];
  for (let rest = pairs; rest.length > 0; ) {
    const count = (name: string): number => rest.filter((pair) => pair.includes(name)).length;
    const hub = members.reduce((best, name) => (count(name) > count(best) ? name : best));
    const partners = rest.filter((pair) => pair.includes(hub)).map((pair) => pair.find((name) => name !== hub)!);
    rest = rest.filter((pair) => !pair.includes(hub));
    texts.push(partners.length > 1 ? `${hub} and one of ${foldHosts(partners)}` : `${hub} and ${partners[0]}`);
  }
  return texts.join(', or ');
}

/** Failures with one outcome in words: `lb[1-2] dead or cut off`. */
export function describeFailures(failures: readonly Failure[]): string {
  const manners = new Map<string, { names: readonly string[]; manners: string[] }>();
  for (const { names, manner } of failures) {
    const key = names.join(' ');
    const known = manners.get(key) ?? { names, manners: [] };
    known.manners.push(manner);
    manners.set(key, known);
  }
  const alike = new Map<string, (readonly string[])[]>();
  for (const { names, manners: words } of manners.values()) {
    const key = either(words);
    alike.set(key, [...(alike.get(key) ?? []), names]);
  }
  return [...alike]
    .map(([words, list]) => {
      const who = list[0]!.length === 1 ? foldHosts(list.flat()) : foldPairs(list);
      return `${who} ${words.replace('cut off or cut off together', 'cut off, alone or together')}`;
    })
    .join('; ');
}

export function rowsOf(folded: readonly FoldedOutcome[]): Row[] {
  return folded.map(({ failures, outcome }) => ({ when: describeFailures(failures), failures, outcome }));
}

function cell({ before, after, outageMs }: GroupOutcome): string {
  if (after === null) return 'NOBODY';
  if (before === after && outageMs === null) return after;
  const time = outageMs === null ? '' : ` in ${showDuration(Math.round(outageMs / 10) * 10)}`;
  return before === after ? `${after} again${time}` : `-> ${after}${time}`;
}

/** With more groups than fit beside each other, they stand in one column, by their owner. */
const mostColumns = 5;

function cells(groups: readonly GroupOutcome[], columns: boolean): string[] {
  if (columns) return groups.map(cell);
  const owners = new Map<string, string[]>();
  for (const group of groups) {
    const text = cell(group);
    owners.set(text, [...(owners.get(text) ?? []), group.group]);
  }
  return [[...owners].map(([owner, names]) => `${foldHosts(names)} ${owner}`).join('; ')];
}

/** `2 of 3, none to spare`: how many more may be missed. */
function quorumCell({ votes, needed, voters }: Outcome): string {
  const spare = votes - needed;
  const state = spare < 0 ? 'NO QUORUM' : spare === 0 ? 'none to spare' : `${spare} to spare`;
  return `${votes} of ${voters}, ${state}`;
}

function layOut(table: readonly (readonly string[])[]): string[] {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

/** The table with its notes; each warning is said once and referred to by its number. */
export function showRows(groups: readonly string[], rows: readonly Row[]): string[] {
  const columns = groups.length <= mostColumns;
  const notes: string[] = [];
  const lines = rows.map(({ when, outcome }) => {
    const marks = outcome.warnings.map((warning) => {
      if (!notes.includes(warning)) notes.push(warning);
      return `[${notes.indexOf(warning) + 1}]`;
    });
    return [when, quorumCell(outcome), ...cells(outcome.groups, columns), marks.join(' ')];
  });
  const title = ['when', 'votes that hear each other', ...(columns ? groups : ['resource groups']), ''];
  const table = layOut([title, ...lines]);
  return [...table, ...(notes.length === 0 ? [] : ['', ...notes.map((note, index) => `[${index + 1}] ${note}`)])];
}
