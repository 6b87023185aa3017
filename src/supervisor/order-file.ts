import { readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Order, orderKinds } from '../core/orders.ts';

interface Kept {
  /** Unix milliseconds of the writing, by which the time that is left of an order is counted on. */
  readonly written: number;
  readonly orders: readonly Order[];
}

/** What operators ordered, as the node has it on its disk: replaced as a whole, so that a crash leaves the old or the new. */
export class OrderFile {
  /** As it was at the start, less the time that has gone by; empty where there is none, or where it is damaged: peers know. */
  readonly found: readonly Order[];
  /** Why what was there could not be read; undefined where it could. */
  readonly damage: string | undefined;
  readonly #file: string;
  readonly #onTrouble: (why: string) => void;
  #waiting: readonly Order[] | undefined;
  #writing: Promise<void> | undefined;

  constructor(stateDir: string, onTrouble: (why: string) => void, wallClock = Date.now()) {
    this.#file = join(stateDir, 'orders');
    this.#onTrouble = onTrouble;
    const read = readOrders(this.#file, wallClock);
    this.found = typeof read === 'string' ? [] : read;
    this.damage = typeof read === 'string' ? read : undefined;
  }

  /** Over what was written before; of several that wait only the newest is written. */
  write(orders: readonly Order[]): void {
    this.#waiting = orders;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when all is written, or was given up. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let orders = this.#waiting; orders !== undefined; orders = this.#waiting) {
      this.#waiting = undefined;
      try {
        await replace(this.#file, JSON.stringify({ written: Date.now(), orders } satisfies Kept));
      } catch (error) {
        this.#onTrouble(
          `the orders of operators are not on the disk, and would not outlive a restart of all nodes: ${(error as Error).message}`,
        );
      }
    }
  }
}

async function replace(file: string, text: string): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true, mode: 0o755 });
  const handle = await open(`${file}.new`, 'w', 0o600);
  try {
    await handle.writeFile(`${text}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
}

function readOrders(file: string, wallClock: number): readonly Order[] | string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '') ? [] : (error as Error).message;
  }
  try {
    const { written, orders } = JSON.parse(text) as Kept;
    const passed = Math.max(0, wallClock - written);
    return orders
      .filter(({ kind }) => orderKinds.includes(kind))
      .map((order) =>
        order.remaining === undefined ? order : { ...order, remaining: Math.max(0, order.remaining - passed) },
      );
  } catch (error) {
    return `it is damaged: ${(error as Error).message}`;
  }
}
