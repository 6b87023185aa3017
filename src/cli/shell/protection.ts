import { foldHosts } from '../../base/host-range.ts';

/** Groups marked `protected: true`: their names are asked for once, before anything goes to their hosts. */
export class Protection {
  readonly #protectedBy: (host: string) => readonly string[];
  readonly #answer: (question: string) => Promise<string | undefined>;
  readonly #typed = new Set<string>();

  constructor(
    protectedBy: (host: string) => readonly string[],
    answer: (question: string) => Promise<string | undefined>,
  ) {
    this.#protectedBy = protectedBy;
    this.#answer = answer;
  }

  /** True where every protected group among these hosts has been named; tells on standard error where one has not. */
  async admits(hosts: readonly string[]): Promise<boolean> {
    const groups = new Set(hosts.flatMap((host) => this.#protectedBy(host)));
    for (const group of groups) {
      if (this.#typed.has(group)) continue;
      const those = hosts.filter((host) => this.#protectedBy(host).includes(group));
      const answer = await this.#answer(`Group ${group} is protected (${foldHosts(those)}). Its name, to go on: `);
      if (answer?.trim() !== group) {
        process.stderr.write(`That is not its name: nothing goes to any host.\n`);
        return false;
      }
      this.#typed.add(group);
    }
    return true;
  }
}
