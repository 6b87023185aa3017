/**
 * The hosts of a play in batches, as `serial` says: numbers of hosts, or percentages of all (rounded down, at least
 * one); the last size repeats. Without sizes: all at once.
 */
export function batches<T>(hosts: readonly T[], serial: readonly (number | string)[]): readonly (readonly T[])[] {
  if (serial.length === 0) return hosts.length === 0 ? [] : [hosts];
  const result: T[][] = [];
  for (let at = 0, index = 0; at < hosts.length; index++) {
    const size = serial[Math.min(index, serial.length - 1)]!;
    const count =
      typeof size === 'number' ? size : Math.max(1, Math.floor((hosts.length * Number.parseInt(size, 10)) / 100));
    result.push(hosts.slice(at, at + count));
    at += count;
  }
  return result;
}
