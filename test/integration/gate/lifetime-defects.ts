import type { Edit } from '../../simulation/defect.ts';
import type { LifetimeCheck } from './lifetime-checks.ts';

/** One rule of the address's lifetime taken out of its source, and the check that has to see it. */
export interface LifetimeDefect {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly seenBy: LifetimeCheck;
}

const edit = (find: string, replace = ''): readonly Edit[] => [
  { file: 'supervisor/drivers/address-lifetime.ts', find, replace },
];

/** Each list: the check, and what it sees. */
const seen: readonly (readonly [LifetimeCheck, Readonly<Record<string, readonly Edit[]>>])[] = [
  [
    'armed and granted: there, and gone before what it was armed for is over, however late the kernel looks',
    {
      'kernel-taken-for-punctual': edit('export const kernelSlack = 1250;', 'export const kernelSlack = 0;'),
      'kept-longer-than-armed': edit('end: now + lifetime,', 'end: now + lifetime + 1000,'),
      'granted-for-good': edit('this.#put(placed, seconds)', 'this.#put(placed, 3600)'),
    },
  ],
  [
    'granted, and the kernel hears of it too late: taken down again',
    {
      'no-look-after-the-grant': edit(
        'const inTime = this.#now() + seconds * 1000 + kernelSlack <= armed.end;',
        'const inTime = true;',
      ),
    },
  ],
  [
    'granted what was not armed: not there',
    {
      'unarmed-is-granted': edit(
        'const armed = this.#armed.get(token);',
        'const armed = this.#armed.get(token) ?? { end: this.#now() + 9000, groups };',
      ),
    },
  ],
  [
    'an order after its deadline: refused',
    {
      'late-arms-are-obeyed': edit('    if (now > deadline) return false;\n'),
      'late-grants-are-obeyed': edit(' || this.#now() > deadline'),
    },
  ],
  [
    'closed: gone at once',
    {
      'closed-stays-there': edit(
        'const gone = await Promise.all(this.#of(groups)',
        'const gone = await Promise.all(this.#of([])',
      ),
    },
  ],
  [
    'closed while it is granted: not there, and not granted',
    {
      'close-is-overtaken': edit('    if (!groups.every((name) => armed.groups.includes(name))) return false;\n'),
    },
  ],
  [
    'started: what was there before is gone, also from lo',
    {
      'start-leaves-what-is-there': edit('    await this.release();\n'),
      'lo-keeps-it': edit("        this.#drop({ ...placed, prefix: whole(placed) }, 'lo'),\n"),
    },
  ],
  [
    'put there by somebody else: gone at the next look',
    { 'strays-stay': edit('filter(({ group }) => !this.#granted.has(group))', 'filter(() => false)') },
  ],
];

export const lifetimeDefects: readonly LifetimeDefect[] = seen.flatMap(([seenBy, defects]) =>
  Object.entries(defects).map(([name, edits]) => ({ name, edits, seenBy })),
);
