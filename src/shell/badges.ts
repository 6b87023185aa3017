/** What is always to be seen: whom keys go to. Pure. */
import { foldHosts } from '../base/host-range.ts';
import type { PaneGroup } from './fold.ts';
import { attributes, type Style, style } from './grid.ts';
import { type Keymap, keyFor } from './keymap.ts';
import { type Pane, recipients, type ShellState } from './state.ts';
import { cutText } from './width.ts';

/** `>` gets keys, `>*` gets them and is marked, `*` is marked and gets none, `!` is gone, `.` connects, `x` has ended. */
export function badgeOf(state: ShellState, pane: Pane): string {
  const mark = pane.marked ? '*' : '';
  if (pane.status !== 'open') return { connecting: '.', gone: '!', ended: 'x' }[pane.status] + mark;
  return (recipients(state).includes(pane.host) ? '>' : '-') + mark;
}

const black = 0;
const colours = { red: 1, green: 2, yellow: 3, blue: 4, grey: 8 } as const;

/** The colour of a pane's title: whoever gets keys is green, and red where that is protected. */
export function titleStyle(state: ShellState, panes: readonly Pane[]): Style {
  const getting = new Set(recipients(state));
  const some = panes.some(({ host }) => getting.has(host));
  const guarded = panes.some(({ protectedBy }) => protectedBy.length > 0);
  const gone = panes.every(({ status }) => status !== 'open');
  const bg = gone ? colours.grey : some ? (guarded ? colours.red : colours.green) : colours.blue;
  const attrs = panes.some(({ host }) => host === state.focus) ? attributes.bold | attributes.underline : 0;
  return style({ fg: black, bg, attrs });
}

/** `> node1 (1)`, `> 11 node[1-11]`, with what differs told in words where a host is not open. */
export function titleText(state: ShellState, group: PaneGroup, columns: number): string {
  const panes = group.hosts.flatMap((host) => state.panes.find((pane) => pane.host === host) ?? []);
  const badges = [...new Set(panes.map((pane) => badgeOf(state, pane)))].join('');
  const count = panes.length > 1 ? `${panes.length} ` : '';
  const guard = [...new Set(panes.flatMap(({ protectedBy }) => protectedBy))];
  const locks = guard.map((name) => ` [${name}]`).join('');
  const detail = panes.length === 1 && panes[0]!.detail !== undefined ? `: ${panes[0]!.detail}` : '';
  return cutText(` ${badges} ${count}${foldHosts(group.hosts)}${locks}${detail} `, columns);
}

/** `keys to 3 of 5: node[1-3]`. */
export function aimText(state: ShellState): string {
  const hosts = recipients(state);
  const of = `${hosts.length} of ${state.panes.length}`;
  const word = { all: 'all', marked: 'marked', one: 'one', nobody: 'NOBODY' }[state.aim];
  const names = state.aim === 'all' || hosts.length === 0 ? '' : `: ${foldHosts(hosts)}`;
  return `keys to ${word}, ${of}${names}`;
}

/** The bottom line: a question where one is open, else whom keys go to, how it is, and the key for help. */
export function statusLine(
  state: ShellState,
  keymap: Keymap,
  pages: { readonly page: number; readonly pages: number },
): string {
  const question = questionOf(state);
  if (question !== undefined) return question;
  const parts = [aimText(state)];
  const gone = state.panes.filter(({ status }) => status === 'gone' || status === 'ended').length;
  const connecting = state.panes.filter(({ status }) => status === 'connecting').length;
  if (state.canary.on) parts.push('CANARY');
  if (gone > 0) parts.push(`${gone} gone`);
  if (connecting > 0) parts.push(`${connecting} connecting`);
  if (pages.pages > 1) parts.push(`page ${pages.page + 1}/${pages.pages}`);
  if (state.view.zoomed) parts.push('zoomed');
  const help = keyFor(keymap, 'help');
  parts.push(state.notice ?? (help === undefined ? '' : `${help} keys`));
  return parts.filter((part) => part !== '').join(' | ');
}

/** What is asked just now; undefined: nothing. */
export function questionOf({ mode }: ShellState): string | undefined {
  const hosts = (count: number): string => (count === 1 ? '1 host' : `${count} hosts`);
  switch (mode.kind) {
    case 'paste': {
      const lines = mode.lines === 1 ? '1 line' : `${mode.lines} lines`;
      return `Paste ${lines} to ${hosts(mode.pending.hosts.length)} (${foldHosts(mode.pending.hosts)})? y: yes, any other key: no`;
    }
    case 'unlock':
      return `Group ${mode.group} is protected. Its name, then Enter (Escape: send nothing): ${mode.typed}`;
    case 'canary':
      return `${mode.first} has it. Enter: to the other ${hosts(mode.rest.length)}, any other key: to nobody else`;
    case 'palette':
      return `:${mode.editing.text}`;
    case 'search':
      return `/${mode.editing.text}`;
    case 'leave':
      return 'Close all panes? y: yes, any other key: no';
    case 'prefix':
      return 'prefix: ';
    default:
      return undefined;
  }
}
