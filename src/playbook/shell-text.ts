import { shellQuote } from '../remote/quote.ts';

export { shellQuote };

/** Several words of a shell, each quoted. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellQuote).join(' ');
}
