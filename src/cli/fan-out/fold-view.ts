import { createHash } from 'node:crypto';
import { foldHosts } from '../../base/host-range.ts';
import { unifiedDiff } from '../../playbook/diff.ts';
import { type FoldEntry, type FoldGroup, foldButForNames, foldExactly, inOrder } from './fold.ts';
import { endOf, type HostRecord } from './host-record.ts';
import { withoutOwnName } from './own-name.ts';
import { paint, type Screen } from './screen.ts';
import { contentUpTo, Memory, Spool } from './spool.ts';
import type { OutputStream, View } from './view.ts';

/** Longer outputs are shown whole instead of as a difference; bytes. */
const diffLimit = 1024 * 1024;

interface HostOutput {
  readonly stdout: Spool;
  readonly stderr: Spool;
}

export interface FoldOptions {
  /** Only outputs that are equal to the byte fold, host names included. */
  readonly exact: boolean;
  /** Groups but the biggest are shown by what differs from it. */
  readonly diff: boolean;
}

/** Equal outputs once, with the hosts that gave them: at the end, when it is known which are equal. */
export class FoldView implements View {
  readonly borrows = true;
  readonly #screen: Screen;
  readonly #options: FoldOptions;
  readonly #memory = new Memory();
  readonly #outputs = new Map<string, HostOutput>();
  readonly #entries = new Map<string, FoldEntry>();
  /** Contents that are kept already, by their digests: the same from another host need not be. */
  readonly #keptBy = new Map<string, string>();

  constructor(screen: Screen, options: FoldOptions) {
    this.#screen = screen;
    this.#options = options;
  }

  output(host: string, stream: OutputStream, chunk: Buffer): Promise<void> | undefined {
    return this.#of(host)[stream].write(chunk);
  }

  async ended(record: HostRecord): Promise<void> {
    const { stdout, stderr } = this.#of(record.host);
    const said = stdout.length + stderr.length > 0;
    const digest = `${stdout.digest()} ${stderr.digest()}`;
    // Who was never reached has said nothing, and is told of below; what came before a loss is worth showing.
    if (said || record.state === 'ok' || record.state === 'failed') {
      if (said || record.error === undefined) this.#entries.set(record.host, { record, digest });
    }
    const keeper = this.#keptBy.get(digest);
    if (keeper === undefined) {
      this.#keptBy.set(digest, record.host);
      return;
    }
    this.#outputs.set(record.host, this.#outputs.get(keeper)!);
    await Promise.all([stdout.drop(), stderr.drop()]);
  }

  async finish(records: readonly HostRecord[]): Promise<void> {
    const entries = records.flatMap(({ host }) => this.#entries.get(host) ?? []);
    const exact = foldExactly(entries);
    const groups = this.#options.exact
      ? exact.map((group) => ({ records: group.map(({ record }) => record), butForNames: false }))
      : await foldButForNames(exact, ({ record }) => this.#nameless(record.host));
    let base: FoldGroup | undefined;
    for (const group of inOrder(groups)) {
      await this.#screen.out(`${this.#title(group)}\n`);
      if (base === undefined || !(await this.#showDifference(base, group))) await this.#show(group);
      if (this.#options.diff) base ??= group;
    }
    for (const { stdout, stderr } of new Set(this.#outputs.values())) {
      await stdout.drop();
      await stderr.drop();
    }
  }

  #of(host: string): HostOutput {
    let output = this.#outputs.get(host);
    if (output === undefined) {
      output = { stdout: new Spool(this.#memory), stderr: new Spool(this.#memory) };
      this.#outputs.set(host, output);
    }
    return output;
  }

  /** The digest of both streams without the host's own name. */
  async #nameless(host: string): Promise<string> {
    const digests: string[] = [];
    for (const stream of ['stdout', 'stderr'] as const) {
      const hash = createHash('sha256');
      for await (const chunk of withoutOwnName(host, this.#of(host)[stream].read())) hash.update(chunk);
      digests.push(hash.digest('base64'));
    }
    return digests.join(' ');
  }

  #title({ records }: FoldGroup): string {
    const [first] = records as [HostRecord];
    const end = endOf(first) || (first.error === undefined ? '' : 'cut off');
    const hosts = foldHosts(records.map(({ host }) => host));
    const title = paint(process.stdout, 'bold', `${hosts} (${records.length})`);
    return end === '' ? title : `${title}, ${paint(process.stdout, 'red', end)}`;
  }

  #read({ records, butForNames }: FoldGroup, stream: OutputStream): AsyncIterable<Buffer> {
    const { host } = records[0]!;
    const source = this.#of(host)[stream].read();
    return butForNames ? withoutOwnName(host, source) : source;
  }

  async #show(group: FoldGroup): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const) {
      let last: number | undefined;
      for await (const chunk of this.#read(group, stream)) {
        if (chunk.length === 0) continue;
        await (stream === 'stdout' ? this.#screen.out(chunk) : this.#screen.error(chunk));
        last = chunk.at(-1);
      }
      if (last === undefined || last === 0x0a) continue;
      await (stream === 'stdout' ? this.#screen.out('\n') : this.#screen.error('\n'));
    }
  }

  /** False where the outputs are too long to compare. */
  async #showDifference(base: FoldGroup, group: FoldGroup): Promise<boolean> {
    const name = foldHosts(base.records.map(({ host }) => host));
    const lines: string[] = [];
    for (const stream of ['stdout', 'stderr'] as const) {
      const texts: string[] = [];
      for (const { records } of [base, group]) {
        const { host } = records[0]!;
        const source = this.#of(host)[stream].read();
        const content = await contentUpTo(this.#options.exact ? source : withoutOwnName(host, source), diffLimit);
        if (content === undefined) return false;
        texts.push(content.toString());
      }
      const diff = unifiedDiff(texts[0]!, texts[1]!);
      if (diff.length > 0) lines.push(`--- ${name}${stream === 'stderr' ? ' (standard error)' : ''}`, ...diff);
    }
    const colours = { '+': 'green', '-': 'red', '@': 'cyan' } as const;
    for (const line of lines) {
      const colour = line.startsWith('--- ') ? undefined : colours[line[0] as keyof typeof colours];
      await this.#screen.out(`${colour === undefined ? line : paint(process.stdout, colour, line)}\n`);
    }
    return true;
  }
}
