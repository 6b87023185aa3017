/** The commands that are entered behind `prefix :`. Pure. */
import { nearest } from '../base/nearest.ts';
import { lockedGroup, only, type PatternVerb, paneOf, recipients, type ShellState, type Step } from './state.ts';

/** Each with what stands behind it, and what it does. */
export const paletteCommands = {
  add: ['PATTERN', 'open more hosts'],
  drop: ['PATTERN', 'close hosts'],
  mark: ['PATTERN', 'mark hosts'],
  unmark: ['PATTERN', 'mark them no more'],
  only: ['PATTERN', 'mark these and no others, and keys go to them'],
  send: ['TEXT', 'type a text and Enter; %h %u %n %{variable} are filled in for each host'],
  type: ['TEXT', 'the same without Enter'],
  snippet: ['FILE', 'type the lines of a file here'],
  edit: ['PATH', "open the same file in each host's editor"],
  columns: ['[N]', 'so many columns of panes; without a number by themselves'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

type Verb = keyof typeof paletteCommands;

const patternVerbs: ReadonlySet<string> = new Set<PatternVerb>(['add', 'drop', 'mark', 'unmark', 'only']);

/** Carries one line out. What is wrong with it becomes a notice. */
export function runPalette(state: ShellState, line: string): Step {
  const [, word = '', rest = ''] = /^\s*(\S*)\s?(.*)$/s.exec(line) ?? [];
  if (word === '') return only(state);
  const notice = (text: string): Step => only({ ...state, notice: text });
  if (!Object.hasOwn(paletteCommands, word)) {
    const near = nearest(word, Object.keys(paletteCommands));
    return notice(
      `"${word}" is no command${near === undefined ? `: ${Object.keys(paletteCommands).join(', ')}` : `, did you mean ${near}?`}`,
    );
  }
  const verb = word as Verb;
  const [argument] = paletteCommands[verb];
  if (rest.trim() === '' && !argument.startsWith('['))
    return notice(`${verb} ${argument}: ${paletteCommands[verb][1]}`);
  if (patternVerbs.has(verb)) {
    return { state, effects: [{ kind: 'resolve', verb: verb as PatternVerb, pattern: rest.trim() }] };
  }
  if (verb === 'columns') return columns(state, rest.trim());
  const hosts = recipients(state);
  if (hosts.length === 0) return notice('no open pane is meant');
  const locked = lockedGroup(state, hosts);
  if (locked !== undefined) return notice(`group ${locked} is protected: type one key to it first, and its name`);
  switch (verb) {
    case 'snippet':
      return { state, effects: [{ kind: 'snippet', hosts, file: rest.trim() }] };
    case 'edit':
      return { state, effects: [{ kind: 'fill', hosts, text: `\${VISUAL:-\${EDITOR:-vi}} ${rest.trim()}\r` }] };
    default:
      return { state, effects: [{ kind: 'fill', hosts, text: verb === 'send' ? `${rest}\r` : rest }] };
  }
}

function columns(state: ShellState, text: string): Step {
  const count = text === '' ? undefined : Number(text);
  if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= 99)) {
    return only({ ...state, notice: 'columns N: a number from 1 to 99' });
  }
  return only({ ...state, view: { ...state.view, columns: count } });
}

/** What a pattern meant: hosts of the inventory for `add`, and those among the panes for the others. */
export function applyPattern(
  state: ShellState,
  verb: PatternVerb,
  named: readonly { readonly host: string; readonly protectedBy: readonly string[] }[],
): Step {
  const names = new Set(named.map(({ host }) => host));
  const known = state.panes.filter(({ host }) => names.has(host)).map(({ host }) => host);
  if (verb !== 'add' && known.length === 0) return only({ ...state, notice: 'none of these has a pane' });
  switch (verb) {
    case 'add': {
      const fresh = named.filter(({ host }) => paneOf(state, host) === undefined);
      if (fresh.length === 0) return only({ ...state, notice: 'all of these have a pane already' });
      const panes = [
        ...state.panes,
        ...fresh.map((pane) => ({ ...pane, status: 'connecting' as const, marked: false })),
      ];
      const focus = state.focus ?? panes[0]?.host;
      return {
        state: { ...state, panes, focus },
        effects: [{ kind: 'connect', hosts: fresh.map(({ host }) => host) }],
      };
    }
    case 'drop':
      return dropPanes(state, known);
    case 'mark':
    case 'unmark':
      return only(marking(state, (pane) => (names.has(pane.host) ? verb === 'mark' : pane.marked)));
    case 'only':
      return only({ ...marking(state, (pane) => names.has(pane.host)), aim: 'marked' });
  }
}

export function marking(state: ShellState, marked: (pane: ShellState['panes'][number]) => boolean): ShellState {
  return { ...state, panes: state.panes.map((pane) => ({ ...pane, marked: marked(pane) })) };
}

/** Closes panes; the focus goes to the one behind, and with the last pane everything ends. */
export function dropPanes(state: ShellState, hosts: readonly string[]): Step {
  const gone = new Set(hosts);
  const panes = state.panes.filter(({ host }) => !gone.has(host));
  const at = state.panes.findIndex(({ host }) => host === state.focus);
  const kept = state.panes.slice(at).find(({ host }) => !gone.has(host)) ?? panes.at(-1);
  const close = { kind: 'close', hosts } as const;
  if (panes.length === 0) return { state: { ...state, panes, focus: undefined }, effects: [close, { kind: 'leave' }] };
  return { state: { ...state, panes, focus: kept?.host }, effects: [close] };
}
