/**
 * Fencing at a disk that all nodes share, by SCSI-3 persistent reservation: each node registers a key when it starts, and
 * whoever fences a node takes its key away. From that instant the disk refuses what the node writes; its processor runs on.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FenceDevice } from '../../model/fencing.ts';
import type { NodeName } from '../../model/names.ts';
import { BootFile } from '../boot-file.ts';
import { keyOf, persistOn, Refused, writeExclusive } from '../stores/scsi.ts';
import { noAnswer, within } from '../within.ts';
import type { FenceResult, FenceWay } from './way.ts';

interface Options {
  readonly cluster: string;
  /** All of them, as ha.cf has them. */
  readonly nodes: readonly NodeName[];
  readonly self: NodeName;
  /** Lost at the next boot. */
  readonly runDir: string;
  /** Runs sg_persist with these arguments; rejects where it ends with anything but 0. */
  readonly persist?: (args: readonly string[], timeout: number) => Promise<string>;
}

/** Sends one command to the disk; rejects at the latest when the time of all of them is over. */
type Ask = (...args: readonly string[]) => Promise<string>;

const longestTest = 10_000;
/** Of a fencing's time, how much taking the key away may take; the rest is for confirmation. */
const preemptShare = 0.75;

export class ScsiKeys implements FenceWay {
  readonly name: string;
  readonly agent = 'scsi';
  readonly nodes: readonly NodeName[];
  readonly #options: Options;
  readonly #timeout: number;
  readonly #record: string;
  readonly #persist: NonNullable<Options['persist']>;
  /** Whose key was to go, and the disk never said how that went: what they had sent may still arrive. */
  readonly #unanswered: Set<NodeName>;
  /** The same for the next musterd. */
  readonly #note: BootFile;

  constructor(device: FenceDevice, options: Options) {
    this.name = device.name;
    this.nodes = Object.keys(device.nodes);
    this.#options = options;
    this.#timeout = device.timeout;
    const disk = device.options.device!;
    const digest = createHash('sha256').update(disk).digest('hex').slice(0, 12);
    this.#record = join(options.runDir, `scsi-key-${digest}`);
    this.#note = new BootFile(join(options.runDir, `scsi-unanswered-${digest}.json`));
    const noted = this.#note.read();
    this.#unanswered = new Set(Array.isArray(noted) ? noted.filter((name) => typeof name === 'string') : []);
    this.#persist = options.persist ?? ((args, timeout) => persistOn(disk, args, timeout));
  }

  /**
   * Registers this node's key. Once a boot: whoever was fenced since may have mounted what is on the disk, and what it has
   * not yet written must never arrive. Not ok: this node may not write, until it boots.
   */
  async register(): Promise<FenceResult> {
    const { self } = this.#options;
    const key = this.#keyOf(self);
    const ask = this.#asking(longestTest);
    try {
      const known = await this.#isRegistered(self, ask);
      if (!known && existsSync(this.#record))
        return { ok: false, text: `refuses what ${self} writes: it was fenced since it booted, and has to boot again` };
      mkdirSync(this.#options.runDir, { recursive: true, mode: 0o755 });
      // Before the key: a crash between the two must not look like a boot.
      writeFileSync(this.#record, `${key}\n`);
      if (!known) await ask('--out', '--register-ignore', `--param-sark=${key}`);
      // Where somebody else has it, registrants may write all the same.
      await reserve(key, ask).catch(() => {});
      return { ok: true, text: `knows the key of ${self}` };
    } catch (error) {
      return { ok: false, text: `does not answer: ${(error as Error).message}` };
    }
  }

  async fence(node: NodeName, signal?: AbortSignal): Promise<FenceResult> {
    const { self } = this.#options;
    const ask = this.#asking(this.#timeout, signal);
    const strike = this.#asking(this.#timeout * preemptShare, signal);
    try {
      if (!(await this.#isRegistered(self, ask)))
        return { ok: false, text: `has no key of ${self}, which therefore may take no other away` };
      if (await this.#isRegistered(node, ask)) await this.#preempt(node, strike);
      else if (this.#unanswered.has(node))
        return { ok: false, text: `has no key of ${node} any more, and never said that what it had sent is stopped` };
      await reserve(this.#keyOf(self), ask).catch(() => {});
      if (await this.#isRegistered(node, ask)) return { ok: false, text: `still has the key of ${node}` };
      if (!(await isReserved(ask))) return { ok: false, text: 'is reserved by nobody, so that all may write' };
      return { ok: true, text: `refuses what ${node} writes` };
    } catch (error) {
      return { ok: false, text: `could not take the key of ${node} away: ${(error as Error).message}` };
    }
  }

  async test(signal?: AbortSignal): Promise<FenceResult> {
    const { self } = this.#options;
    try {
      if (await this.#isRegistered(self, this.#asking(longestTest, signal))) return { ok: true, text: 'answers' };
      return { ok: false, text: `has no key of ${self}, which therefore may fence nobody` };
    } catch (error) {
      return { ok: false, text: `does not answer: ${(error as Error).message}` };
    }
  }

  /**
   * With what is under way: a write that was sent before must not arrive after. A target that takes the key away and then
   * does not answer for the rest has confirmed nothing: Linux' own one waits for itself there, for ever, where commands reach
   * it through a queue (seen with the loopback of 6.1).
   */
  async #preempt(node: NodeName, ask: Ask): Promise<void> {
    const [own, lost] = [this.#keyOf(this.#options.self), this.#keyOf(node)];
    const before = this.#unanswered.has(node);
    this.#unanswered.add(node);
    // Before the command: where it cannot be written down nobody is fenced.
    this.#note.write([...this.#unanswered]);
    try {
      const keys = [`--param-rk=${own}`, `--param-sark=${lost}`];
      await ask('--out', '--preempt-abort', ...keys, `--prout-type=${writeExclusive}`);
      this.#answered(node);
    } catch (error) {
      // Where an earlier one never ended, the key that is gone now may have been taken by that one.
      if (error instanceof Refused && !before) this.#answered(node);
      throw error;
    }
  }

  /** Where that cannot be written down the next musterd confirms less than it could. */
  #answered(node: NodeName): void {
    this.#unanswered.delete(node);
    try {
      this.#note.write([...this.#unanswered]);
    } catch {}
  }

  /** Commands that have `ms` in all, from now on. */
  #asking(ms: number, signal?: AbortSignal): Ask {
    const deadline = performance.now() + ms;
    return async (...args) => {
      const left = Math.ceil(deadline - performance.now());
      if (left <= 0) throw noAnswer(ms);
      return within(this.#persist(args, left), left, signal);
    };
  }

  async #isRegistered(node: NodeName, ask: Ask): Promise<boolean> {
    const keys = (await ask('--in', '--read-keys')).toLowerCase();
    return new RegExp(`0x0*${this.#keyOf(node).replace(/^0x0*/, '')}\\b`).test(keys);
  }

  /** Other keys than those of a quorum disk, which may be the same disk. */
  #keyOf(node: NodeName): string {
    return keyOf(`fencing of ${this.#options.cluster}`, this.#options.nodes.indexOf(node) + 1);
  }
}

async function isReserved(ask: Ask): Promise<boolean> {
  return /scope: LU_SCOPE,\s+type: Write Exclusive/i.test(await ask('--in', '--read-reservation'));
}

function reserve(key: string, ask: Ask): Promise<string> {
  return ask('--out', '--reserve', `--param-rk=${key}`, `--prout-type=${writeExclusive}`);
}
