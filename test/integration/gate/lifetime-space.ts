import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Edit } from '../../simulation/defect.ts';
import { removeLinks } from '../supervisor/namespaces.ts';
import type { LifetimeOrder } from './lifetime-keeper.ts';
import { virtualIps } from './network.ts';
import { Ordered } from './ordered.ts';

const keeper = join(import.meta.dirname, 'lifetime-keeper.ts');

/** A network namespace with one device, where the virtual addresses are for as long as their lifetime lets them. */
export class LifetimeSpace {
  readonly #space: string;
  readonly #directory = mkdtempSync(join(tmpdir(), 'muster-lifetime-'));
  readonly #keeper = new Ordered<LifetimeOrder>(keeper, this.#directory);
  #nudges = 0;

  constructor(number: number) {
    this.#space = `lifetime-${process.pid}-${number}`;
    try {
      execFileSync('ip', ['netns', 'add', this.#space]);
      this.#ip('link', 'set', 'lo', 'up');
      this.#ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other');
      for (const device of ['eth0', 'other']) this.#ip('link', 'set', device, 'up');
    } catch (error) {
      void this.remove();
      throw error;
    }
  }

  /** With these edits in its source. The addresses were there before it started, as a guard with a packet filter leaves them. */
  async start(name: string, edits: readonly Edit[]): Promise<void> {
    await this.#keeper.stop();
    for (const device of ['eth0', 'lo']) {
      this.#ip('address', 'flush', 'dev', device);
      this.put(device);
    }
    await this.#keeper.start(name, edits, (program) => [
      ...['ip', 'netns', 'exec', this.#space],
      ...[process.execPath, program, ...virtualIps],
    ]);
  }

  /** What it says to an order: whether the kernel has done it, and in time. */
  order(order: LifetimeOrder): Promise<boolean> {
    return this.#keeper.order(order);
  }

  /** Somebody puts the addresses there, for good. */
  put(device: string): void {
    const [four, six] = device === 'lo' ? [32, 128] : [24, 64];
    for (const address of virtualIps) this.#add(`${address}/${address.includes(':') ? six : four}`, device);
  }

  /** Which of the addresses are there now, and where. */
  there(): string[] {
    const lines = this.#ip('-o', 'address', 'show').split('\n');
    return virtualIps.flatMap((address) =>
      ['eth0', 'lo'].flatMap((device) =>
        lines.some((line) => line.includes(` ${device} `) && line.includes(` ${address}/`))
          ? [`${address} on ${device}`]
          : [],
      ),
    );
  }

  /** Whenever an address comes the kernel looks for those whose time is over, and then not again for a whole second. */
  nudge(): void {
    this.#nudges++;
    this.#add(`10.9.0.${this.#nudges}/32`, 'eth0');
    this.#add(`fd00:9::${this.#nudges}/128`, 'eth0');
  }

  async remove(): Promise<void> {
    await this.#keeper.stop();
    removeLinks(this.#space);
    try {
      execFileSync('ip', ['netns', 'delete', this.#space], { stdio: 'ignore' });
    } catch {
      // It was never made.
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #add(address: string, device: string): void {
    this.#ip('address', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
  }

  #ip(...words: readonly string[]): string {
    return execFileSync('ip', ['-n', this.#space, ...words], { encoding: 'utf8' });
  }
}
