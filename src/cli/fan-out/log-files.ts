import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../base/problem.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { FileSink } from './file-sink.ts';
import type { HostRecord } from './host-record.ts';
import type { OutputStream, View } from './view.ts';

/** The name of a host as that of a file; what a path could take for something else is written as %2F. */
export function fileNameOf(host: string): string {
  const name = host.replace(
    /[/%\0\n]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return /^\.{0,2}$/.test(name) ? name.replaceAll('.', '%2E') : name;
}

/** What each host says goes into `DIR/HOST.out`, and what it says on standard error, if anything, into `DIR/HOST.err`. */
export class LogFiles implements View {
  readonly borrows = true;
  readonly #folder: string;
  readonly #sinks = new Map<string, FileSink>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws `Problem('badInput')` where the folder cannot be made. */
  static async into(folder: string): Promise<LogFiles> {
    try {
      await makeFolder(folder);
    } catch (error) {
      throw cannotWrite(folder, error);
    }
    return new LogFiles(folder);
  }

  output(host: string, stream: OutputStream, chunk: Buffer): Promise<void> | undefined {
    return this.#sink(host, stream).writeLent(chunk);
  }

  async ended({ host }: HostRecord): Promise<void> {
    // Also the host that said nothing has its file: an old one of an earlier run would speak for it.
    this.#sink(host, 'stdout').write(Buffer.alloc(0));
    if (!this.#sinks.has(`${host} stderr`)) await rm(this.#path(host, 'stderr'), { force: true });
    for (const stream of ['stdout', 'stderr'] as const) {
      const sink = this.#sinks.get(`${host} ${stream}`);
      this.#sinks.delete(`${host} ${stream}`);
      try {
        await sink?.close();
      } catch (error) {
        throw cannotWrite(this.#path(host, stream), error);
      }
    }
  }

  async finish(): Promise<void> {}

  #path(host: string, stream: OutputStream): string {
    return join(this.#folder, `${fileNameOf(host)}.${stream === 'stdout' ? 'out' : 'err'}`);
  }

  #sink(host: string, stream: OutputStream): FileSink {
    const key = `${host} ${stream}`;
    let sink = this.#sinks.get(key);
    if (sink === undefined) {
      sink = new FileSink(() => open(this.#path(host, stream), 'w'));
      this.#sinks.set(key, sink);
    }
    return sink;
  }
}

function cannotWrite(path: string, error: unknown): Problem {
  const seen = error instanceof Error ? error.message : String(error);
  return new Problem('badInput', `Cannot write "${path}" as what hosts say must be kept there: ${seen}`);
}
