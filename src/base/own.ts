/** What a record that people wrote has under a name; nothing that every object inherits (`constructor`). */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
