/** Reads the import table of ARCHITECTURE.md: rows of `| folder | may import |` below the heading "Who may import whom". */
export function importTable(markdown: string): Map<string, Set<string>> {
  const section = /## Who may import whom\n([\s\S]*?)(?=\n## |$)/.exec(markdown)?.[1] ?? '';
  const rows = [...section.matchAll(/^\| `(\w[\w-]*)` \| ([^|]*) \|/gm)];
  return new Map(rows.map((row) => [row[1]!, new Set([...row[2]!.matchAll(/`([\w-]+)`/g)].map((match) => match[1]!))]));
}
