import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { within } from '../within.ts';
import { digest } from './disk-sector.ts';
import type { Reservation } from './reservation.ts';

const run = promisify(execFile);

/** Write exclusive, registrants only (SPC-4, 5.13): all may read, and who is registered may write. */
export const writeExclusive = '5';

interface Options {
  readonly device: string;
  readonly cluster: string;
  /** Milliseconds. */
  readonly lease: number;
  readonly now?: () => number;
  /** Runs sg_persist with these arguments; rejects where it ends with anything but 0. */
  readonly persist?: (args: readonly string[], timeout: number) => Promise<string>;
}

/**
 * SCSI-3 persistent reservation through sg_persist(8). Every node registers a key of its own; one reserves the disk. Whoever
 * takes a group over pre-empts its last holder's key, and from that instant the disk itself refuses what that node writes:
 * its renewals, and everything else that it has on the disk. A node that was locked out registers again only when a lease is
 * over since its last write: then its gates are shut by the kernel's own count.
 */
export class ScsiReservation implements Reservation {
  readonly #options: Options;
  readonly #persist: NonNullable<Options['persist']>;
  readonly #now: () => number;
  #registered = false;
  #wroteAt = Number.NEGATIVE_INFINITY;

  constructor(options: Options) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#persist = options.persist ?? ((args, timeout) => persistOn(options.device, args, timeout));
  }

  async hold(place: number): Promise<void> {
    const { lease, cluster } = this.#options;
    if (!this.#registered) {
      const over = this.#wroteAt + lease;
      if (this.#now() < over) throw new Error('another node has locked this one out, and its last lease is not over');
      const key = keyOf(cluster, place);
      await this.#do(['--out', '--register-ignore', `--param-sark=${key}`]);
      this.#registered = true;
      // Where somebody else has it, registrants may write all the same.
      await this.#do(['--out', '--reserve', `--param-rk=${key}`, `--prout-type=${writeExclusive}`]).catch(() => {});
    }
    this.#wroteAt = this.#now();
  }

  async take(place: number, losers: readonly number[]): Promise<void> {
    const { cluster } = this.#options;
    const key = keyOf(cluster, place);
    const registered = (await this.#do(['--in', '--read-keys'])).toLowerCase();
    for (const loser of losers) {
      const lost = keyOf(cluster, loser);
      if (!new RegExp(`0x0*${lost.replace(/^0x0*/, '')}\\b`).test(registered)) continue;
      const preempt = ['--out', '--preempt', `--param-rk=${key}`, `--param-sark=${lost}`];
      await this.#do([...preempt, `--prout-type=${writeExclusive}`]);
    }
    // A reservation that went with its holder's key, or that nobody had yet.
    await this.#do(['--out', '--reserve', `--param-rk=${key}`, `--prout-type=${writeExclusive}`]).catch(() => {});
  }

  /** The kernel says EBADE where a reservation was in the way. */
  async failed(error: unknown): Promise<void> {
    const { code } = error as { code?: unknown };
    if (code === 'EBADE' || code === 'EREMOTEIO' || code === 'EIO') this.#registered = false;
  }

  #do(args: readonly string[]): Promise<string> {
    const timeout = Math.max(500, this.#options.lease / 3);
    return within(this.#persist(args, timeout), timeout);
  }
}

/** How sg_persist(8) ends where something had happened since, and where the reservation is in the way. */
const unitAttention = 6;
const conflict = 24;

/** The disk has answered, and has done nothing of what it was asked for. */
export class Refused extends Error {}

/**
 * What sg_persist(8) says with these arguments. Rejects with a Refused, or with another error where nobody knows what came of
 * it. At a unit attention it is asked again. `timeout` is for each time; it ends the process, where the kernel lets it.
 */
export async function persistOn(device: string, args: readonly string[], timeout: number, tries = 3): Promise<string> {
  try {
    return (await run('sg_persist', [...args, device], { timeout, killSignal: 'SIGKILL' })).stdout;
  } catch (error) {
    const { code, stderr = '', message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === unitAttention && tries > 1) return persistOn(device, args, timeout, tries - 1);
    const Kind = code === unitAttention || code === conflict ? Refused : Error;
    throw new Kind(`sg_persist ${args[1]}: ${stderr.trim().split('\n').at(-1) || message}`);
  }
}

/** 64 bits: six bytes of the cluster's name and the place, so that a key says whose it is. */
export function keyOf(cluster: string, place: number): string {
  return `0x${digest(cluster, 6)}${place.toString(16).padStart(4, '0')}`;
}
