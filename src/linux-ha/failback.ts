/** When a group may fail back, as people write it: `on`, `off`, `after 10m`, `in 02:00-04:00`, `in Sat-Sun,Wed 22:00-04:00`. */
import { parseDuration, writeDuration } from '../base/duration.ts';
import type { Failback, FailbackWindow } from '../model/placement.ts';

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const everyDay = [0, 1, 2, 3, 4, 5, 6];
export const failbackForms = 'on, off, "after 10m", "in 02:00-04:00" or "in Sat-Sun 02:00-04:00"';

/** The failback that a text means; undefined where it means none. */
export function parseFailback(text: string): Failback | undefined {
  if (text === 'on' || text === 'off') return { kind: text };
  const [word, ...rest] = text.trim().split(/\s+/);
  if (word === 'after' && rest.length > 0) {
    const delay = parseDuration(rest.join(' '));
    // A bare number could be taken for minutes.
    return delay !== undefined && delay > 0 && /[a-z]$/i.test(text.trim()) ? { kind: 'after', delay } : undefined;
  }
  if (word !== 'in' || rest.length > 2) return undefined;
  const window = parseWindow(rest.length === 2 ? rest[0] : undefined, rest.at(-1) ?? '');
  return window === undefined ? undefined : { kind: 'window', window };
}

function parseWindow(dayText: string | undefined, times: string): FailbackWindow | undefined {
  const days = dayText === undefined ? everyDay : parseDays(dayText);
  const ends = times.split('-').map(parseTime);
  const [from, to] = ends;
  if (days === undefined || ends.length !== 2 || from === undefined || to === undefined || from === to)
    return undefined;
  return { days, from, to };
}

function parseTime(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d\d)$/.exec(text);
  const [hours, minutes] = [Number(match?.[1]), Number(match?.[2])];
  return match !== null && hours < 24 && minutes < 60 ? hours * 60 + minutes : undefined;
}

function parseDays(text: string): number[] | undefined {
  const days = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const ends = part.split('-').map((name) => dayNames.indexOf(name));
    const [from, to = from] = ends;
    if (ends.length > 2 || from === undefined || to === undefined || ends.includes(-1)) return undefined;
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === to) break;
    }
  }
  return [...days].sort();
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** The text that `parseFailback` reads back to the same. */
export function writeFailback(failback: Failback): string {
  if (failback.kind === 'on' || failback.kind === 'off') return failback.kind;
  if (failback.kind === 'after') return `after ${writeDuration(failback.delay)}`;
  const { days, from, to } = failback.window;
  const names = days.map((day) => `${dayNames[day]![0]!.toUpperCase()}${dayNames[day]!.slice(1)}`).join(',');
  return `in ${days.length === 7 ? '' : `${names} `}${clock(from)}-${clock(to)}`;
}
