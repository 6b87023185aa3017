import { InputReader } from '../../../src/shell/input.ts';
import { type Keymap, usualKeymap } from '../../../src/shell/keymap.ts';
import { begin, type Pane, type ShellEffect, type ShellEvent, type ShellState } from '../../../src/shell/state.ts';
import { step } from '../../../src/shell/step.ts';

/** The prefix key. */
export const prefix = '\x1d';
export const size = { width: 80, height: 24 };

/** A shell that is played on like a terminal, and what it wanted done. */
export class Play {
  state: ShellState;
  readonly #keymap: Keymap;
  effects: ShellEffect[] = [];

  constructor(
    hosts: readonly (string | Pick<Pane, 'host' | 'protectedBy'>)[],
    more: { history?: readonly string[]; keymap?: Keymap } = {},
  ) {
    const panes = hosts.map((host) => (typeof host === 'string' ? { host, protectedBy: [] } : host));
    this.#keymap = more.keymap ?? usualKeymap;
    this.state = begin(panes, size, { history: more.history ?? [] });
    for (const { host } of panes) this.event({ kind: 'status', host, status: 'open' });
  }

  event(event: ShellEvent): void {
    const { state, effects } = step(this.state, event, this.#keymap);
    this.state = state;
    this.effects.push(...effects);
  }

  /** What a terminal sends; what is pasted stands in its brackets. */
  feed(text: string): void {
    const reader = new InputReader();
    for (const input of [...reader.push(text), ...reader.flush()]) {
      if (input.kind !== 'mouse') this.event(input);
    }
  }

  /** The same, and what was wanted since the last time, as text. */
  keys(text: string): string[] {
    this.feed(text);
    return this.wanted();
  }

  wanted(): string[] {
    const effects = this.effects.splice(0);
    const said: string[] = [];
    for (const effect of effects) {
      const { kind, ...rest } = effect;
      const hosts = 'hosts' in rest ? rest.hosts.join(',') : '';
      const text =
        'bytes' in rest
          ? rest.bytes
          : Object.entries(rest)
              .flatMap(([key, value]) => (key === 'hosts' ? [] : [value]))
              .join(' ');
      const line = [kind, hosts, text].filter((part) => part !== '').join(' ');
      // Keys that go the same way are one.
      const before = said.at(-1);
      if (kind === 'send' && before?.startsWith(`send ${hosts} `)) said[said.length - 1] = before + text;
      else said.push(line);
    }
    return said;
  }
}
