import { nearest } from '../base/nearest.ts';
import { type MistakeList, mistakeList, rawLines, type Token, throwMistakes } from '../linux-ha/lines.ts';
import type { Inventory, Scalar } from '../model/inventory.ts';
import { ansibleConnection, expandAnsibleRange } from './ansible-variables.ts';
import { findCircle, type InventoryTree, reservedGroup, resolveTree, treeGroup, treeHost } from './tree.ts';

type SectionKind = 'hosts' | 'vars' | 'children';

interface State {
  readonly tree: InventoryTree;
  readonly list: MistakeList;
  /** Where children and groups with variables are named, to say so where no section defines them. */
  readonly mentions: { readonly name: string; readonly at: { line: number; column: number } }[];
  readonly defined: Set<string>;
  group: string;
  kind: SectionKind;
}

/** Words of a line, as a shell would split it: quotes keep blanks together, an unquoted "#" begins a comment. */
function shellWords(raw: string, line: number): Token[] | undefined {
  const tokens: Token[] = [];
  let text = '';
  let start = -1;
  let quote = '';
  for (let index = 0; index <= raw.length; index++) {
    const char = raw[index] ?? ' ';
    if (quote !== '') {
      if (index === raw.length) return undefined;
      if (char === quote) quote = '';
      else text += char === '\\' && quote === '"' && index + 1 < raw.length ? raw[++index]! : char;
    } else if (/\s/.test(char)) {
      if (start >= 0) tokens.push({ text, line, column: start + 1 });
      [text, start] = ['', -1];
    } else if (char === '#' && start < 0) {
      return tokens;
    } else {
      if (start < 0) start = index;
      if (char === '"' || char === "'") quote = char;
      else text += char;
    }
  }
  return tokens;
}

/** Ansible reads values of INI files as Python literals where they are ones. */
function literal(text: string): Scalar {
  if (/^[+-]?\d{1,15}$/.test(text)) return /^[+-]?0\d/.test(text) ? text : Number(text);
  if (/^[+-]?\d+\.\d+$/.test(text)) return Number(text);
  if (text === 'True' || text === 'False') return text === 'True';
  return text === 'None' ? null : text;
}

function readHead(raw: string, line: number, state: State): void {
  const match = /^\s*\[\s*([^\]:\s]+)\s*(?::\s*([^\]\s]+)\s*)?\]\s*([#;].*)?$/.exec(raw);
  const at = { line, column: raw.indexOf('[') + 1 };
  if (match === null) {
    state.list.add(at, `Cannot read this line as a section like [web] or [web:vars]: "${raw.trim()}"`);
    return;
  }
  const [, name, kind = 'hosts'] = match as unknown as [string, string, string?];
  if (kind !== 'hosts' && kind !== 'vars' && kind !== 'children') {
    const guess = nearest(kind, ['vars', 'children', 'hosts']);
    const column = raw.indexOf(kind, raw.indexOf(':')) + 1;
    state.list.add(
      { line, column },
      `Cannot read "${kind}" as vars or children: it is not known`,
      guess && `did you mean "${guess}"?`,
    );
    return;
  }
  const reserved = reservedGroup(name);
  if (reserved !== undefined) state.list.add({ line, column: at.column + 1 }, reserved);
  [state.group, state.kind] = [name, kind];
  treeGroup(state.tree, name);
  if (kind === 'vars') state.mentions.push({ name, at: { line, column: at.column + 1 } });
  else state.defined.add(name);
}

function readHostLine(tokens: readonly Token[], state: State): void {
  const [head, ...rest] = tokens as [Token, ...Token[]];
  const variables: Record<string, Scalar> = {};
  for (const token of rest) {
    const equals = token.text.indexOf('=');
    if (equals < 1) {
      state.list.add(token, `Cannot read "${token.text}" as a variable of "${head.text}": there is no "=" in it`);
    } else {
      variables[token.text.slice(0, equals)] = literal(token.text.slice(equals + 1));
    }
  }
  // `host:2222` is an old way to say the port; a second colon would make it an IPv6 address.
  const [, name = head.text, port] = /^([^:[\]]+(?:\[[^\]]*\][^:[\]]*)*):(\d+)$/.exec(head.text) ?? [];
  if (port !== undefined) variables.ansible_port = Number(port);
  const names = expandAnsibleRange(name);
  if (names === undefined) {
    state.list.add(head, `Cannot read "${head.text}" as a host or a range like node[1:3]: it is neither`);
    return;
  }
  for (const host of names) {
    const entry = treeHost(state.tree, host);
    entry.variables = { ...entry.variables, ...variables };
    treeGroup(state.tree, state.group).hosts.add(host);
  }
}

