import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../base/problem.ts';
import { type Certificates, readCertificates } from './certificates.ts';

/** How soon new certificates count, in milliseconds. */
const lookInterval = 1000;

/**
 * The certificates of one directory, read anew whenever a file in it changes: so they are renewed, and arrive after the
 * start, without a restart. What cannot be read changes nothing: the last ones that could be go on counting.
 */
export class CertificateWatch {
  readonly #directory: string;
  readonly #onChange: (certificates: Certificates) => void;
  readonly #onTrouble: (why: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #seen = '';
  #told = '';
  #stopped = false;
  current: Certificates | undefined;

  constructor(directory: string, onChange: (certificates: Certificates) => void, onTrouble: (why: string) => void) {
    this.#directory = directory;
    this.#onChange = onChange;
    this.#onTrouble = onTrouble;
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    await this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      const seen = await fingerprint(this.#directory);
      if (seen !== this.#seen || this.current === undefined) {
        const certificates = await readCertificates(this.#directory);
        this.#seen = seen;
        this.#told = '';
        this.current = certificates;
        if (!this.#stopped) this.#onChange(certificates);
      }
    } catch (error) {
      const why = error instanceof Problem ? error.message : String(error);
      if (why !== this.#told && !this.#stopped) this.#onTrouble(why);
      this.#told = why;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#look(), lookInterval);
  }
}

/** Changes whenever a file does. */
async function fingerprint(directory: string): Promise<string> {
  const files = await readdir(directory).catch(() => []);
  const stats = await Promise.all(files.sort().map((file) => stat(join(directory, file)).catch(() => undefined)));
  return files
    .map((file, index) => `${file} ${stats[index]?.ino} ${stats[index]?.mtimeMs} ${stats[index]?.size}`)
    .join('\n');
}
