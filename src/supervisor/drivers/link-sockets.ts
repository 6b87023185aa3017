import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP, isIPv6 } from 'node:net';
import type { IpAddress } from '../../model/names.ts';

/** `fe80::1%eth0` without `%eth0`. */
export function withoutZone(address: IpAddress): IpAddress {
  const zone = address.indexOf('%');
  return zone < 0 ? address : address.slice(0, zone);
}

/** Addresses that mean nothing without their device: link-local ones and multicast. */
export function withZone(address: IpAddress, device: string): IpAddress {
  return /^f(e[89ab]|f)/i.test(address) && isIPv6(address) ? `${address}%${device}` : address;
}

/** The numeric address of a name; rejects where there is none. */
export async function resolveAddress(name: string): Promise<IpAddress> {
  return isIP(withoutZone(name)) === 0 ? (await lookup(name)).address : name;
}

/**
 * A UDP socket that gets only what is sent to this one address, so that the link which a datagram took is known. `shared`
 * (multicast): others may be bound to the same. Rejects with the system's error.
 */
export async function openSocket(
  address: IpAddress,
  port: number,
  shared: boolean,
  onDatagram: (bytes: Buffer, from: RemoteInfo) => void,
  onError: (error: Error) => void,
): Promise<Socket> {
  const version = isIPv6(withoutZone(address)) ? 6 : 4;
  // All addresses are numeric: without a lookup of its own, each datagram would go through the resolver's queue.
  const numeric = (host: string, _: object, done: (error: null, address: string, family: number) => void): void =>
    done(null, host, version);
  const type = version === 6 ? ('udp6' as const) : ('udp4' as const);
  const socket = createSocket({
    type,
    lookup: numeric,
    reuseAddr: shared,
    ...(version === 6 ? { ipv6Only: true } : {}),
  });
  const listening = once(socket, 'listening');
  socket.bind({ address, port, exclusive: true });
  try {
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', onError);
  socket.on('message', onDatagram);
  return socket;
}
