import type { Editing } from './state.ts';
import { clustersOf } from './width.ts';

export const emptyLine: Editing = { text: '', back: 0, typed: '' };

/** What one key makes of a line: another line, or its end. */
export type Edited = { readonly editing: Editing } | 'enter' | 'cancel' | 'nothing';

/** A line with a history (the newest last): letters, Backspace, C-u, C-w, and Up and Down through what begins as typed. */
export function editLine(
  editing: Editing,
  key: { readonly name: string; readonly bytes: string },
  history: readonly string[],
): Edited {
  const to = (text: string): Edited => ({ editing: { text, back: 0, typed: text } });
  switch (key.name) {
    case 'Enter':
      return 'enter';
    case 'Escape':
    case 'C-c':
      return 'cancel';
    case 'Backspace':
    case 'C-h':
      return editing.text === '' ? 'cancel' : to(withoutLast(editing.text));
    case 'C-u':
      return to('');
    case 'C-w':
      return to(editing.text.replace(/\S*\s*$/, ''));
    case 'Up':
      return walk(editing, history, 1);
    case 'Down':
      return walk(editing, history, -1);
    default:
      return isText(key.bytes) ? to(editing.text + key.bytes) : 'nothing';
  }
}

/** Whether bytes are characters that show, not a control sequence. */
export function isText(bytes: string): boolean {
  return bytes !== '' && !/\p{Cc}/u.test(bytes);
}

function withoutLast(text: string): string {
  const last = clustersOf(text).at(-1)?.text ?? '';
  return text.slice(0, text.length - last.length);
}

/** `back` counts the entries that begin as typed, from the newest. */
function walk(editing: Editing, history: readonly string[], step: 1 | -1): Edited {
  const fitting = history.filter((line) => line.startsWith(editing.typed)).reverse();
  const back = editing.back + step;
  if (back < 0 || back > fitting.length) return 'nothing';
  const text = back === 0 ? editing.typed : fitting[back - 1]!;
  return { editing: { text, back, typed: editing.typed } };
}
