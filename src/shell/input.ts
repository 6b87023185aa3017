// biome-ignore-all lint/suspicious/noControlCharactersInRegex: the sequences of terminals begin with one
/** What a person does at the terminal, out of the bytes that it sends (xterm's control sequences). Pure. */

/** One thing that was done. `bytes` is what a program inside would get of it. */
export type Input =
  | { readonly kind: 'key'; readonly name: string; readonly bytes: string }
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'mouse'; readonly mouse: Mouse };

export interface Mouse {
  readonly action: 'press' | 'release' | 'move' | 'wheel-up' | 'wheel-down';
  /** 0: left, 1: middle, 2: right. */
  readonly button: number;
  /** From 0. */
  readonly x: number;
  readonly y: number;
  /** As the terminal reports it: the button's number with its modifiers (SGR, 1006). */
  readonly code: number;
}

const pasteBegin = '\x1b[200~';
const pasteEnd = '\x1b[201~';

/** Keys whose bytes are a name of their own. */
const single: Readonly<Record<string, string>> = {
  '\r': 'Enter',
  '\t': 'Tab',
  '\x1b': 'Escape',
  '\x7f': 'Backspace',
  ' ': 'Space',
};

/** The last letter of CSI and SS3 sequences. */
const letters: Readonly<Record<string, string>> = {
  A: 'Up',
  B: 'Down',
  C: 'Right',
  D: 'Left',
  F: 'End',
  H: 'Home',
  P: 'F1',
  Q: 'F2',
  R: 'F3',
  S: 'F4',
  Z: 'S-Tab',
};

/** The number of sequences that end with a tilde. */
const numbers: Readonly<Record<string, string>> = {
  1: 'Home',
  2: 'Insert',
  3: 'Delete',
  4: 'End',
  5: 'PageUp',
  6: 'PageDown',
  7: 'Home',
  8: 'End',
  ...Object.fromEntries([11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24].map((code, index) => [code, `F${index + 1}`])),
};

/** `C-M-S-` as xterm's second parameter says it: a mask, and one more. */
function modifiers(parameter: string | undefined): string {
  const mask = parameter === undefined ? 0 : Number(parameter) - 1;
  return `${mask & 4 ? 'C-' : ''}${mask & 2 ? 'M-' : ''}${mask & 1 ? 'S-' : ''}`;
}

function nameOfSequence(parameters: string, final: string): string | undefined {
  const [number, modifier] = parameters.split(';');
  const name = final === '~' ? numbers[number ?? ''] : letters[final];
  return name === undefined ? undefined : modifiers(modifier) + name;
}

/** The name of a character as a key: `a`, `C-a`, `Enter`. */
function nameOfCharacter(character: string): string {
  const known = single[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0)!;
  // As people call them: C-a, and C-] for what has no letter.
  if (code === 0) return 'C-Space';
  if (code < 0x20) return `C-${String.fromCharCode(code + 0x40).toLowerCase()}`;
  return character;
}

function mouseOf(code: number, column: number, row: number, final: string): Mouse {
  const at = { x: column - 1, y: row - 1, code };
  if (code & 64) return { ...at, action: code & 1 ? 'wheel-down' : 'wheel-up', button: code & 3 };
  return { ...at, action: final === 'm' ? 'release' : code & 32 ? 'move' : 'press', button: code & 3 };
}

/** Takes what the terminal sends, in pieces that may end anywhere. */
export class InputReader {
  #held = '';
  #paste: string | undefined;

  /** All that is complete. What is not is held until more comes, or `flush` says that nothing will. */
  push(text: string): Input[] {
    this.#held += text;
    const inputs: Input[] = [];
    for (;;) {
      const input = this.#paste === undefined ? this.#next(false) : this.#endOfPaste();
      if (input === undefined) return inputs;
      if (input !== 'begun') inputs.push(input);
    }
  }

  /** True where something is held that may be a key by itself (Escape): to be flushed when nothing follows at once. */
  get waits(): boolean {
    return this.#held !== '' && this.#paste === undefined;
  }

  /** Nothing more belongs to what is held. */
  flush(): Input[] {
    const inputs: Input[] = [];
    while (this.#paste === undefined && this.#held !== '') {
      const input = this.#next(true);
      if (input === undefined) return inputs;
      if (input !== 'begun') inputs.push(input);
    }
    return inputs;
  }

  #take(length: number): string {
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }

  #endOfPaste(): Input | undefined {
    const end = this.#held.indexOf(pasteEnd);
    // The last bytes may be the beginning of the end.
    const sure = end === -1 ? Math.max(0, this.#held.length - pasteEnd.length + 1) : end;
    this.#paste += this.#take(sure);
    if (end === -1) return undefined;
    this.#take(pasteEnd.length);
    const text = this.#paste!;
    this.#paste = undefined;
    return { kind: 'paste', text };
  }

  #next(last: boolean): Input | 'begun' | undefined {
    const held = this.#held;
    if (held === '') return undefined;
    if (held[0] !== '\x1b') {
      const character = String.fromCodePoint(held.codePointAt(0)!);
      return { kind: 'key', name: nameOfCharacter(character), bytes: this.#take(character.length) };
    }
    if (held.length === 1) return last ? { kind: 'key', name: 'Escape', bytes: this.#take(1) } : undefined;
    if (held.startsWith(pasteBegin)) {
      this.#take(pasteBegin.length);
      this.#paste = '';
      return 'begun';
    }
    const mouse = /^\x1b\[<(\d+);(\d+);(\d+)([Mm])/.exec(held);
    if (mouse !== null) {
      this.#take(mouse[0].length);
      return { kind: 'mouse', mouse: mouseOf(Number(mouse[1]), Number(mouse[2]), Number(mouse[3]), mouse[4]!) };
    }
    const sequence = /^\x1b(?:O([ -~])|\[([0-?]*)[ -/]*([@-~]))/.exec(held);
    if (sequence !== null) {
      const [all, shift, parameters = '', final = shift!] = sequence;
      return { kind: 'key', name: nameOfSequence(parameters, final) ?? 'unknown', bytes: this.#take(all.length) };
    }
    // A sequence that goes on, or Alt with a key.
    if (!last && /^\x1b(?:O|\[[0-?]*[ -/]*)$/.test(held)) return undefined;
    const character = String.fromCodePoint(held.codePointAt(1)!);
    return { kind: 'key', name: `M-${nameOfCharacter(character)}`, bytes: this.#take(1 + character.length) };
  }
}
