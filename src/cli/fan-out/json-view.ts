import { StringDecoder } from 'node:string_decoder';
import type { HostRecord } from './host-record.ts';
import type { Screen } from './screen.ts';
import { Memory, Spool } from './spool.ts';
import type { OutputStream, View } from './view.ts';

/**
 * JSON Lines, a host each as it ends. Outputs are text; where one is not UTF-8, `stdoutBase64` or `stderrBase64` stands
 * beside it with the bytes. Whatever is long is written piece by piece: no output has to fit into one string.
 */
export class JsonView implements View {
  readonly borrows = true;
  readonly #screen: Screen;
  readonly #memory = new Memory();
  readonly #outputs = new Map<string, Record<OutputStream, Spool>>();
  /** Lines are written one after another, however many hosts end at once. */
  #writing: Promise<void> = Promise.resolve();

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  output(host: string, stream: OutputStream, chunk: Buffer): Promise<void> | undefined {
    return this.#of(host)[stream].write(chunk);
  }

  ended(record: HostRecord): Promise<void> {
    this.#writing = this.#writing.then(() => this.#line(record));
    return this.#writing;
  }

  async finish(): Promise<void> {
    await this.#writing;
  }

  #of(host: string): Record<OutputStream, Spool> {
    let output = this.#outputs.get(host);
    if (output === undefined) {
      output = { stdout: new Spool(this.#memory), stderr: new Spool(this.#memory) };
      this.#outputs.set(host, output);
    }
    return output;
  }

  async #line(record: HostRecord): Promise<void> {
    const output = this.#of(record.host);
    const { host, state, rc, signal, timedOut, seconds, error, hint } = record;
    const end = { ...(signal === null ? {} : { signal }), ...(timedOut ? { timedOut } : {}) };
    const start = JSON.stringify({ host, state, rc, ...end, seconds });
    let pending = start.slice(0, -1);
    const write = async (piece: string): Promise<void> => {
      pending += piece;
      if (pending.length < 65_536) return;
      await this.#screen.out(pending);
      pending = '';
    };
    for (const stream of ['stdout', 'stderr'] as const) {
      await write(`,"${stream}":"`);
      for await (const piece of jsonText(output[stream].read())) await write(piece);
      await write('"');
      if (await isText(output[stream].read())) continue;
      await write(`,"${stream}Base64":"`);
      for await (const piece of base64(output[stream].read())) await write(piece);
      await write('"');
    }
    const rest = JSON.stringify({ error, hint }).slice(1, -1);
    await this.#screen.out(`${pending}${rest === '' ? '' : `,${rest}`}}\n`);
    this.#outputs.delete(host);
    await Promise.all([output.stdout.drop(), output.stderr.drop()]);
  }
}

/** The inside of a JSON string; bytes that are no UTF-8 become U+FFFD. */
async function* jsonText(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  for await (const chunk of source) yield JSON.stringify(decoder.write(chunk)).slice(1, -1);
  yield JSON.stringify(decoder.end()).slice(1, -1);
}

async function isText(source: AsyncIterable<Buffer>): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    for await (const chunk of source) decoder.decode(chunk, { stream: true });
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

async function* base64(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const data = Buffer.concat([held, chunk]);
    const whole = data.length - (data.length % 3);
    yield data.toString('base64', 0, whole);
    held = data.subarray(whole);
  }
  yield held.toString('base64');
}
