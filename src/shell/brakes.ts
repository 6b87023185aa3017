/** What holds a slip of the finger up before it reaches many hosts. Pure. */
import { lockedGroup, type Mode, only, type Pending, recipients, type ShellState, type Step } from './state.ts';

const typing: Mode = { kind: 'typing' };

/** Keys for the hosts, as the aim says, past the brakes. */
export function typeBytes(state: ShellState, bytes: string): Step {
  const hosts = recipients(state);
  if (hosts.length === 0) return only({ ...state, notice: nobody(state) });
  return admit(state, { hosts, bytes, paste: false });
}

/** A paste is shown first: how many hosts, how many lines. One line for one host is as if it was typed. */
export function paste(state: ShellState, text: string): Step {
  const hosts = recipients(state);
  if (hosts.length === 0) return only({ ...state, notice: nobody(state) });
  const lines = linesOf(text);
  const pending: Pending = { hosts, bytes: text, paste: true };
  if (hosts.length === 1 && lines === 1 && !/[\r\n]/.test(text)) return admit(state, pending);
  return only({ ...state, mode: { kind: 'paste', pending, lines } });
}

function nobody(state: ShellState): string {
  const why = { nobody: 'keys go to nobody', marked: 'no open pane is marked', one: 'this pane is not open' } as const;
  return state.aim === 'all' ? 'no pane is open' : why[state.aim];
}

/** Lines of a text; one that ends without a line feed counts, too. */
export function linesOf(text: string): number {
  return text.replace(/(\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/).length;
}

/** Past the locks of protected groups, and past the canary. */
export function admit(state: ShellState, pending: Pending): Step {
  // Who was meant may have gone meanwhile.
  const open = pending.hosts.filter((host) => state.panes.some((pane) => pane.host === host && pane.status === 'open'));
  const meant = { ...pending, hosts: open };
  const group = lockedGroup(state, open);
  if (group !== undefined) return only({ ...state, mode: { kind: 'unlock', group, typed: '', pending: meant } });
  const released = { ...state, mode: typing };
  if (open.length === 0) return only(released);
  return state.canary.on && open.length > 1 ? toCanary(released, meant) : give(released, meant);
}

function give(state: ShellState, { hosts, bytes, paste }: Pending): Step {
  return { state, effects: [paste ? { kind: 'paste', hosts, text: bytes } : { kind: 'send', hosts, bytes }] };
}

/** To the first host alone, until a line is whole; then the others wait for a word. */
function toCanary(state: ShellState, pending: Pending): Step {
  const { canary, focus } = state;
  const known = canary.first !== undefined && pending.hosts.includes(canary.first) ? canary.first : undefined;
  const first = known ?? (focus !== undefined && pending.hosts.includes(focus) ? focus : pending.hosts[0]!);
  const { effects } = give(state, { ...pending, hosts: [first] });
  const bytes = (known === undefined ? '' : canary.typed) + pending.bytes;
  if (!/[\r\n]/.test(pending.bytes)) {
    return { state: { ...state, canary: { on: true, typed: bytes, first } }, effects };
  }
  const rest = pending.hosts.filter((host) => host !== first);
  const cleared = { ...state, canary: { on: true, typed: '', first: undefined } };
  return { state: { ...cleared, mode: { kind: 'canary', first, rest, bytes } }, effects };
}

/** A key while one of the brakes holds. */
export function answerBrake(state: ShellState, key: { readonly name: string; readonly bytes: string }): Step {
  const { mode } = state;
  const released = { ...state, mode: typing };
  const dropped = (what: string): Step => only({ ...released, notice: what });
  switch (mode.kind) {
    case 'paste':
      if (key.name === 'y' || key.name === 'Y') return admit(released, mode.pending);
      return dropped('nothing was pasted');
    case 'canary': {
      if (key.name !== 'Enter') return dropped(`only ${mode.first} has it`);
      const open = mode.rest.filter((host) => state.panes.some((pane) => pane.host === host && pane.status === 'open'));
      if (open.length === 0) return only(released);
      return { state: released, effects: [{ kind: 'send', hosts: open, bytes: mode.bytes }] };
    }
    case 'unlock':
      return unlock(state, mode, key);
    default:
      return only(state);
  }
}

function unlock(
  state: ShellState,
  mode: Extract<Mode, { kind: 'unlock' }>,
  { name, bytes }: { readonly name: string; readonly bytes: string },
): Step {
  const edited = (typed: string): Step => only({ ...state, mode: { ...mode, typed } });
  if (name === 'Backspace') return edited(mode.typed.slice(0, -1));
  if (name === 'Escape' || name === 'C-c') return only({ ...state, mode: typing, notice: 'nothing was sent' });
  if (name === 'Enter') {
    if (mode.typed !== mode.group) {
      return only({ ...state, mode: typing, notice: `"${mode.typed}" is not the name of the group: nothing was sent` });
    }
    return admit({ ...state, mode: typing, unlocked: [...state.unlocked, mode.group] }, mode.pending);
  }
  return /^[ -~]$/.test(bytes) ? edited(mode.typed + bytes) : only(state);
}
