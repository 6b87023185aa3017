import type { HostRecord } from './host-record.ts';
import { paint, type Screen } from './screen.ts';
import type { OutputStream, View } from './view.ts';

/** Of each output only the beginning is kept: a row shows one line. Bytes. */
const kept = 4096;

interface Beginning {
  text: Buffer;
  lines: number;
}

/** A row a host: how it ended, how long it took, and the first line that it said. */
export class TableView implements View {
  readonly #screen: Screen;
  readonly #beginnings = new Map<string, Beginning>();

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  output(host: string, stream: OutputStream, chunk: Buffer): undefined {
    const key = `${stream} ${host}`;
    const beginning = this.#beginnings.get(key) ?? { text: Buffer.alloc(0), lines: 0 };
    if (beginning.text.length < kept) beginning.text = Buffer.concat([beginning.text, chunk.subarray(0, kept)]);
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, at + 1)) beginning.lines++;
    this.#beginnings.set(key, beginning);
  }

  ended(): undefined {}

  async finish(records: readonly HostRecord[]): Promise<void> {
    const cells = records.map((record) => [
      record.host,
      record.state,
      record.rc === null ? (record.signal ?? '-') : String(record.rc),
      record.seconds.toFixed(2),
      this.#line(record),
    ]);
    const lines = alignedTable(['HOST', 'STATE', 'RC', 'SECONDS', 'OUTPUT'], cells, process.stdout.columns);
    await this.#screen.out(`${lines.join('\n')}\n`);
  }

  #line({ host, error }: HostRecord): string {
    for (const stream of ['stdout', 'stderr'] as const) {
      const beginning = this.#beginnings.get(`${stream} ${host}`);
      const first = beginning?.text.toString().split(/\r?\n/, 1)[0] ?? '';
      if (beginning === undefined || beginning.text.length === 0) continue;
      const more = beginning.lines > 1 ? paint(process.stdout, 'dim', ` (+${beginning.lines - 1} lines)`) : '';
      return printable(first) + more;
    }
    return error === undefined ? '' : printable(error);
  }
}

/** Control characters would break the table, or do worse to the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => (char === '\t' ? ' ' : '�'));
}

/** Columns side by side; the last one is cut where the line would be longer than `columns` (0 or undefined: never). */
export function alignedTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  return [head, ...rows].map((row) => {
    const line = row
      .map((cell, column) => cell.padEnd(column === head.length - 1 ? 0 : widths[column]!))
      .join('  ')
      .trimEnd();
    return columns && line.length > columns ? `${line.slice(0, columns - 1)}…` : line;
  });
}
