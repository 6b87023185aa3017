import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../base/problem.ts';
import type { VoterRecord } from '../core/epoch-state.ts';

/**
 * The file has two slots that are written in turn, each in place: a crash in the middle of one leaves the other, and a disk
 * that is full does not matter once the file is there. A slot is a line of JSON behind the SHA-256 of it, filled up with
 * spaces; the one with the higher count is newer.
 */
const slotBytes = 8192;

interface Slot {
  readonly count: number;
  readonly record: VoterRecord;
}

function recordFile(stateDir: string): string {
  return join(stateDir, 'voters');
}

function hashOf(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

function parseSlot(bytes: Buffer): Slot | undefined {
  const [hash, line] = bytes.toString('utf8').trimEnd().split('\n', 2);
  if (hash === undefined || line === undefined || hashOf(line) !== hash) return undefined;
  return JSON.parse(line) as Slot;
}

function slotsOf(bytes: Buffer): (Slot | undefined)[] {
  return [0, 1].map((index) => parseSlot(bytes.subarray(index * slotBytes, (index + 1) * slotBytes)));
}

/** What a node has recorded of its cluster's voters; one writer, in order. */
export class VoterRecordFile {
  /** The record as it was at the start; undefined where there never was one. */
  readonly found: VoterRecord | undefined;
  readonly #file: string;
  #count: number;
  #last: Promise<unknown> = Promise.resolve();

  /** Throws a Problem where a record is there and cannot be read: to guess who votes could be to let two majorities be. */
  constructor(stateDir: string) {
    this.#file = recordFile(stateDir);
    const newest = readNewest(this.#file);
    this.found = newest?.record;
    this.#count = newest?.count ?? 0;
  }

  /** Resolves when the record is on the disk to stay, to false where that failed. Never rejects. */
  write(record: VoterRecord): Promise<boolean> {
    const done = this.#last.then(() => this.#write(record)).catch(() => false);
    this.#last = done;
    return done;
  }

  async #write(record: VoterRecord): Promise<boolean> {
    const count = this.#count + 1;
    const line = JSON.stringify({ count, record });
    const slot = Buffer.alloc(slotBytes, ' ');
    if (slot.write(`${hashOf(line)}\n${line}\n`) < line.length + 66) return false;
    await mkdir(dirname(this.#file), { recursive: true, mode: 0o755 });
    const handle = await open(this.#file, 'a').then(async (made) => {
      await made.close();
      return open(this.#file, 'r+');
    });
    try {
      await handle.write(slot, 0, slotBytes, (count % 2) * slotBytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (count === 1) await syncDirectory(dirname(this.#file));
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

function readNewest(file: string): Slot | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new Problem('hostFailed', `Cannot read "${file}" as it says who votes: ${(error as Error).message}`);
  }
  const slots = slotsOf(bytes).flatMap((slot) => slot ?? []);
  if (slots.length > 0) return slots.reduce((left, right) => (left.count > right.count ? left : right));
  // Only the first record of all was ever begun, and it was cut short: nobody has been told that it was written.
  if (bytes.length < 2 * slotBytes || bytes.subarray(0, slotBytes).every((byte) => byte === 0)) return undefined;
  throw new Problem('hostFailed', `Cannot read "${file}" as it says who votes: both of its copies are damaged`, {
    hint: 'put the file of another node in its place (they are the same), then start musterd',
  });
}
