import { once } from 'node:events';
import { styleText } from 'node:util';
import { foldHosts } from '../../base/host-range.ts';

type Style = Parameters<typeof styleText>[0];

/** A run that is over sooner needs no progress line; milliseconds. */
const patience = 1000;
const refresh = 250;

/** Text in a colour where a person reads it on a terminal, and NO_COLOR does not say otherwise. */
export function paint(stream: NodeJS.WriteStream, style: Style, text: string): string {
  return stream.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text;
}

/** `[3/9] 0:12 missing node[4-9]`, cut to `columns`. */
export function progressLine(
  total: number,
  missing: readonly string[],
  seconds: number,
  columns: number,
  detail = '',
): string {
  const time = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
  const more = detail === '' ? '' : ` ${detail}`;
  const line = `[${total - missing.length}/${total}] ${time}${more} missing ${foldHosts(missing)}`;
  return line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
}

/**
 * Standard output and error of a run, and below them on a terminal the progress line: how many hosts have ended, and
 * which are missing. Whatever is written goes above it.
 */
export class Screen {
  readonly #total: number;
  readonly #missing: Set<string>;
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #detail: () => string;
  #shown = false;

  /** `detail` is asked for what else is worth showing, such as how many bytes have gone. */
  constructor(hosts: readonly string[], detail = () => '') {
    this.#detail = detail;
    this.#total = hosts.length;
    this.#missing = new Set(hosts);
    if (process.stderr.isTTY) this.#timer = setInterval(() => this.#draw(), refresh).unref();
  }

  /** Hosts that have not ended yet. */
  missing(): string[] {
    return [...this.#missing];
  }

  ended(host: string): void {
    this.#missing.delete(host);
  }

  /** To standard output; a promise is to be waited for, as the reader is slower. */
  out(data: Buffer | string): Promise<void> | undefined {
    return this.#write(process.stdout, data);
  }

  error(data: Buffer | string): Promise<void> | undefined {
    return this.#write(process.stderr, data);
  }

  /** The progress line goes for good. */
  stop(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #write(stream: NodeJS.WriteStream, data: Buffer | string): Promise<void> | undefined {
    if (data.length === 0) return undefined;
    this.#clear();
    return stream.write(data) ? undefined : once(stream, 'drain').then(() => {});
  }

  #draw(): void {
    const passed = performance.now() - this.#started;
    if (passed < patience || this.#missing.size === 0) return;
    const line = progressLine(this.#total, this.missing(), passed / 1000, process.stderr.columns || 80, this.#detail());
    process.stderr.write(`\r\x1b[K${line}`);
    this.#shown = true;
  }

  #clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}
