import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

let me: string | undefined;

/** Who sits at the controller; looked up once. */
export function localUser(): string {
  me ??= userInfo().username;
  return me;
}

/** `~` and `~/x` as the shell reads them. */
export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

/**
 * The words of a line as OpenSSH's argv_split takes them apart: single and double quotes hold spaces together, a backslash
 * takes a quote, a backslash or a blank for itself, and `#` at the beginning of a word ends the line. Undefined where a
 * quote is not closed.
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    const next = line[at + 1] ?? '';
    if (char === '\\' && (/["'\\]/.test(next) || (quote === '' && next === ' '))) {
      word = (word ?? '') + next;
      at++;
    } else if (quote === '' && (char === ' ' || char === '\t')) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === '' && char === '#' && word === undefined) {
      break;
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
      word ??= '';
    } else if (quote !== '' && char === quote) {
      quote = '';
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

/** `%h` and its like; a token that is not in the list stays as it is. */
export function expandTokens(text: string, tokens: Readonly<Record<string, string>>): string {
  return text.replace(/%(.)/g, (whole, token: string) => tokens[token] ?? whole);
}

/** `${NAME}` as ssh_config's paths have it; what is not set stays as it is, and will not be found. */
export function expandEnvironment(text: string): string {
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => process.env[name] ?? whole);
}

/** Seconds in OpenSSH's time format (`90`, `1m30s`, `2h`); undefined where it is none. */
export function sshSeconds(text: string): number | undefined {
  if (!/^(\d+[smhdw]?)+$/i.test(text)) return undefined;
  const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw]?)/gi)) {
    seconds += Number(count) * units[unit!.toLowerCase()]!;
  }
  return seconds;
}
