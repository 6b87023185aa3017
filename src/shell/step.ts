/** The many-paned terminal as a pure machine: a state and an event give a state and what is to be done. */
import { answerBrake, paste, typeBytes } from './brakes.ts';
import { editLine, emptyLine, isText } from './edit-line.ts';
import { type Action, type Keymap, keyFor } from './keymap.ts';
import { applyPattern, dropPanes, marking, runPalette } from './palette.ts';
import {
  type Editing,
  type Mode,
  only,
  paneOf,
  recipients,
  type ShellEvent,
  type ShellState,
  type Step,
} from './state.ts';

interface Key {
  readonly name: string;
  readonly bytes: string;
}

const typing: Mode = { kind: 'typing' };
/** What Ctrl-C sends to a terminal. */
const interruptByte = '\x03';

export function step(state: ShellState, event: ShellEvent, keymap: Keymap): Step {
  switch (event.kind) {
    case 'key':
      return pressed({ ...state, notice: undefined }, event, keymap);
    case 'paste':
      return pasted({ ...state, notice: undefined }, event.text);
    case 'click':
      return clicked(state, event.host, event.onTitle);
    case 'resize':
      return only({ ...state, view: { ...state.view, size: event.size } });
    case 'status': {
      const { host, status, detail } = event;
      return only({
        ...state,
        panes: state.panes.map((pane) => (pane.host === host ? { ...pane, status, detail } : pane)),
      });
    }
    case 'resolved':
      return applyPattern(state, event.verb, event.panes);
    case 'send': {
      const open = Object.entries(event.texts).filter(([host]) => paneOf(state, host)?.status === 'open');
      return { state, effects: open.map(([host, text]) => ({ kind: 'send', hosts: [host], bytes: text })) };
    }
    case 'notice':
      return only({ ...state, notice: event.text });
  }
}

function pressed(state: ShellState, key: Key, keymap: Keymap): Step {
  const direct = keymap.direct[key.name];
  // Panic comes through whatever is asked just now.
  if (direct === 'aim-nobody') return act(state, direct, keymap);
  switch (state.mode.kind) {
    case 'paste':
    case 'unlock':
    case 'canary':
      return answerBrake(state, key);
    case 'palette':
    case 'search':
      return edited(state, state.mode.kind, state.mode.editing, key);
    case 'help':
      return helped(state, state.mode.from, key);
    case 'leave':
      if (key.name !== 'y' && key.name !== 'Y') return only({ ...state, mode: typing });
      return { state: { ...state, mode: typing }, effects: [{ kind: 'leave' }] };
    case 'prefix': {
      const action = keymap.behindPrefix[key.name];
      const back = { ...state, mode: typing };
      if (action !== undefined) return act(back, action, keymap, key);
      const help = keyFor(keymap, 'help');
      return only({
        ...back,
        notice: `${keymap.prefix} ${key.name} is no key of ours${help ? `; ${help} lists all` : ''}`,
      });
    }
    case 'typing':
      if (key.name === keymap.prefix) return only({ ...state, mode: { kind: 'prefix' } });
      if (direct !== undefined) return act(state, direct, keymap, key);
      return typeBytes(state, key.bytes);
  }
}

function pasted(state: ShellState, text: string): Step {
  const { mode } = state;
  // A question is answered by a key, never by what happens to be in the clipboard.
  if (mode.kind === 'typing' || mode.kind === 'prefix') return paste({ ...state, mode: typing }, text);
  if (mode.kind !== 'palette' && mode.kind !== 'search') return { state, effects: [{ kind: 'bell' }] };
  const line = text.split(/\r|\n/, 1)[0]!.replace(/\p{Cc}/gu, '');
  const joined = mode.editing.text + line;
  return only({ ...state, mode: { kind: mode.kind, editing: { text: joined, back: 0, typed: joined } } });
}

function clicked(state: ShellState, host: string, onTitle: boolean): Step {
  const pane = paneOf(state, host);
  if (pane === undefined) return only(state);
  const focused = { ...state, focus: host };
  if (!onTitle) return only(focused);
  return only(marking(focused, (other) => (other.host === host ? !other.marked : other.marked)));
}

function edited(state: ShellState, kind: 'palette' | 'search', editing: Editing, key: Key): Step {
  const to = editLine(editing, key, kind === 'palette' ? state.history : []);
  if (to === 'nothing') return only(state);
  const back = { ...state, mode: typing };
  if (to === 'cancel') return only(back);
  if (to !== 'enter') return only({ ...state, mode: { kind, editing: to.editing } });
  const line = editing.text;
  if (line.trim() === '') return only(back);
  if (kind === 'search') return { state: back, effects: [{ kind: 'search', text: line }] };
  const history = [...state.history.filter((other) => other !== line), line];
  const done = runPalette({ ...back, history }, line);
  return { state: done.state, effects: [{ kind: 'remember', line }, ...done.effects] };
}

