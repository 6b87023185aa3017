import { nearest } from '../base/nearest.ts';
import { own } from '../base/own.ts';

/** Everything that a key can do, and how the list of keys says it. */
export const actions = {
  'aim-all': 'keys go to all panes',
  'aim-marked': 'keys go to the marked panes',
  'aim-one': 'keys go to this pane alone',
  'aim-nobody': 'panic: keys go to nobody',
  'toggle-mark': 'mark this pane, or mark it no more',
  'toggle-all': 'toggle all: mark what is not, and the other way round',
  'next-pane': 'the next pane',
  'previous-pane': 'the pane before',
  'next-page': 'the next page of panes',
  'previous-page': 'the page before',
  zoom: 'this pane on the whole screen, and back',
  fold: 'equal screens as one pane, or each for itself',
  'more-columns': 'one column of panes more',
  'fewer-columns': 'one column of panes fewer',
  retile: 'columns by themselves again',
  'scroll-up': 'back in what this pane has shown',
  'scroll-down': 'forward again',
  search: 'search what all panes have shown',
  palette: 'a command: add, drop, mark, only, send, snippet, edit ...',
  'insert-name': "type each host's own name",
  canary: 'canary: typed keys go to one, after Enter to the rest',
  'interrupt-all': 'Ctrl-C to all, whoever keys go to',
  reconnect: 'connect this pane again',
  'reconnect-gone': 'connect all again that are gone',
  drop: 'close this pane',
  help: 'this list',
  'send-prefix': 'the prefix key itself, to the panes',
  leave: 'close everything',
} as const;

export type Action = keyof typeof actions;

/** Which keys do what: behind the prefix key, or by themselves. Keys have the names that `InputReader` gives them. */
export interface Keymap {
  readonly prefix: string;
  readonly behindPrefix: Readonly<Record<string, Action>>;
  readonly direct: Readonly<Record<string, Action>>;
}

export const usualKeymap: Keymap = {
  prefix: 'C-]',
  behindPrefix: {
    a: 'aim-all',
    m: 'aim-marked',
    o: 'aim-one',
    '0': 'aim-nobody',
    Space: 'toggle-mark',
    t: 'toggle-all',
    Tab: 'next-pane',
    'S-Tab': 'previous-pane',
    Right: 'next-pane',
    Left: 'previous-pane',
    PageDown: 'next-page',
    PageUp: 'previous-page',
    z: 'zoom',
    f: 'fold',
    '+': 'more-columns',
    '-': 'fewer-columns',
    '=': 'retile',
    '[': 'scroll-up',
    ']': 'scroll-down',
    Up: 'scroll-up',
    Down: 'scroll-down',
    '/': 'search',
    ':': 'palette',
    h: 'insert-name',
    c: 'canary',
    'C-c': 'interrupt-all',
    r: 'reconnect',
    R: 'reconnect-gone',
    x: 'drop',
    '?': 'help',
    'C-]': 'send-prefix',
    q: 'leave',
  },
  // One key must be enough where something goes wrong.
  direct: { F12: 'aim-nobody' },
};

/** What is wrong in somebody's own keys: the path within `keys`, and in words. */
export interface KeymapMistake {
  readonly path: readonly string[];
  readonly message: string;
  readonly hint?: string | undefined;
}

/**
 * The usual keys with somebody's own above them: `{ prefix: C-a, keys: { F5: aim-all, "prefix z": none } }`. A key behind the
 * prefix is written with `prefix` before it; `none` takes a key away.
 */
export function keymapFrom(data: unknown): { readonly keymap: Keymap; readonly mistakes: readonly KeymapMistake[] } {
  const mistakes: KeymapMistake[] = [];
  const wrong = (path: readonly string[], message: string, hint?: string): void =>
    void mistakes.push({ path, message, hint });
  if (!isRecord(data)) {
    wrong([], 'it must be a map with "prefix" and "keys"');
    return { keymap: usualKeymap, mistakes };
  }
  for (const key of Object.keys(data)) {
    if (key !== 'prefix' && key !== 'keys') wrong([key], `"${key}" is not known`, 'known are "prefix" and "keys"');
  }
  const { prefix = usualKeymap.prefix, keys = {} } = data;
  if (typeof prefix !== 'string' || !isKeyName(prefix)) wrong(['prefix'], 'it must be a key like C-a or F1');
  if (!isRecord(keys)) {
    wrong(['keys'], 'it must be a map of keys');
    return { keymap: usualKeymap, mistakes };
  }
  const behindPrefix: Record<string, Action> = { ...usualKeymap.behindPrefix };
  const direct: Record<string, Action> = { ...usualKeymap.direct };
  if (prefix !== usualKeymap.prefix) {
    delete behindPrefix[usualKeymap.prefix];
    behindPrefix[String(prefix)] = 'send-prefix';
  }
  for (const [text, action] of Object.entries(keys)) {
    const key = text.replace(/^prefix\s+/, '');
    const table = key === text ? direct : behindPrefix;
    if (!isKeyName(key)) wrong(['keys', text], `"${key}" is no key`, 'keys are a, C-a, M-a, F5, PageUp, Enter ...');
    else if (action === 'none') delete table[key];
    else if (typeof action === 'string' && own(actions, action) !== undefined) table[key] = action as Action;
    else {
      const near = nearest(String(action), Object.keys(actions));
      wrong(['keys', text], `"${action}" is nothing that a key can do`, near && `did you mean "${near}"?`);
    }
  }
  const keymap = { prefix: String(prefix), behindPrefix, direct };
  if (!Object.values({ ...behindPrefix, ...direct }).includes('leave')) {
    wrong(['keys'], 'a key must be left that closes everything ("leave")');
  }
  return { keymap: mistakes.length > 0 ? usualKeymap : keymap, mistakes };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const named =
  'Enter|Tab|Escape|Backspace|Space|Up|Down|Left|Right|Home|End|Insert|Delete|PageUp|PageDown|F[1-9]|F1[0-2]';
const keyName = new RegExp(`^(?:C-)?(?:M-)?(?:S-)?(?:${named}|[!-~])$`);

function isKeyName(text: string): boolean {
  return keyName.test(text);
}

/** The keys of an action as people are told: `C-] z`. Undefined: none. */
export function keyFor({ prefix, behindPrefix, direct }: Keymap, action: Action): string | undefined {
  const find = (table: Readonly<Record<string, Action>>): string | undefined =>
    Object.keys(table).find((key) => table[key] === action);
  const alone = find(direct);
  if (alone !== undefined) return alone;
  const behind = find(behindPrefix);
  return behind === undefined ? undefined : `${prefix} ${behind}`;
}

/** The list of keys, an action a line, in the order of `actions`. */
export function helpLines(keymap: Keymap): string[] {
  const { prefix, behindPrefix, direct } = keymap;
  const rows = Object.entries(actions).flatMap(([action, words]) => {
    const keys = [
      ...Object.keys(direct).filter((key) => direct[key] === action),
      ...Object.keys(behindPrefix)
        .filter((key) => behindPrefix[key] === action)
        .map((key) => `${prefix} ${key}`),
    ];
    return keys.length === 0 ? [] : [{ keys: keys.join(', '), words }];
  });
  const width = Math.max(...rows.map(({ keys }) => keys.length));
  return rows.map(({ keys, words }) => `${keys.padEnd(width)}  ${words}`);
}
