/** Panes of a tmux, as the words of the commands that make them (tmux(1)). Pure. */
import { shellQuote } from '../remote/quote.ts';
import type { Size } from './layout.ts';

/** One pane: whose it is, and the words of what runs in it. */
export interface TmuxPane {
  readonly host: string;
  readonly command: readonly string[];
}

/** Smaller panes than this cannot be read. */
const smallest: Size = { width: 20, height: 3 };

/** Columns and rows of tmux's layout "tiled" (its `layout_set_tiled`). */
function tiledShape(count: number): { readonly columns: number; readonly rows: number } {
  let [columns, rows] = [1, 1];
  while (columns * rows < count) {
    rows++;
    if (columns * rows < count) columns++;
  }
  return { columns, rows };
}

function fits(count: number, { width, height }: Size): boolean {
  const { columns, rows } = tiledShape(count);
  const own = { width: Math.floor((width - (columns - 1)) / columns), height: Math.floor(height / rows) - 1 };
  return own.width >= smallest.width && own.height >= smallest.height;
}

/** Shares panes among windows of this size (without tmux's status line), in their order; each has one at least. */
export function windowsFor(panes: readonly TmuxPane[], size: Size): TmuxPane[][] {
  let most = 1;
  while (most < panes.length && fits(most + 1, size)) most++;
  return Array.from({ length: Math.ceil(panes.length / most) }, (_, index) =>
    panes.slice(index * most, (index + 1) * most),
  );
}

/** A text that tmux shows as it is: else it expands `#{...}` and `#(...)`. */
export function plainForTmux(text: string): string {
  return text.replace(/\p{Cc}/gu, '').replaceAll('#', '##');
}

/**
 * What a pane runs. Where the connection is lost (ssh ends with 255), its words stay to be read: a pane that vanished would
 * move all others. A line of its own connects again, as what is typed to all others comes here, too.
 */
export function paneProgram({ host, command }: TmuxPane): string[] {
  const script = [
    'while :; do',
    '"$@"; code=$?; [ $code -eq 255 ] || exit $code;',
    `printf '\\n%s is gone. "again" and Enter connects again, "close" and Enter closes this pane.\\n' ${shellQuote(host)};`,
    'while :; do IFS= read -r answer || exit 255;',
    'case $answer in again) break;; close) exit 255;; esac; done; done',
  ].join(' ');
  // Several words, so that no shell of the person's choice takes the first one apart.
  return ['sh', '-c', script, 'sh', ...command];
}

/** A detached session with its first window; tmux answers with the ids of window and pane. */
export function newSession(session: string, pane: TmuxPane, size: Size): string[] {
  const shape = ['-x', String(size.width), '-y', String(size.height)];
  return ['new-session', '-d', '-P', '-F', ids, '-s', session, '-n', pane.host, ...shape, ...paneProgram(pane)];
}

/** One more window of the session; answers as `newSession`. */
export function newWindow(session: string, pane: TmuxPane): string[] {
  return ['new-window', '-d', '-P', '-F', ids, '-t', `=${session}:`, '-n', pane.host, ...paneProgram(pane)];
}

/** One more pane of a window; answers as `newSession`. */
export function newPane(window: string, pane: TmuxPane): string[] {
  return ['split-window', '-d', '-P', '-F', ids, '-t', window, ...paneProgram(pane)];
}

const ids = '#{window_id} #{pane_id}';

/** Tiles a window anew: after each new pane, or there would be no room for the next one. */
export function tile(window: string): string[] {
  return ['select-layout', '-t', window, 'tiled'];
}

/** Says in a pane's border whose it is, by an option of its own: titles are what programs inside set. */
export function nameOfPane(pane: string, { host }: TmuxPane): string[] {
  return ['set-option', '-p', '-t', pane, '@host', plainForTmux(host)];
}

/** What goes for one window alone: names that stay, borders with badges, and keys for all of its panes. */
export function windowSettings(window: string): string[][] {
  const set = (name: string, value: string): string[] => ['set-option', '-w', '-t', window, name, value];
  return [
    set('automatic-rename', 'off'),
    set('allow-rename', 'off'),
    set('pane-border-status', 'top'),
    set('pane-border-format', border),
    set('synchronize-panes', 'on'),
  ];
}

/** Green and `>` while what is typed goes to all panes, blue and `-` where it goes to one. */
const border = '#{?synchronize-panes,#[fg=black]#[bg=green] > ,#[fg=black]#[bg=blue] - }#{@host} #[default]';