function helped(state: ShellState, from: number, { name, bytes }: Key): Step {
  const to = (line: number): Step => only({ ...state, mode: { kind: 'help', from: Math.max(0, line) } });
  const page = Math.max(1, state.view.size.height - 3);
  if (name === 'Down') return to(from + 1);
  if (name === 'Up') return to(from - 1);
  if (name === 'PageDown' || name === 'Space') return to(from + page);
  if (name === 'PageUp') return to(from - page);
  return isText(bytes) || ['Enter', 'Escape', 'C-c'].includes(name) ? only({ ...state, mode: typing }) : only(state);
}

function act(state: ShellState, action: Action, keymap: Keymap, key?: Key): Step {
  const { view, focus, panes } = state;
  const seen = (changes: Partial<ShellState['view']>): Step => only({ ...state, view: { ...view, ...changes } });
  switch (action) {
    case 'aim-all':
      return only({ ...state, aim: 'all' });
    case 'aim-marked':
      return only({ ...state, aim: 'marked' });
    case 'aim-one':
      return only({ ...state, aim: 'one' });
    case 'aim-nobody': {
      const canary = { ...state.canary, typed: '', first: undefined };
      const notice = `keys go to nobody until ${keyFor(keymap, 'aim-all') ?? 'you aim again'}`;
      return only({ ...state, aim: 'nobody', mode: typing, canary, notice });
    }
    case 'toggle-mark':
      return only(marking(state, ({ host, marked }) => (host === focus ? !marked : marked)));
    case 'toggle-all':
      return only(marking(state, ({ marked }) => !marked));
    case 'next-pane':
      return only(moveFocus(state, 1));
    case 'previous-pane':
      return only(moveFocus(state, -1));
    case 'next-page':
      return seen({ page: view.page + 1 });
    case 'previous-page':
      return seen({ page: Math.max(0, view.page - 1) });
    case 'zoom':
      return seen({ zoomed: !view.zoomed });
    case 'fold':
      return seen({ folded: !view.folded, page: 0 });
    case 'more-columns':
      return seen({ columns: Math.min(99, (view.columns ?? 1) + 1) });
    case 'fewer-columns':
      return seen({ columns: Math.max(1, (view.columns ?? 2) - 1) });
    case 'retile':
      return seen({ columns: undefined });
    case 'scroll-up':
    case 'scroll-down': {
      const pages = action === 'scroll-up' ? -1 : 1;
      return { state, effects: focus === undefined ? [] : [{ kind: 'scroll', host: focus, pages }] };
    }
    case 'search':
    case 'palette':
      return only({ ...state, mode: { kind: action, editing: emptyLine } });
    case 'insert-name': {
      const hosts = recipients(state);
      return hosts.length === 0 ? typeBytes(state, '') : runPalette(state, 'type %h');
    }
    case 'canary': {
      const on = !state.canary.on;
      const notice = on
        ? 'canary: what you type goes to one; after Enter, Enter again gives it to the rest'
        : 'no canary';
      return only({ ...state, canary: { on, typed: '', first: undefined }, notice });
    }
    case 'interrupt-all': {
      const hosts = panes.filter(({ status }) => status === 'open').map(({ host }) => host);
      return { state, effects: [{ kind: 'send', hosts, bytes: interruptByte }] };
    }
    case 'reconnect':
      return reconnect(state, (host) => host === focus);
    case 'reconnect-gone':
      return reconnect(state, () => true);
    case 'drop':
      return focus === undefined ? only(state) : dropPanes(state, [focus]);
    case 'help':
      return only({ ...state, mode: { kind: 'help', from: 0 } });
    case 'send-prefix':
      return typeBytes(state, key?.bytes ?? '');
    case 'leave':
      return only({ ...state, mode: { kind: 'leave' } });
  }
}

function moveFocus(state: ShellState, by: 1 | -1): ShellState {
  const { panes, focus } = state;
  if (panes.length === 0) return state;
  const at = panes.findIndex(({ host }) => host === focus);
  return { ...state, focus: panes[(at + by + panes.length) % panes.length]!.host };
}

/** Only what is not open: a connection that works is nobody's to cut by a slip. */
function reconnect(state: ShellState, wanted: (host: string) => boolean): Step {
  const closed = state.panes.filter(({ status }) => status === 'gone' || status === 'ended');
  const hosts = closed.map(({ host }) => host).filter(wanted);
  if (hosts.length === 0) return only({ ...state, notice: 'nothing to connect: it is open' });
  const panes = state.panes.map((pane) =>
    hosts.includes(pane.host) ? { ...pane, status: 'connecting' as const, detail: undefined } : pane,
  );
  return { state: { ...state, panes }, effects: [{ kind: 'connect', hosts }] };
}
