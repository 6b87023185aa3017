/**
 * Colours of cells as numbers, and the parameters of SGR (ECMA-48, 8.3.117; ISO 8613-6 for 38 and 48) that set them.
 * A colour is -1 (the terminal's own), 0 to 255 (xterm's palette), or `rgb(r, g, b)`.
 */

export const ownColour = -1;
const rgbBase = 0x1000000;

/** How many colours the terminal has; 0: none. */
export type ColourDepth = 0 | 16 | 256 | 'rgb';

export function rgb(red: number, green: number, blue: number): number {
  return rgbBase + (red << 16) + (green << 8) + blue;
}

/** What a terminal says that it can do: NO_COLOR, COLORTERM and TERM, as no-color.org and the terminals' habits have it. */
export function depthFor(environment: Readonly<Record<string, string | undefined>>): ColourDepth {
  const { NO_COLOR: none = '', COLORTERM: more = '', TERM: term = '' } = environment;
  if (none !== '' || term === 'dumb' || /^vt\d+/.test(term)) return 0;
  if (/^(truecolor|24bit)$/i.test(more) || /-direct$/.test(term)) return 'rgb';
  return /256color/.test(term) ? 256 : 16;
}

/** The first sixteen as xterm shows them; others differ, but not by much. */
const first16: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];
const cubeLevels = [0, 95, 135, 175, 215, 255] as const;

function partsOf(colour: number): readonly [number, number, number] {
  if (colour >= rgbBase) return [(colour >> 16) & 0xff, (colour >> 8) & 0xff, colour & 0xff];
  if (colour < 16) return first16[colour]!;
  if (colour >= 232) return [8 + (colour - 232) * 10, 8 + (colour - 232) * 10, 8 + (colour - 232) * 10];
  const index = colour - 16;
  return [cubeLevels[Math.floor(index / 36)]!, cubeLevels[Math.floor(index / 6) % 6]!, cubeLevels[index % 6]!];
}

function distance(left: number, right: number): number {
  const [a, b] = [partsOf(left), partsOf(right)];
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}

function nearestOf(colour: number, first: number, last: number): number {
  let best = first;
  for (let candidate = first; candidate <= last; candidate++) {
    if (distance(colour, candidate) < distance(colour, best)) best = candidate;
  }
  return best;
}

const nearest = new Map<string, number>();

/** The colour that comes nearest among those that the terminal has. */
export function withinDepth(colour: number, depth: ColourDepth): number {
  if (colour === ownColour || depth === 'rgb') return colour;
  if (depth === 0) return ownColour;
  if (colour < depth) return colour;
  const key = `${depth} ${colour}`;
  let found = nearest.get(key);
  if (found === undefined) {
    // Not the first sixteen where there are more: people choose those themselves.
    found = depth === 256 ? nearestOf(colour, 16, 255) : nearestOf(colour, 0, 15);
    if (nearest.size > 4096) nearest.clear();
    nearest.set(key, found);
  }
  return found;
}

/** Parameters that set the foreground, or with `background` the other one. */
export function colourParameters(colour: number, background: boolean): string {
  const base = background ? 10 : 0;
  if (colour === ownColour) return String(39 + base);
  if (colour < 8) return String(30 + base + colour);
  if (colour < 16) return String(90 + base + colour - 8);
  if (colour < 256) return `${38 + base};5;${colour}`;
  return `${38 + base};2;${partsOf(colour).join(';')}`;
}