function readVariable(raw: string, line: number, state: State): void {
  const match = /^(\s*)([^\s=]+)\s*=\s*(.*)$/.exec(raw);
  if (match === null) {
    const column = raw.length - raw.trimStart().length + 1;
    state.list.add(
      { line, column },
      `Cannot read this line of [${state.group}:vars] as "name = value": "${raw.trim()}"`,
    );
    return;
  }
  const value = match[3]!.replace(/\s+#.*$/, '').trim();
  const quoted = /^(["'])(.*)\1$/.exec(value);
  const group = treeGroup(state.tree, state.group);
  group.variables = { ...group.variables, [match[2]!]: quoted === null ? literal(value) : quoted[2]! };
}

/** A line that names a host, or a child of the group. */
function readName(raw: string, line: number, state: State): void {
  const tokens = shellWords(raw, line);
  const head = tokens?.[0];
  if (tokens === undefined || head === undefined) {
    const column = raw.length - raw.trimStart().length + 1;
    state.list.add({ line, column }, 'Cannot read this line as a host with variables: a quote is not closed');
  } else if (state.kind === 'hosts') {
    readHostLine(tokens, state);
  } else {
    treeGroup(state.tree, state.group).children.add(head.text);
    treeGroup(state.tree, head.text);
    state.mentions.push({ name: head.text, at: head });
  }
}

function readLine(raw: string, line: number, state: State): void {
  if (/^\s*([#;].*)?$/.test(raw)) return;
  if (/^\s*\[/.test(raw) && !/^\s*\[[^\]]*\]\S/.test(raw)) readHead(raw, line, state);
  else if (state.kind === 'vars') readVariable(raw, line, state);
  else readName(raw, line, state);
}

/** Whether a text is an INI inventory rather than YAML: its first line is a section, or a host with variables. */
export function looksLikeIni(text: string): boolean {
  const first = rawLines(text).find((raw) => !/^\s*([#;].*)?$/.test(raw)) ?? '';
  return /^\s*\[[^\]]+\]\s*([#;].*)?$/.test(first) || !/^\s*([{-]|[^\s:]+\s*:(\s|$)|"[^"]*"\s*:|%)/.test(first);
}

/** Reads an Ansible INI inventory: hosts, groups and variables. Throws a `Problem` with all mistakes. */
export function readAnsibleIni(text: string, file: string): Inventory {
  const list = mistakeList(file);
  const tree: InventoryTree = { hosts: new Map(), groups: new Map() };
  const state: State = {
    tree,
    list,
    mentions: [],
    defined: new Set(['all', 'ungrouped']),
    group: 'ungrouped',
    kind: 'hosts',
  };
  for (const [index, raw] of rawLines(text).entries()) readLine(raw, index + 1, state);
  for (const { name, at } of state.mentions) {
    if (state.defined.has(name)) continue;
    const guess = nearest(name, state.defined);
    list.add(
      at,
      `Cannot use group "${name}" as a section must define it: there is no [${name}]`,
      guess && `did you mean "${guess}"?`,
    );
  }
  tree.groups.get('all')?.children.clear();
  const circle = findCircle(tree);
  if (circle !== undefined) {
    list.add(
      { line: 1, column: 1 },
      `Cannot nest group "${circle[0]}" as no group may contain itself: ${circle.join(' > ')}`,
    );
  }
  throwMistakes(list);
  return { file, ...resolveTree(tree, ansibleConnection), cluster: undefined };
}
