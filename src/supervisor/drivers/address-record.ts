import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { dirname, join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import type { PlacedAddress } from './address.ts';
import type { Devices } from './devices.ts';
import { errno, NETLINK_ROUTE, NetlinkConnection } from './netlink/connection.ts';
import { dropAddress } from './netlink/route.ts';
import { runProgram } from './nft.ts';
import type { RawSockets } from './raw-sockets.ts';

/** Where an address was put; that it lies on `lo` too goes without saying. */
export type Placed = Pick<PlacedAddress, 'address' | 'prefix' | 'device'>;

const sameAddress = (left: Placed, right: Placed): boolean => left.address === right.address;
const samePlace = (left: Placed, right: Placed): boolean =>
  sameAddress(left, right) && left.device === right.device && left.prefix === right.prefix;

/** What is to leave a device, and which addresses `lo`: all that an earlier musterd placed and the configuration has no more. */
export function leftovers(
  before: readonly Placed[],
  now: readonly Placed[],
): { readonly devices: readonly Placed[]; readonly loopback: readonly Placed[] } {
  const devices = before.filter((placed) => !now.some((kept) => samePlace(kept, placed)));
  return { devices, loopback: devices.filter((placed) => !now.some((kept) => sameAddress(kept, placed))) };
}

/**
 * Which addresses musterd has placed since the boot, one a line (`ADDRESS/PREFIX DEVICE`): an address on `lo` says nothing
 * of who put it there, and the configuration forgets what it had. As the addresses do, the file ends with the boot.
 */
export class AddressRecord {
  readonly #file: string;

  constructor(runDir: string) {
    this.#file = join(runDir, 'addresses');
  }

  read(): readonly Placed[] {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch {
      return [];
    }
    return text.split('\n').flatMap((line) => {
      const match = /^(\S+)\/(\d+) (\S+)$/.exec(line);
      return match === null ? [] : [{ address: match[1]!, prefix: Number(match[2]), device: match[3]! }];
    });
  }

  /** To be called before the addresses are placed; throws where it cannot be written. */
  write(placed: readonly Placed[]): void {
    const next = `${this.#file}.new`;
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(next, placed.map(({ address, prefix, device }) => `${address}/${prefix} ${device}\n`).join(''));
    renameSync(next, this.#file);
  }
}

export interface Withdrawal {
  readonly runDir: string;
  readonly placed: readonly Placed[];
  readonly devices: Devices;
  readonly routeSockets: RawSockets;
  readonly now: () => number;
  readonly say: (what: string) => void;
  readonly warn: (why: string) => void;
}

/**
 * Takes away what an earlier musterd placed and the configuration has no more, and records what it has now. While the
 * gate of the earlier one still stands: the next one knows nothing of these addresses.
 */
export async function withdrawLeftovers(parts: Withdrawal): Promise<void> {
  const { placed, devices, say, warn } = parts;
  const record = new AddressRecord(parts.runDir);
  const { devices: old, loopback } = leftovers(record.read(), placed);
  const netlink = new NetlinkConnection(parts.routeSockets, NETLINK_ROUTE, parts.now);
  const drop = async ({ address, prefix, device }: Placed): Promise<boolean> => {
    const found = devices.get(device);
    if (found === undefined) return true;
    const { error } = await netlink.request(dropAddress(address, prefix, found.index));
    if (error === 0) say(`${address} was taken off ${device}, as the configuration has it no more`);
    const gone = error === 0 || error === errno.EADDRNOTAVAIL || error === errno.ENODEV;
    if (!gone)
      warn(
        `${address} does not go off ${device}, where the configuration has it no more: ${getSystemErrorName(-error)}`,
      );
    return gone;
  };
  try {
    const stuck: Placed[] = [];
    for (const place of old) {
      const ours = !(await isPermanent(place));
      const onLo = loopback.includes(place)
        ? [{ ...place, device: 'lo', prefix: isIPv6(place.address) ? 128 : 32 }]
        : [];
      const gone = await Promise.all([...(ours ? [place] : []), ...onLo].map(drop));
      if (gone.includes(false)) stuck.push(place);
    }
    record.write([...placed, ...stuck]);
  } catch (error) {
    warn(`the addresses that are placed now could not be recorded: ${(error as Error).message}`);
  } finally {
    netlink.close();
  }
}

/**
 * What musterd puts on a device has a lifetime; an address without one is somebody else's by now, and stays. So does what
 * the kernel does not tell in time: were it ours, it would go by itself.
 */
async function isPermanent({ address, device }: Placed): Promise<boolean> {
  const args = ['-o', 'addr', 'show', 'dev', device, 'to', address];
  const { stdout, timedOut } = await runProgram('ip', args, '', 30_000);
  if (timedOut) return true;
  return stdout.includes(' inet') && !stdout.includes(' dynamic ');
}
