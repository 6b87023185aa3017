import type { IpAddress, ServiceName } from './names.ts';

export type Protocol = 'tcp' | 'udp';
export type ForwardingMethod = 'gate' | 'masq' | 'ipip';
/** The kernel's schedulers (IPVS), by the names that `ipvsadm -s` takes. */
export const schedulers = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
  'twos',
] as const;
export type Scheduler = (typeof schedulers)[number];

/** How a real server is looked after; the words are ldirectord's. */
export interface Check {
  readonly type: 'connect' | 'negotiate' | 'ping' | 'external' | 'off' | 'on';
  /** For `negotiate`: what protocol is spoken (http, https, smtp, ...). */
  readonly service: string | undefined;
  readonly request: string | undefined;
  /** A regular expression that the answer must match. */
  readonly receive: string | undefined;
  readonly port: number | undefined;
  readonly virtualHost: string | undefined;
  readonly command: string | undefined;
  /** Milliseconds between two checks. */
  readonly interval: number;
  /** Milliseconds after which a check has failed. */
  readonly timeout: number;
  /** Checks in a row that must succeed before a server counts as alive. */
  readonly rise: number;
  /** Checks in a row that must fail before a server counts as dead (ldirectord's `failurecount`). */
  readonly fall: number;
}

export interface RealServer {
  readonly address: IpAddress;
  readonly port: number;
  /** `gate` is direct routing (VS/DR), `masq` NAT, `ipip` a tunnel. */
  readonly forwarding: ForwardingMethod;
  readonly weight: number;
}

export interface VirtualService {
  readonly name: ServiceName;
  readonly address: IpAddress;
  readonly port: number;
  readonly protocol: Protocol;
  readonly scheduler: Scheduler;
  /** Seconds that a client stays with its real server; undefined: no persistence. */
  readonly persistent: number | undefined;
  readonly realServers: readonly RealServer[];
  readonly fallback: RealServer | undefined;
  /** Dead servers keep weight 0 instead of leaving the table. */
  readonly quiescent: boolean;
  readonly check: Check;
}

/** `10.77.0.100:80/tcp`: the key of a virtual service, the same on every node. */
export function serviceKey(service: Pick<VirtualService, 'address' | 'port' | 'protocol'>): string {
  const host = service.address.includes(':') ? `[${service.address}]` : service.address;
  return `${host}:${service.port}/${service.protocol}`;
}
