import { type MistakeList, mistakeList, parseWhole, rawLines, type Token, throwMistakes, words } from './lines.ts';

/**
 * `sha256` is ours: heartbeat knows only crc, md5 and sha1 and refuses a file with any other method, so `engine: linux-ha`
 * renders sha1.
 */
export const authMethods = ['crc', 'md5', 'sha1', 'sha256'] as const;
export type AuthMethod = (typeof authMethods)[number];

export interface AuthKey {
  readonly id: number;
  readonly method: AuthMethod;
  /** Empty for crc, which finds damage and proves nothing. Never shown in a message, a diff or a log. */
  readonly secret: string;
}

/** authkeys: all keys that are accepted, and the id of the one that signs. */
export interface Authkeys {
  readonly active: number;
  readonly keys: readonly AuthKey[];
}

/** The wire has one byte for the id of a key (heartbeat knows 1 to 15). */
const highestId = 255;

interface Draft {
  readonly keys: AuthKey[];
  active: { readonly id: number; readonly line: number; readonly column: number } | undefined;
}

/** A comment may be glued to a number or a method; to a secret never, as there it is a part of it. */
function uncommented(token: Token | undefined): Token | undefined {
  if (token === undefined) return undefined;
  const [text] = token.text.split('#', 1) as [string];
  return text === '' ? undefined : { ...token, text };
}

function readActive(head: Token, written: Token | undefined, draft: Draft, list: MistakeList): void {
  const value = uncommented(written);
  const id = parseWhole(value?.text ?? '', 0, 999_999_999);
  if (draft.active !== undefined) {
    list.add(head, 'Cannot read "auth" as it must be there once: a line before has it too');
  } else if (id === undefined) {
    list.add(written ?? head, 'Cannot read "auth" as the number of a key must follow: none does');
  } else if (id > highestId) {
    list.add(value!, `Cannot sign with key ${id} as the numbers of keys go up to ${highestId}: it is higher`);
  } else {
    draft.active = { id, line: head.line, column: value!.column };
  }
}

/**
 * The secret, and the first word behind it that says something. A word behind it that begins with "#" begins a comment, and so
 * does a "#" alone in its place: nobody means that to be a secret.
 */
function afterMethod(written: Token | undefined, rest: readonly Token[]): [Token | undefined, Token | undefined] {
  const [first, second] = written?.text.includes('#') === true ? [] : rest;
  const isNone = first === undefined || first.text === '#';
  return [isNone ? undefined : first, isNone || second?.text.startsWith('#') === true ? undefined : second];
}

function readKey(tokens: readonly Token[], draft: Draft, list: MistakeList): void {
  const [head, written, ...rest] = tokens as [Token, ...Token[]];
  const id = parseWhole(head.text, 0, 999_999_999);
  const method = uncommented(written);
  const known = authMethods.find((name) => name === method?.text);
  const [secret, second] = afterMethod(written, rest);
  const extra = known === 'crc' ? (secret?.text.startsWith('#') === true ? undefined : secret) : second;
  if (id === undefined) {
    list.add(head, 'Cannot read this line as "auth N" or "N METHOD SECRET": it begins with something else');
  } else if (id > highestId) {
    list.add(head, `Cannot read key ${id} as the numbers of keys go up to ${highestId}: it is higher`);
  } else if (known === undefined) {
    list.add(
      written ?? head,
      `Cannot read key ${id} as its method must be one of ${authMethods.join(', ')}: it is not`,
    );
  } else if (known !== 'crc' && secret === undefined) {
    list.add(head, `Cannot read key ${id} as ${known} needs a secret: there is none`);
  } else if (extra !== undefined) {
    list.add(extra, `Cannot read key ${id} as nothing may follow its secret: there is another word`);
  } else if (draft.keys.some((key) => key.id === id)) {
    list.add(head, `Cannot read key ${id} as each number may be there once: it is there twice`);
  } else {
    draft.keys.push({ id, method: known, secret: known === 'crc' ? '' : secret!.text });
  }
}

/**
 * Reads authkeys: `auth N` and `N METHOD SECRET` lines, comments on lines of their own or behind. heartbeat takes no
 * notice of what follows a secret; here it must be a comment, as two words may well be meant to be one secret. No message
 * quotes a secret, nor a line that may hold one.
 */
export function parseAuthkeys(text: string, file = 'authkeys'): Authkeys {
  const list = mistakeList(file);
  const draft: Draft = { keys: [], active: undefined };
  for (const [index, raw] of rawLines(text).entries()) {
    const tokens = words(raw, index + 1);
    const [head, value] = tokens;
    if (head === undefined || head.text.startsWith('#')) continue;
    if (head.text === 'auth') readActive(head, value, draft, list);
    else readKey(tokens, draft, list);
  }
  const { active, keys } = draft;
  if (list.mistakes.length === 0 && active === undefined) {
    list.add(
      { line: 1, column: 1 },
      'Cannot sign messages as "auth N" must say which key does it: there is no such line',
    );
  } else if (list.mistakes.length === 0 && !keys.some(({ id }) => id === active!.id)) {
    list.add(active!, `Cannot sign with key ${active!.id} as a line must define it: none does`);
  }
  throwMistakes(list);
  return { active: active!.id, keys };
}

/** Why a method of heartbeat's is not taken; undefined where it is. */
export function weakness(method: AuthMethod): string | undefined {
  if (method === 'crc') return 'crc finds damage and proves nothing';
  return method === 'md5' ? 'md5 has been broken for long' : undefined;
}

/**
 * Throws a `Problem` where the key that signs is of a method that proves nothing, or too little: what it signs anybody
 * could forge. `text` is what the keys were read from.
 */
export function refuseWeakKey({ active, keys }: Authkeys, text: string, file = 'authkeys'): void {
  const method = keys.find(({ id }) => id === active)!.method;
  const why = weakness(method);
  if (why === undefined) return;
  const index = rawLines(text).findIndex((raw) => parseWhole(words(raw, 1)[0]?.text ?? '', 0, highestId) === active);
  const at = words(rawLines(text)[index] ?? '', index + 1)[1] ?? { line: 1, column: 1 };
  const list = mistakeList(file);
  const hint = `write "${active} sha256 SECRET" into authkeys, the same on all nodes`;
  list.add(at, `Cannot sign with key ${active} as a secret must prove who speaks: ${why}`, hint);
  throwMistakes(list);
}
