/**
 * Fencing at a disk that all nodes share, by SCSI-3 persistent reservation: each node registers a key when it starts, and
 * whoever fences a node takes its key away. From that instant the disk refuses what the node writes; its processor runs on.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FenceDevice } from '../../model/fencing.ts';
import type { NodeName } from '../../model/names.ts';
import { keyOf, persistOn, writeExclusive } from '../stores/scsi.ts';
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

const longestTest = 10_000;

export class ScsiKeys implements FenceWay {
  readonly name: string;
  readonly agent = 'scsi';
  readonly nodes: readonly NodeName[];
  readonly #options: Options;
  readonly #timeout: number;
  readonly #record: string;
  readonly #persist: NonNullable<Options['persist']>;

  constructor(device: FenceDevice, options: Options) {
    this.name = device.name;
    this.nodes = Object.keys(device.nodes);
    this.#options = options;
    this.#timeout = device.timeout;
    const disk = device.options.device!;
    const digest = createHash('sha256').update(disk).digest('hex').slice(0, 12);
    this.#record = join(options.runDir, `scsi-key-${digest}`);
    this.#persist = options.persist ?? ((args, timeout) => persistOn(disk, args, timeout));
  }

  /**
   * Registers this node's key. Once a boot: whoever was fenced since may have mounted what is on the disk, and what it has
   * not yet written must never arrive. Not ok: this node may not write, until it boots.
   */
  async register(): Promise<FenceResult> {
    const { self } = this.#options;
    const key = this.#keyOf(self);
    try {
      const known = await this.#isRegistered(self);
      if (!known && existsSync(this.#record))
        return { ok: false, text: `refuses what ${self} writes: it was fenced since it booted, and has to boot again` };
      mkdirSync(this.#options.runDir, { recursive: true, mode: 0o755 });
      // Before the key: a crash between the two must not look like a boot.
      writeFileSync(this.#record, `${key}\n`);
      if (!known) await this.#do(['--out', '--register-ignore', `--param-sark=${key}`], longestTest);
      // Where somebody else has it, registrants may write all the same.
      await this.#reserve(key).catch(() => {});
      return { ok: true, text: `knows the key of ${self}` };
    } catch (error) {
      return { ok: false, text: `does not answer: ${(error as Error).message}` };
    }
  }

  async fence(node: NodeName): Promise<FenceResult> {
    const [own, lost] = [this.#keyOf(this.#options.self), this.#keyOf(node)];
    try {
      if (!(await this.#isRegistered(this.#options.self)))
        return { ok: false, text: `has no key of ${this.#options.self}, which therefore may take no other away` };
      if (await this.#isRegistered(node)) {
        // With what is under way: a write that was sent before must not arrive after.
        const preempt = ['--out', '--preempt-abort', `--param-rk=${own}`, `--param-sark=${lost}`];
        await this.#do([...preempt, `--prout-type=${writeExclusive}`], this.#timeout);
      }
      await this.#reserve(own).catch(() => {});
      if (await this.#isRegistered(node)) return { ok: false, text: `still has the key of ${node}` };
      if (!(await this.#isReserved())) return { ok: false, text: 'is reserved by nobody, so that all may write' };
      return { ok: true, text: `refuses what ${node} writes` };
    } catch (error) {
      return { ok: false, text: `could not take the key of ${node} away: ${(error as Error).message}` };
    }
  }

  async test(): Promise<FenceResult> {
    const { self } = this.#options;
    try {
      if (await this.#isRegistered(self)) return { ok: true, text: 'answers' };
      return { ok: false, text: `has no key of ${self}, which therefore may fence nobody` };
    } catch (error) {
      return { ok: false, text: `does not answer: ${(error as Error).message}` };
    }
  }

  async #isRegistered(node: NodeName): Promise<boolean> {
    const keys = (await this.#do(['--in', '--read-keys'], longestTest)).toLowerCase();
    return new RegExp(`0x0*${this.#keyOf(node).replace(/^0x0*/, '')}\\b`).test(keys);
  }

  async #isReserved(): Promise<boolean> {
    return /scope: LU_SCOPE,\s+type: Write Exclusive/i.test(
      await this.#do(['--in', '--read-reservation'], longestTest),
    );
  }

  #reserve(key: string): Promise<string> {
    return this.#do(['--out', '--reserve', `--param-rk=${key}`, `--prout-type=${writeExclusive}`], longestTest);
  }

  #do(args: readonly string[], timeout: number): Promise<string> {
    return this.#persist(args, timeout);
  }

  /** Other keys than those of a quorum disk, which may be the same disk. */
  #keyOf(node: NodeName): string {
    return keyOf(`fencing of ${this.#options.cluster}`, this.#options.nodes.indexOf(node) + 1);
  }
}
