import type { HostRecord } from './host-record.ts';
import { paint, type Screen } from './screen.ts';
import type { OutputStream, View } from './view.ts';

/** A line that goes on for longer is shown in pieces of this size: it may have no end. Bytes. */
const longestLine = 64 * 1024;

const colours = ['cyan', 'green', 'yellow', 'magenta', 'blue', 'cyanBright', 'greenBright', 'magentaBright'] as const;

/** Cuts a stream into whole lines with a prefix each; chunks may end anywhere. */
export class Prefixer {
  readonly #prefix: Buffer;
  #held: Buffer = Buffer.alloc(0);

  constructor(prefix: string) {
    this.#prefix = Buffer.from(prefix);
  }

  push(chunk: Buffer): Buffer {
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const pieces: Buffer[] = [];
    let from = 0;
    for (;;) {
      const newline = data.indexOf(0x0a, from);
      if (newline === -1 && data.length - from < longestLine) break;
      const end = newline === -1 || newline - from > longestLine ? from + longestLine : newline;
      pieces.push(this.#prefix, data.subarray(from, end), newlineByte);
      from = end === newline ? end + 1 : end;
    }
    // A copy: the chunk that it lies in may be much larger.
    this.#held = Buffer.from(data.subarray(from));
    return Buffer.concat(pieces);
  }

  /** The last line, where it has no end of its own. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest.length === 0 ? rest : Buffer.concat([this.#prefix, rest, newlineByte]);
  }
}

const newlineByte = Buffer.from('\n');

/** Every line as it comes, with its host before it. */
export class StreamView implements View {
  readonly #screen: Screen;
  readonly #width: number;
  readonly #prefixers = new Map<string, Prefixer>();
  readonly #colours = new Map<string, (typeof colours)[number]>();

  constructor(screen: Screen, hosts: readonly string[]) {
    this.#screen = screen;
    this.#width = process.stdout.isTTY ? Math.min(24, Math.max(0, ...hosts.map((host) => host.length))) : 0;
    for (const [index, host] of hosts.entries()) this.#colours.set(host, colours[index % colours.length]!);
  }

  output(host: string, stream: OutputStream, chunk: Buffer): Promise<void> | undefined {
    return this.#write(stream, this.#of(host, stream).push(chunk));
  }

  async ended({ host }: HostRecord): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const) {
      await this.#write(stream, this.#of(host, stream).end());
      this.#prefixers.delete(`${stream} ${host}`);
    }
  }

  async finish(): Promise<void> {}

  #of(host: string, stream: OutputStream): Prefixer {
    const key = `${stream} ${host}`;
    let prefixer = this.#prefixers.get(key);
    if (prefixer === undefined) {
      const name = paint(process[stream], this.#colours.get(host)!, `${host}:`);
      prefixer = new Prefixer(`${name}${' '.repeat(Math.max(0, this.#width - host.length))} `);
      this.#prefixers.set(key, prefixer);
    }
    return prefixer;
  }

  #write(stream: OutputStream, data: Buffer): Promise<void> | undefined {
    return stream === 'stdout' ? this.#screen.out(data) : this.#screen.error(data);
  }
}
