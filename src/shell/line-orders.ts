/** What is typed at the prompt of `muster shell --line`, in the words of ClusterShell's clush(1), "INTERACTIVE MODE". Pure. */

export type LineOrder =
  | { readonly kind: 'nothing' | 'leave' | 'help' | 'toggle-view' }
  /** Only these hosts, these too, or these no more. */
  | { readonly kind: 'only' | 'add' | 'remove'; readonly pattern: string }
  /** Here, and not on the hosts. */
  | { readonly kind: 'local'; readonly command: string }
  | { readonly kind: 'run'; readonly command: string };

const changes = { '@': 'only', '+': 'add', '-': 'remove' } as const;

/** Takes a line for an order about the session, or else for a command. No command of a shell begins with `@`, `+` or `-`. */
export function readOrder(line: string): LineOrder {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  if (text === 'quit' || text === 'exit') return { kind: 'leave' };
  if (text === '?') return { kind: 'help' };
  if (text === '=') return { kind: 'toggle-view' };
  const first = text[0]!;
  if (first === '!') return { kind: 'local', command: text.slice(1).trim() };
  if (!Object.hasOwn(changes, first)) return { kind: 'run', command: text };
  const pattern = text.slice(1).trim();
  const kind = changes[first as keyof typeof changes];
  return { kind, pattern };
}

/** What can be typed beside commands. */
export const orderLines: readonly string[] = [
  '@web          only these hosts: a group, or any pattern',
  '+node7        these too',
  '-node2        these no more',
  '=             folded answers, or lines as they come',
  '!COMMAND      run it here',
  '?             the hosts, and this list',
  'quit, Ctrl-D  the end; Ctrl-C ends the command that runs, and nothing else',
];

/** The words that may stand at the end of a line: what follows `@`, `+` and `-`. */
export function completions(
  line: string,
  names: { readonly hosts: readonly string[]; readonly groups: readonly string[] },
): [string[], string] {
  const match = /^\s*([@+-])(?:.*[,!&^\s])?(@?)([^,!&^\s]*)$/.exec(line);
  if (match === null) return [[], line];
  const [, sign, at, begun] = match as unknown as [string, string, string, string];
  const groups = names.groups.filter((name) => name.startsWith(begun)).map((name) => at + name);
  const hosts = at === '@' ? [] : names.hosts.filter((name) => name.startsWith(begun));
  const found = sign === '@' || at === '@' ? [...groups, ...hosts] : [...hosts, ...groups.map((name) => `@${name}`)];
  return [found, at + begun];
}

/** `node[1-3] (3)> `, where the names take no more than so many columns. */
export function promptFor(folded: string, count: number, columns: number): string {
  const room = Math.max(8, columns);
  const names = folded.length <= room ? folded : `${folded.slice(0, room - 1)}…`;
  return `${names} (${count})> `;
}
