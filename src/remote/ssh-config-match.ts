import { spawnSync } from 'node:child_process';
import { namesHost } from './known-hosts.ts';
import { expandTokens, localUser } from './ssh-config-words.ts';

/** What is known about a host while the files are read: criteria look at it. */
export interface Asked {
  /** As somebody typed it. */
  readonly name: string;
  readonly hostName: string;
  readonly user: string;
  readonly tag: string;
  /** The second reading, which `Match final` asks for. */
  readonly final: boolean;
  tokens(): Readonly<Record<string, string>>;
}

export type Criterion = (asked: Asked) => boolean;

/** `Host a* !b`. */
export function hostCriterion(words: readonly string[]): Criterion {
  const patterns = words.join(',');
  return (asked) => namesHost(patterns, asked.name.toLowerCase());
}

const byPattern: Readonly<Record<string, (asked: Asked) => string>> = {
  host: (asked) => asked.hostName,
  originalhost: (asked) => asked.name,
  user: (asked) => asked.user,
  localuser: localUser,
  tagged: (asked) => asked.tag,
};

/** Criteria that later versions of OpenSSH know; what we cannot tell never holds. */
const unknown = new Set(['localnetwork', 'version', 'sessiontype', 'command']);

/**
 * `Match host a,b exec "test -e x" !user root`: all have to hold, from left to right, so that a command only runs where
 * those before it do. Returns what is wrong where the line cannot be read.
 */
export function matchCriterion(
  words: readonly string[],
): { readonly criterion: Criterion; readonly final: boolean } | string {
  const criteria: Criterion[] = [];
  let final = false;
  for (let index = 0; index < words.length; ) {
    const word = words[index++]!;
    const negated = word.startsWith('!');
    const [name, attached] = splitOnce(word.slice(negated ? 1 : 0));
    const add = (criterion: Criterion): void => {
      criteria.push(negated ? (asked) => !criterion(asked) : criterion);
    };
    if (name === 'all') {
      if (negated) return '"all" cannot be negated';
      continue;
    }
    if (name === 'canonical' || name === 'final') {
      // Names are not made canonical here (hosts that ask for it go through OpenSSH), so only `final` asks for more.
      if (name === 'final') final = true;
      add((asked) => asked.final);
      continue;
    }
    const value = attached ?? words[index++];
    if (value === undefined) return `"${name}" needs a value`;
    const of = byPattern[name];
    if (of !== undefined) add((asked) => namesHost(value, of(asked).toLowerCase()));
    else if (name === 'exec') add((asked) => succeeds(expandTokens(value, asked.tokens())));
    else if (unknown.has(name)) criteria.push(() => false);
    else return `"${name}" is none of them`;
  }
  return { criterion: (asked) => criteria.every((holds) => holds(asked)), final };
}

function splitOnce(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at === -1 ? [word.toLowerCase(), undefined] : [word.slice(0, at).toLowerCase(), word.slice(at + 1)];
}

/** What commands answered: a hundred hosts ask the same one. */
const answers = new Map<string, boolean>();

function succeeds(command: string): boolean {
  const known = answers.get(command);
  if (known !== undefined) return known;
  const shell = process.env.SHELL || '/bin/sh';
  const answer = spawnSync(shell, ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  answers.set(command, answer);
  return answer;
}
