// biome-ignore-all lint/suspicious/noControlCharactersInRegex: the sequences of terminals begin with one
import { rgb } from '../../../src/shell/colour.ts';
import { Grid, plain, type Style } from '../../../src/shell/grid.ts';
import { clustersOf } from '../../../src/shell/width.ts';

const bits = [1, 2, 4, 8, 16, 0, 32, 64, 128];

/** A terminal that knows what the screen writer may use, and refuses all else. It does not wrap, as ours is told not to. */
export class TinyTerminal {
  readonly grid: Grid;
  x = 0;
  y = 0;
  cursorShown = true;
  #pen: Style = plain;

  constructor(width: number, height: number) {
    this.grid = new Grid(width, height);
  }

  write(text: string): void {
    let rest = text;
    while (rest !== '') {
      const sequence = /^\x1b\[([?\d;]*)([A-Za-z])/.exec(rest);
      const printed = /^[^\x00-\x1f\x7f]+/.exec(rest);
      if (sequence !== null) this.#control(sequence[1]!, sequence[2]!);
      else if (printed !== null) this.#print(printed[0]);
      else if (rest[0] === '\r') this.x = 0;
      else if (rest[0] === '\n' && this.y + 1 < this.grid.height) this.y++;
      else throw new Error(`not for this terminal: ${JSON.stringify(rest.slice(0, 20))}`);
      rest = rest.slice((sequence ?? printed)?.[0].length ?? 1);
    }
  }

  #print(text: string): void {
    for (const { text: shown, width } of clustersOf(text)) {
      if (this.x + width > this.grid.width) throw new Error(`"${shown}" beyond the right edge`);
      this.grid.set(this.x, this.y, shown, width, this.#pen);
      this.x += width;
    }
  }

  #control(parameters: string, final: string): void {
    const [first = 0, second = 1] = parameters.replace('?', '').split(';').map(Number);
    switch (`${parameters.startsWith('?') ? '?' : ''}${final}`) {
      case 'H':
        [this.y, this.x] = [(first || 1) - 1, second - 1];
        return;
      case 'G':
        this.x = first - 1;
        return;
      case 'C':
        if (this.x >= this.grid.width)
          throw new Error('terminals differ in where the cursor is behind the last column');
        this.x += first || 1;
        return;
      case 'K':
        this.grid.fill({ x: this.x, y: this.y, width: this.grid.width - this.x, height: 1 }, ' ', this.#blank());
        return;
      case 'J':
        this.grid.fill({ x: 0, y: 0, width: this.grid.width, height: this.grid.height }, ' ', this.#blank());
        return;
      case 'm':
        this.#select(parameters === '' ? [0] : parameters.split(';').map(Number));
        return;
      case '?h':
      case '?l':
        if (first !== 25) throw new Error(`mode ${first}`);
        this.cursorShown = final === 'h';
        return;
      default:
        throw new Error(`not for this terminal: CSI ${parameters} ${final}`);
    }
  }

  #blank(): Style {
    return { ...plain, bg: this.#pen.bg };
  }

  #select(codes: number[]): void {
    let { fg, bg, attrs } = this.#pen;
    const colour = (): number =>
      codes.shift() === 5 ? codes.shift()! : rgb(codes.shift()!, codes.shift()!, codes.shift()!);
    for (let code = codes.shift(); code !== undefined; code = codes.shift()) {
      if (code === 0) ({ fg, bg, attrs } = plain);
      else if (code < 10) attrs |= bits[code - 1]!;
      else if (code === 22) attrs &= ~3;
      else if (code < 30) attrs &= ~bits[code - 21]!;
      else if (code === 38) fg = colour();
      else if (code === 48) bg = colour();
      else if (code === 39) fg = -1;
      else if (code === 49) bg = -1;
      else if (code < 38) fg = code - 30;
      else if (code < 48) bg = code - 40;
      else if (code < 98) fg = code - 90 + 8;
      else bg = code - 100 + 8;
    }
    this.#pen = { fg, bg, attrs };
  }
}
