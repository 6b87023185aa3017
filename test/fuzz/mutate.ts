import type { Random } from '../../src/base/random.ts';

const odd = [
  '',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\0',
  '\ufeff',
  '\u2028',
  'é',
  '💥',
  '"',
  "'",
  '\\',
  '#',
  '=',
  ':',
  '[',
  ']',
  '{',
  '}',
  '-',
  '0',
  '9'.repeat(40),
];

type Mutation = (text: string, random: Random, words: readonly string[], other: string) => string;

const position = (text: string, random: Random): number => random.between(0, text.length);

const mutations: readonly Mutation[] = [
  // Characters
  (text, random) => {
    const at = position(text, random);
    return text.slice(0, at) + random.pick(odd) + text.slice(at + random.between(0, 1));
  },
  (text, random) => {
    const at = position(text, random);
    return text.slice(0, at) + String.fromCharCode(random.between(0, 255)) + text.slice(at + 1);
  },
  // Pieces
  (text, random) => {
    const at = position(text, random);
    return text.slice(0, at) + text.slice(at + random.between(1, 20));
  },
  (text, random) => {
    const at = position(text, random);
    const piece = text.slice(at, at + random.between(1, 30));
    return text.slice(0, at) + piece.repeat(random.between(2, 12)) + text.slice(at);
  },
  (text, random, words) => {
    const at = position(text, random);
    return text.slice(0, at) + random.pick(words) + text.slice(at);
  },
  // Lines
  (text, random) => {
    const lines = text.split('\n');
    lines.splice(random.between(0, lines.length - 1), 1);
    return lines.join('\n');
  },
  (text, random) => {
    const lines = text.split('\n');
    lines.splice(random.between(0, lines.length), 0, random.pick(lines));
    return lines.join('\n');
  },
  (text, random) => {
    const lines = text.split('\n');
    const index = random.between(0, lines.length - 1);
    lines[index] = random.pick(['  ', '\t', '']) + lines[index]!.trimStart();
    return lines.join('\n');
  },
  // Two inputs
  (text, random, _words, other) => text.slice(0, position(text, random)) + other.slice(position(other, random)),
  (text, random) => text.slice(0, position(text, random)),
];

const maxLength = 20_000;

/** A text with one to eight changes to it: characters, pieces, lines, words of the format, splices with another input. */
export function mutate(seeds: readonly string[], words: readonly string[], random: Random): string {
  let text = random.pick(seeds);
  for (let count = random.between(1, 8); count > 0; count--) {
    text = random.pick(mutations)(text, random, words, random.pick(seeds)).slice(0, maxLength);
  }
  return text;
}
