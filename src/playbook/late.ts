/**
 * Stands for a value that only a host can tell (what a task will register), while a playbook is looked through before
 * any host is touched: every property of it is late too, and text that it gets into carries a mark.
 */
const mark = '\u0000late\u0000';

export const late: unknown = new Proxy(
  {},
  {
    get: (_target, key) => {
      if (key === Symbol.toPrimitive || key === 'toString') return () => mark;
      if (typeof key === 'symbol' || key === 'toHTML' || key === 'then') return undefined;
      return late;
    },
    has: (_target, key) => typeof key === 'string' && key !== 'toHTML' && key !== 'then',
    // Templates look at own properties only.
    getOwnPropertyDescriptor: (_target, key) =>
      typeof key === 'string' ? { configurable: true, enumerable: false, value: late } : undefined,
  },
);

/** Thrown where a decision needs a value that is not known yet. */
export class LateValue extends Error {}

/** True where a late value is in it, at any depth. */
export function isLate(value: unknown): boolean {
  if (value === late) return true;
  if (typeof value === 'string') return value.includes(mark);
  if (Array.isArray(value)) return value.some(isLate);
  if (Buffer.isBuffer(value)) return value.includes(mark);
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isLate);
  return false;
}
