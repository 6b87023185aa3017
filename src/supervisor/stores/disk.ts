import type { StoreAnswer, StoreRecord, StoreWrite } from '../../core/store-record.ts';
import type { GroupName, NodeName } from '../../model/names.ts';
import type { Blocks } from './disk-blocks.ts';
import { type Current, currentOf, parseDisk, type Sectors, swapAll } from './disk-register.ts';
import { blockSize, digest, diskSize, type NodeSector, readHeader, writeNode } from './disk-sector.ts';
import { NoReservation, type Reservation } from './reservation.ts';
import { type Store, Trouble } from './store.ts';

/** A sector that is read while it is written may come torn where the device is a file; it is read again so many times. */
const rereads = 5;

interface Options {
  readonly device: string;
  readonly cluster: string;
  readonly self: NodeName;
  readonly nodes: readonly NodeName[];
  /** All that the cluster has; others leave the own sector. */
  readonly groups: readonly GroupName[];
  readonly incarnation: string;
  /** Milliseconds. */
  readonly lease: number;
  readonly onTrouble: (why: string) => void;
}

/** A quorum disk as a lease store; `disk-register.ts` says how a disk compares and swaps. */
export class DiskStore implements Store {
  readonly #options: Options;
  readonly #blocks: Blocks;
  readonly #reservation: Reservation;
  readonly #troubles: Readonly<Record<'read' | 'write', Trouble>>;
  readonly #ids: ReadonlyMap<GroupName, string>;
  #busySince: number | undefined;
  #wrote = false;

  constructor(options: Options, blocks: Blocks, reservation: Reservation = new NoReservation()) {
    this.#options = options;
    this.#blocks = blocks;
    this.#reservation = reservation;
    this.#troubles = {
      read: new Trouble(options.onTrouble, `${options.device} can be read again`),
      write: new Trouble(options.onTrouble, `${options.device} can be written again`),
    };
    this.#ids = new Map(options.groups.map((group) => [group, digest(group, 8)]));
  }

  read(groups: readonly GroupName[]): Promise<readonly StoreAnswer[]> {
    return this.#alone('read', async () => {
      const { sectors, places } = await this.#readAll();
      // Who can write nothing is no candidate, and is handed nothing.
      this.#placeIn(places);
      return groups.map((group) => {
        const current = currentOf(sectors, this.#id(group));
        return { group, ok: true, ...this.#toAnswer(current, sectors, places) };
      });
    });
  }

  write(writes: readonly StoreWrite[]): Promise<readonly StoreAnswer[]> {
    return this.#alone('write', async () => {
      const first = await this.#readAll();
      const { places } = first;
      const place = this.#placeIn(places);
      await this.#reservation.hold(place);
      let sectors = first.sectors;
      let unread: typeof sectors | undefined = first.sectors;
      const disk: Sectors = {
        place,
        incarnation: this.#options.incarnation,
        read: async () => {
          sectors = unread ?? (await this.#readAll()).sectors;
          unread = undefined;
          const own = sectors.get(place);
          if (this.#wrote && own?.incarnation === '') throw new Error('it was formatted anew; start musterd again');
          if (this.#wrote && own?.incarnation !== this.#options.incarnation)
            throw new Error(`another musterd writes to it as ${this.#options.self}`);
          return sectors;
        },
        write: async (own) => {
          await this.#blocks.write(blockSize * place, writeNode(this.#options.cluster, own));
          this.#wrote = true;
        },
      };
      const swaps = writes.map(({ group, expected, record }) => ({
        group: this.#id(group),
        expected,
        record: {
          lease: record.lease,
          released: record.holder === undefined,
          to: record.to === undefined ? 0 : places.indexOf(digest(record.to, 8)) + 1,
          nonce: record.nonce.slice(0, 24),
        },
      }));
      const outcomes = await swapAll(disk, swaps, [...this.#ids.values()], (losers) =>
        this.#reservation.take(place, losers),
      );
      return writes.map(({ group }, index) => {
        const { ok } = outcomes[index]!;
        return { group, ok, ...this.#toAnswer(outcomes[index]!, sectors, places) };
      });
    });
  }

  async stop(): Promise<void> {
    await this.#blocks.stop();
  }

  #placeIn(places: readonly string[]): number {
    const place = places.indexOf(digest(this.#options.self, 8)) + 1;
    if (place === 0) throw new Error(`${this.#options.self} has no place on it; give it one: musterd format-disk`);
    return place;
  }

  #id(group: GroupName): string {
    return this.#ids.get(group) ?? digest(group, 8);
  }

  /** One request at a time: what hangs in the device has to come to its end before the next one begins. */
  async #alone<T>(kind: 'read' | 'write', run: () => Promise<T>): Promise<T> {
    const trouble = this.#troubles[kind];
    const now = performance.now();
    if (this.#busySince !== undefined) {
      const since = Math.round(now - this.#busySince);
      if (since > this.#options.lease / 3) trouble.note(`${this.#options.device} does not answer`);
      throw new Error(`${this.#options.device} has not answered for ${since} ms`);
    }
    this.#busySince = now;
    try {
      const result = await run();
      trouble.over();
      return result;
    } catch (error) {
      const { message } = error as Error;
      await this.#reservation.failed(error);
      trouble.note(`Cannot keep leases on "${this.#options.device}" as it must be the cluster's disk: ${message}`);
      throw error;
    } finally {
      this.#busySince = undefined;
    }
  }

  async #readAll(): Promise<{ sectors: Map<number, NodeSector>; places: readonly string[] }> {
    const { cluster } = this.#options;
    for (let tries = 1; ; tries++) {
      const bytes = await this.#blocks.read(0, diskSize);
      try {
        const sectors = parseDisk(bytes, cluster, blockSize);
        return { sectors, places: readHeader(bytes, cluster) as readonly string[] };
      } catch (error) {
        if (tries > rereads) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  #toAnswer(
    { version, place, entry }: Current,
    sectors: ReadonlyMap<number, NodeSector>,
    places: readonly string[],
  ): Pick<StoreAnswer, 'version' | 'record'> {
    if (entry === undefined) return { version, record: undefined };
    const nameOf = (at: number): NodeName =>
      this.#options.nodes.find((node) => digest(node, 8) === places[at - 1]) ?? `place ${at} of the quorum disk`;
    const record: StoreRecord = {
      holder: entry.released ? undefined : nameOf(place),
      to: entry.to === 0 ? undefined : nameOf(entry.to),
      incarnation: entry.formerLife ? '0'.repeat(32) : (sectors.get(place)?.incarnation ?? ''),
      nonce: entry.nonce,
      lease: entry.lease,
    };
    return { version, record };
  }
}
