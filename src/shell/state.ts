/** What the many-paned terminal knows, what can happen to it, and what it then wants done. */
import type { Size } from './layout.ts';

/** `gone`: the connection was lost, or never made; `ended`: its shell has. */
export type PaneStatus = 'connecting' | 'open' | 'ended' | 'gone';

export interface Pane {
  readonly host: string;
  readonly status: PaneStatus;
  /** Why it is gone, or how it ended. */
  readonly detail?: string | undefined;
  readonly marked: boolean;
  /** The groups marked `protected: true` that this host is in. */
  readonly protectedBy: readonly string[];
}

/** Whom keys go to. */
export type Aim = 'all' | 'marked' | 'one' | 'nobody';

/** What was typed or pasted, and who was meant. */
export interface Pending {
  readonly hosts: readonly string[];
  readonly bytes: string;
  readonly paste: boolean;
}

/** A line that is typed for us and not for the hosts. */
export interface Editing {
  readonly text: string;
  /** The entry of the history that is shown, counted from the last one; 0: what is typed. */
  readonly back: number;
  readonly typed: string;
}

/** What the next key means. */
export type Mode =
  | { readonly kind: 'typing' }
  | { readonly kind: 'prefix' }
  | { readonly kind: 'help'; readonly from: number }
  /** How many hosts and lines: shown before a paste goes. */
  | { readonly kind: 'paste'; readonly pending: Pending; readonly lines: number }
  /** The group's name has to be typed before something goes to its hosts. */
  | { readonly kind: 'unlock'; readonly group: string; readonly typed: string; readonly pending: Pending }
  /** One has what was typed; Enter gives it to the others. */
  | { readonly kind: 'canary'; readonly first: string; readonly rest: readonly string[]; readonly bytes: string }
  | { readonly kind: 'palette' | 'search'; readonly editing: Editing }
  | { readonly kind: 'leave' };

export interface ShellState {
  readonly panes: readonly Pane[];
  readonly aim: Aim;
  readonly focus: string | undefined;
  readonly mode: Mode;
  /** What is typed goes to the focused host first; `typed` is what it has had since the last Enter. */
  readonly canary: { readonly on: boolean; readonly typed: string; readonly first: string | undefined };
  /** Groups whose name was typed. */
  readonly unlocked: readonly string[];
  readonly view: {
    readonly size: Size;
    readonly folded: boolean;
    readonly zoomed: boolean;
    readonly page: number;
    readonly columns: number | undefined;
  };
  /** What was entered into the palette, the newest last. */
  readonly history: readonly string[];
  /** One line for the person; the next key clears it. */
  readonly notice: string | undefined;
}

export type PatternVerb = 'add' | 'drop' | 'mark' | 'unmark' | 'only';

export type ShellEvent =
  | { readonly kind: 'key'; readonly name: string; readonly bytes: string }
  | { readonly kind: 'paste'; readonly text: string }
  /** A pane was clicked: into its title, or into what it shows. */
  | { readonly kind: 'click'; readonly host: string; readonly onTitle: boolean }
  | { readonly kind: 'resize'; readonly size: Size }
  | {
      readonly kind: 'status';
      readonly host: string;
      readonly status: PaneStatus;
      readonly detail?: string | undefined;
    }
  /** What a pattern of the palette meant. */
  | {
      readonly kind: 'resolved';
      readonly verb: PatternVerb;
      readonly panes: readonly Pick<Pane, 'host' | 'protectedBy'>[];
    }
  /** Text with macros, filled in for each host, or a file that was read. */
  | { readonly kind: 'send'; readonly texts: Readonly<Record<string, string>> }
  | { readonly kind: 'notice'; readonly text: string };

export type ShellEffect =
  /** Bytes as keys would send them. */
  | { readonly kind: 'send'; readonly hosts: readonly string[]; readonly bytes: string }
  /** Goes in brackets where the program inside asked for that. */
  | { readonly kind: 'paste'; readonly hosts: readonly string[]; readonly text: string }
  | { readonly kind: 'fill'; readonly hosts: readonly string[]; readonly text: string }
  | { readonly kind: 'snippet'; readonly hosts: readonly string[]; readonly file: string }
  | { readonly kind: 'resolve'; readonly verb: PatternVerb; readonly pattern: string }
  | { readonly kind: 'connect'; readonly hosts: readonly string[] }
  | { readonly kind: 'close'; readonly hosts: readonly string[] }
  | { readonly kind: 'scroll'; readonly host: string; readonly pages: number }
  | { readonly kind: 'search'; readonly text: string }
  | { readonly kind: 'remember'; readonly line: string }
  | { readonly kind: 'bell' }
  | { readonly kind: 'leave' };

export interface Step {
  readonly state: ShellState;
  readonly effects: readonly ShellEffect[];
}

export function begin(
  hosts: readonly Pick<Pane, 'host' | 'protectedBy'>[],
  size: Size,
  more: { readonly history?: readonly string[]; readonly notice?: string } = {},
): ShellState {
  return {
    panes: hosts.map((pane) => ({ ...pane, status: 'connecting', marked: false })),
    aim: 'all',
    focus: hosts[0]?.host,
    mode: { kind: 'typing' },
    canary: { on: false, typed: '', first: undefined },
    unlocked: [],
    view: { size, folded: true, zoomed: false, page: 0, columns: undefined },
    history: more.history ?? [],
    notice: more.notice,
  };
}

/** Nothing to be done. */
export function only(state: ShellState): Step {
  return { state, effects: [] };
}

export function paneOf(state: ShellState, host: string | undefined): Pane | undefined {
  return state.panes.find((pane) => pane.host === host);
}

/** The hosts that keys go to just now: only those whose pane is open. */
export function recipients(state: ShellState): string[] {
  const { aim, focus, panes } = state;
  if (aim === 'nobody') return [];
  return panes
    .filter(({ host, marked, status }) => {
      if (status !== 'open') return false;
      return aim === 'all' || (aim === 'marked' ? marked : host === focus);
    })
    .map(({ host }) => host);
}

/** A protected group of these hosts whose name was not typed yet. */
export function lockedGroup(state: ShellState, hosts: readonly string[]): string | undefined {
  return state.panes
    .filter(({ host }) => hosts.includes(host))
    .flatMap(({ protectedBy }) => protectedBy)
    .find((group) => !state.unlocked.includes(group));
}
