import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Edit } from '../../simulation/defect.ts';
import { removeLinks, virtualIp, virtualIp6 } from '../supervisor/namespaces.ts';
import type { GateOrder } from './keeper.ts';
import { Ordered } from './ordered.ts';

export const virtualIps = [virtualIp, virtualIp6];
const keeper = join(import.meta.dirname, 'keeper.ts');
const places = { client: 10, node: 11, peer: 12, heir: 13 };

export type Place = keyof typeof places;

export const macOf = (place: Place): string => `02:00:00:77:00:${places[place]}`;
const addressesOf = (place: Place): string[] => [`10.77.0.${places[place]}`, `fd00:77::${places[place]}`];

/** Addresses of the client that nobody knows the MAC of. */
export const elsewhere = ['10.77.0.20', 'fd00:77::20'];

/**
 * A node with a gate, a peer director, the heir that it hands over to and a client, each in a network namespace of its own; the
 * client's has the switch. The virtual addresses lie on the node, and on the heir, which has no gate, but is asked by nobody:
 * it answers what is passed on to it. Everybody knows the others' own addresses, so that nobody has to ask to be able to answer.
 */
export class GateNetwork {
  readonly #prefix: string;
  readonly #directory = mkdtempSync(join(tmpdir(), 'muster-gate-'));
  readonly #keeper = new Ordered<GateOrder>(keeper, this.#directory);

  constructor(number: number) {
    this.#prefix = `gate-${process.pid}-${number}-`;
    try {
      for (const place of ['client', 'node', 'peer', 'heir'] as const) this.#make(place);
    } catch (error) {
      void this.remove();
      throw error;
    }
  }

  /** The gate with these edits in its source, shut; nothing is left of one before. */
  async start(name: string, edits: readonly Edit[]): Promise<void> {
    await this.#keeper.stop();
    this.run('node', 'nft', 'flush', 'ruleset');
    const index = this.run('node', 'cat', '/sys/class/net/eth0/ifindex').trim();
    await this.#keeper.start(name, edits, (program) =>
      this.#inside('node', process.execPath, program, macOf('node'), index, ...virtualIps),
    );
  }

  /** What the gate says to an order: whether the kernel has done it. */
  order(order: GateOrder): Promise<boolean> {
    return this.#keeper.order(order);
  }

  run(place: Place, ...command: readonly string[]): string {
    const [program, ...words] = this.#inside(place, ...command);
    return execFileSync(program!, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Whether somebody answers a ping: that the frame was accepted. `from` is the sender's address where it is not its own. */
  answers(place: Place, address: string, from?: string): Promise<boolean> {
    const as = from === undefined ? [] : ['-I', from];
    const ping = ['ping', '-n', '-q', '-c', '3', '-i', '0.05', '-W', '0.3', ...as, address];
    const [program, ...words] = this.#inside(place, ...ping);
    return new Promise((resolve) => execFile(program!, words, (error) => resolve(error === null)));
  }

  /** Which virtual addresses a place takes to be at the node's MAC. */
  believes(place: Place): string[] {
    const lines = ['-4', '-6'].flatMap((family) => this.#ip(place, family, 'neighbour', 'show').split('\n'));
    return virtualIps.filter((address) =>
      lines.some((line) => line.startsWith(`${address} `) && line.includes(`lladdr ${macOf('node')}`)),
    );
  }

  /** `to` undefined: the place knows nothing of where the addresses are. */
  teach(place: Place, to: string | undefined, state = 'permanent'): void {
    for (const address of virtualIps) {
      // One that is being asked for cannot be deleted, but replaced.
      this.#ip(place, 'neighbour', 'replace', address, 'lladdr', to ?? macOf('client'), 'dev', 'eth0', 'nud', state);
      if (to === undefined) this.#ip(place, 'neighbour', 'delete', address, 'dev', 'eth0');
    }
  }

  async remove(): Promise<void> {
    await this.#keeper.stop();
    removeLinks(`${this.#prefix}client`);
    for (const place of Object.keys(places)) {
      try {
        execFileSync('ip', ['netns', 'delete', this.#prefix + place], { stdio: 'ignore' });
      } catch {
        // It was never made.
      }
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #make(place: Place): void {
    execFileSync('ip', ['netns', 'add', this.#prefix + place]);
    this.#ip(place, 'link', 'set', 'lo', 'up');
    if (place === 'client') this.#ip(place, 'link', 'add', 'eth0', 'type', 'bridge', 'mcast_snooping', '0');
    else {
      const switchSide = ['-n', `${this.#prefix}client`, 'link'];
      const other = ['peer', 'name', 'eth0', 'netns', this.#prefix + place];
      execFileSync('ip', [...switchSide, 'add', `p-${place}`, 'type', 'veth', ...other]);
      execFileSync('ip', [...switchSide, 'set', `p-${place}`, 'master', 'eth0', 'up']);
    }
    // Whoever speaks from a virtual address asks from it, too; the last that was said of an address counts.
    const settings = ['ipv4.conf.all.arp_announce=0', 'ipv4.conf.all.arp_ignore=1', 'ipv4.neigh.eth0.locktime=0'];
    this.run(place, 'sysctl', '-qw', ...settings.map((setting) => `net.${setting}`), 'net.ipv6.conf.eth0.accept_dad=0');
    this.#ip(place, 'link', 'set', 'eth0', 'address', macOf(place), 'up');
    for (const address of [...addressesOf(place), ...(place === 'client' ? elsewhere : [])])
      this.#add(place, 'eth0', address, address.includes(':') ? 64 : 24);
    if (place === 'node') for (const address of virtualIps) this.#add(place, 'eth0', address);
    if (place === 'heir') for (const address of virtualIps) this.#add(place, 'lo', address);
    for (const other of ['client', 'node', 'peer', 'heir'] as const)
      if (other !== place)
        for (const address of addressesOf(other))
          this.#ip(place, 'neighbour', 'replace', address, 'lladdr', macOf(other), 'dev', 'eth0', 'nud', 'permanent');
  }

  #add(place: Place, device: string, address: string, length = address.includes(':') ? 128 : 32): void {
    const nodad = address.includes(':') ? ['nodad'] : [];
    this.#ip(place, 'address', 'add', `${address}/${length}`, 'dev', device, ...nodad);
  }

  #ip(place: string, ...words: readonly string[]): string {
    return execFileSync('ip', ['-n', this.#prefix + place, ...words], { encoding: 'utf8' });
  }

  #inside(place: string, ...command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.#prefix + place, ...command];
  }
}
