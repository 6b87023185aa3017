/**
 * Addresses and devices through rtnetlink. Formats: linux/rtnetlink.h, linux/if_addr.h (`struct ifaddrmsg`,
 * `struct ifa_cacheinfo`) and linux/if_link.h with `struct ifinfomsg`.
 */
import { isIPv6 } from 'node:net';
import type { IpAddress, MacAddress } from '../../../model/names.ts';
import { addressBytes, addressOf } from '../addresses.ts';
import type { Request } from './connection.ts';
import { attribute, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, readAttributes, readU32, u32 } from './message.ts';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
/** The multicast group in which the kernel tells of devices (RTMGRP_LINK). */
export const linkNotifications = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
const IFA_F_NODAD = 0x02;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFF_UP = 0x1;
const IFF_LOWER_UP = 0x10000;

const family = (address: IpAddress): number => (isIPv6(address) ? AF_INET6 : AF_INET);

/** `struct ifaddrmsg`: family, prefix length, flags, scope (0: global), index of the device. */
function addressHeader(address: IpAddress, prefix: number, device: number): Buffer {
  return Buffer.concat([Buffer.from([family(address), prefix, 0, 0]), u32(device)]);
}

/**
 * Puts an address on a device, or renews its lifetime there (whole seconds; the kernel looks about once a second).
 * IPv6 comes without duplicate address detection, and deprecated, so that nothing leaves with it as its source.
 */
export function holdAddress(address: IpAddress, prefix: number, device: number, validSeconds: number): Request {
  const bytes = addressBytes(address);
  const preferred = isIPv6(address) ? 0 : validSeconds;
  const body = Buffer.concat([
    addressHeader(address, prefix, device),
    attribute(IFA_LOCAL, bytes),
    attribute(IFA_ADDRESS, bytes),
    attribute(IFA_FLAGS, u32(IFA_F_NODAD)),
    attribute(IFA_CACHEINFO, Buffer.concat([u32(preferred), u32(validSeconds), u32(0), u32(0)])),
  ]);
  return { type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_REPLACE, body };
}

/** Puts an address on a device for good; EEXIST where it is there. */
export function keepAddress(address: IpAddress, prefix: number, device: number): Request {
  const bytes = addressBytes(address);
  const body = Buffer.concat([
    addressHeader(address, prefix, device),
    attribute(IFA_LOCAL, bytes),
    attribute(IFA_ADDRESS, bytes),
    attribute(IFA_FLAGS, u32(IFA_F_NODAD)),
  ]);
  return { type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL, body };
}

/** Takes an address off a device, for IPv4 whatever its prefix; EADDRNOTAVAIL where it is not there. */
export function dropAddress(address: IpAddress, prefix: number, device: number): Request {
  const body = Buffer.concat([addressHeader(address, prefix, device), attribute(IFA_LOCAL, addressBytes(address))]);
  return { type: RTM_DELADDR, flags: 0, body };
}

/** Type and body of a dump of all devices. */
export function devicesRequest(): { readonly type: number; readonly body: Buffer } {
  return { type: RTM_GETLINK, body: Buffer.alloc(16) };
}

export interface DeviceState {
  readonly name: string;
  readonly index: number;
  /** undefined: the device has none of 6 bytes. */
  readonly mac: MacAddress | undefined;
  /** Administratively up, and with a carrier. */
  readonly up: boolean;
}

/** What RTM_NEWLINK says of a device. */
export function readDevice(body: Buffer): DeviceState | undefined {
  if (body.length < 16) return undefined;
  const flags = readU32(body, 8);
  const found = readAttributes(body.subarray(16));
  const name = found.get(IFLA_IFNAME)?.toString().replace(/\0.*$/, '');
  const mac = found.get(IFLA_ADDRESS);
  if (name === undefined) return undefined;
  return {
    name,
    index: readU32(body, 4),
    mac: mac?.length === 6 ? [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':') : undefined,
    up: (flags & IFF_UP) !== 0 && (flags & IFF_LOWER_UP) !== 0,
  };
}

/** Type and body of a dump of the addresses of one family: all families at once would take the kernel's lock of links. */
export function addressesRequest(version: 4 | 6): { readonly type: number; readonly body: Buffer } {
  return { type: RTM_GETADDR, body: Buffer.from([version === 6 ? AF_INET6 : AF_INET, 0, 0, 0, 0, 0, 0, 0]) };
}

export interface AddressState {
  /** Index of its device. */
  readonly device: number;
  /** Without a zone. */
  readonly address: IpAddress;
  readonly prefix: number;
}

/** What RTM_NEWADDR says of an address: IFA_LOCAL, since IFA_ADDRESS is the peer's where a device has one. */
export function readAddress(body: Buffer): AddressState | undefined {
  if (body.length < 8) return undefined;
  const found = readAttributes(body.subarray(8));
  const bytes = found.get(IFA_LOCAL) ?? found.get(IFA_ADDRESS);
  if (bytes?.length !== 4 && bytes?.length !== 16) return undefined;
  return { device: readU32(body, 4), address: addressOf(bytes), prefix: body[1]! };
}
