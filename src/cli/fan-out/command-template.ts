import { nearest } from '../../base/nearest.ts';
import { Problem } from '../../base/problem.ts';
import type { Host, Value } from '../../model/inventory.ts';
import { shellQuote } from '../../remote/quote.ts';
import { QuoteTracker } from './quote-tracker.ts';

/** What `{{ name }}` can mean for a host: its variables, and how it is reached. */
export function commandScope(host: Host): Readonly<Record<string, Value>> {
  const { address, user = null, port = null } = host.ssh;
  return { address, user, port, groups: host.groups, ...host.variables, host: host.name };
}

/**
 * Puts a host's values into a command. Each becomes one word of the shell, whatever is in it; a list becomes a word for
 * each item. So they may stand outside of quotes only: within, the value's own quotes would end those around it.
 * Throws `Problem('usage')` for names that are not known, values that are no words, and places within quotes.
 */
export function renderCommand(text: string, host: Host): string {
  const quotes = new QuoteTracker();
  return render(text, host, shellQuote, (between) => {
    quotes.read(between);
    return quotes.inside();
  });
}

/** The same for one word of a command line that no shell sees: the values as they are. */
export function renderWord(text: string, host: Host): string {
  return render(
    text,
    host,
    (value) => value,
    () => undefined,
  );
}

/** `surrounding` is told the text up to each place, and says what that place is within, if it must not be. */
function render(
  text: string,
  host: Host,
  quote: (value: string) => string,
  surrounding: (between: string) => string | undefined,
): string {
  const scope = commandScope(host);
  let output = '';
  let position = 0;
  for (const match of text.matchAll(/\{\{([^{}]*)\}\}/g)) {
    const between = text.slice(position, match.index);
    const inside = surrounding(between);
    const path = match[1]!.trim();
    const refuse = (must: string, seen: string, hint?: string): Problem =>
      new Problem('usage', `Cannot run "${text}" on host "${host.name}" as ${must}: ${seen}`, { hint });
    if (!/^[A-Za-z_][\w-]*(\.[\w-]+)*$/.test(path)) {
      throw refuse(
        '{{ }} must hold the name of a variable',
        `"${match[0]}"`,
        'without --template braces are just braces',
      );
    }
    if (inside !== undefined) {
      throw refuse(
        'values must stand outside of quotes (they are quoted by themselves)',
        `"${match[0]}" is ${inside}`,
        `name it first: v=${match[0]}; echo "$v"`,
      );
    }
    output += between + wordsOf(path, scope, refuse, quote);
    position = match.index + match[0].length;
  }
  return output + text.slice(position);
}

function wordsOf(
  path: string,
  scope: Readonly<Record<string, Value>>,
  refuse: (must: string, seen: string, hint?: string) => Problem,
  quote: (value: string) => string,
): string {
  let value: Value = scope;
  for (const part of path.split('.')) {
    const holder: unknown = value;
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, part)) {
      const near = nearest(part, typeof holder === 'object' && holder !== null ? Object.keys(holder) : []);
      throw refuse('its variables must be known', `"${path}" is not`, near && `did you mean "${near}"?`);
    }
    value = (holder as Record<string, Value>)[part]!;
  }
  const items: readonly Value[] = Array.isArray(value) ? value : [value];
  return items
    .map((item) => {
      if (typeof item === 'object' && item !== null)
        throw refuse('a value must be a word or a list of them', `"${path}"`);
      const word = item === null ? '' : String(item);
      if (word.includes('\0')) throw refuse('a word of the shell cannot hold a NUL byte', `"${path}" does`);
      return quote(word);
    })
    .join(' ');
}
