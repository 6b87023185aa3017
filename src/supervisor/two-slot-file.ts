import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problem } from '../base/problem.ts';

/**
 * The file has two slots that are written in turn, each in place: a crash in the middle of one leaves the other, and a disk
 * that is full does not matter once the file is there. A slot is a line of JSON behind the SHA-256 of it, filled up with
 * spaces; the one with the higher count is newer.
 */
export interface TwoSlots {
  readonly file: string;
  readonly slotBytes: number;
  /** What it says, as the end of a sentence: `it says who votes`. */
  readonly about: string;
  /** What helps where both copies are damaged. */
  readonly hint: string;
}

interface Slot<T> {
  readonly count: number;
  readonly record: T;
}

function hashOf(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

function parseSlot<T>(bytes: Buffer): Slot<T> | undefined {
  const [hash, line] = bytes.toString('utf8').trimEnd().split('\n', 2);
  if (hash === undefined || line === undefined || hashOf(line) !== hash) return undefined;
  return JSON.parse(line) as Slot<T>;
}

function slotsOf<T>(bytes: Buffer, slotBytes: number): (Slot<T> | undefined)[] {
  return [0, 1].map((index) => parseSlot<T>(bytes.subarray(index * slotBytes, (index + 1) * slotBytes)));
}

/** A record that must survive any crash of the machine; one writer, in order. */
export class TwoSlotFile<T> {
  /** The record as it was at the start; undefined where there never was one. */
  readonly found: T | undefined;
  readonly #slots: TwoSlots;
  #count: number;
  #last: Promise<unknown> = Promise.resolve();

  /** Throws a Problem where a record is there and cannot be read: nobody guesses what it said. */
  constructor(slots: TwoSlots) {
    this.#slots = slots;
    const newest = readNewest<T>(slots);
    this.found = newest?.record;
    this.#count = newest?.count ?? 0;
  }

  /** Resolves when the record is on the disk to stay, to false where that failed. Never rejects. */
  write(record: T): Promise<boolean> {
    const done = this.#last.then(() => this.#write(record)).catch(() => false);
    this.#last = done;
    return done;
  }

  async #write(record: T): Promise<boolean> {
    const { file, slotBytes } = this.#slots;
    const count = this.#count + 1;
    const line = JSON.stringify({ count, record });
    const slot = Buffer.alloc(slotBytes, ' ');
    if (slot.write(`${hashOf(line)}\n${line}\n`) < line.length + 66) return false;
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    const handle = await open(file, 'a').then(async (made) => {
      await made.close();
      return open(file, 'r+');
    });
    try {
      await handle.write(slot, 0, slotBytes, (count % 2) * slotBytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (count === 1) await syncDirectory(dirname(file));
    // A slot that could not be written is written again: the other one is the only good one.
    this.#count = count;
    return true;
  }
}

/** The name of a new file is not on the disk before its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function readNewest<T>({ file, slotBytes, about, hint }: TwoSlots): Slot<T> | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new Problem('hostFailed', `Cannot read "${file}" as ${about}: ${(error as Error).message}`);
  }
  const slots = slotsOf<T>(bytes, slotBytes).flatMap((slot) => slot ?? []);
  if (slots.length > 0) return slots.reduce((left, right) => (left.count > right.count ? left : right));
  // Only the first record of all was ever begun, and it was cut short: nobody has been told that it was written.
  if (bytes.length < 2 * slotBytes || bytes.subarray(0, slotBytes).every((byte) => byte === 0)) return undefined;
  throw new Problem('hostFailed', `Cannot read "${file}" as ${about}: both of its copies are damaged`, { hint });
}
