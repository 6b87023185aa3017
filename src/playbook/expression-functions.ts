/** What the names and operators of a condition compute, once their arguments are known. */

export const functions: Record<string, (value: unknown) => unknown> = {
  size: (value) =>
    typeof value === 'string' || Array.isArray(value) ? value.length : Object.keys((value ?? {}) as object).length,
  string: (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value)),
  int: (value) => Math.trunc(Number(value)),
};

export const methods: Record<string, (value: unknown, argument: unknown) => unknown> = {
  contains: (value, part) => (Array.isArray(value) ? value.includes(part) : String(value).includes(String(part))),
  startsWith: (value, part) => String(value).startsWith(String(part)),
  endsWith: (value, part) => String(value).endsWith(String(part)),
  matches: (value, pattern) => new RegExp(String(pattern)).test(String(value)),
};

type Comparable = string | number;
export const operators: Record<string, (left: unknown, right: unknown) => unknown> = {
  '==': (left, right) => same(left, right),
  '!=': (left, right) => !same(left, right),
  '<': (left, right) => (left as Comparable) < (right as Comparable),
  '<=': (left, right) => (left as Comparable) <= (right as Comparable),
  '>': (left, right) => (left as Comparable) > (right as Comparable),
  '>=': (left, right) => (left as Comparable) >= (right as Comparable),
  in: (item, holder) =>
    Array.isArray(holder)
      ? holder.some((other) => same(item, other))
      : typeof holder === 'string'
        ? holder.includes(String(item))
        : Object.hasOwn((holder ?? {}) as object, String(item)),
  '+': (left, right) =>
    Array.isArray(left) && Array.isArray(right) ? [...left, ...right] : (left as number) + (right as number),
  '-': (left, right) => Number(left) - Number(right),
  '*': (left, right) => Number(left) * Number(right),
  '/': (left, right) => Number(left) / Number(right),
  '%': (left, right) => Number(left) % Number(right),
};

function same(left: unknown, right: unknown): boolean {
  return typeof left === 'object' && left !== null ? JSON.stringify(left) === JSON.stringify(right) : left === right;
}
