import type { GroupName } from './names.ts';

/** What is looked at. A program is called as Mon calls its monitors: its arguments, then the hosts; exit code 0 is well. */
export type MonitorCheck =
  | { readonly kind: 'ping' }
  | { readonly kind: 'tcp'; readonly port: number }
  | {
      readonly kind: 'http' | 'https';
      readonly port: number;
      readonly request: string;
      /** A regular expression that the answer must match; undefined: any answer of 2xx or 3xx is well. */
      readonly receive: string | undefined;
      readonly virtualHost: string | undefined;
    }
  | { readonly kind: 'program'; readonly program: string; readonly args: readonly string[] };

/** One service of a group of hosts, looked after by one node at a time. Times in milliseconds. */
export interface Monitor {
  /** Mon's watch group: a name for these hosts. */
  readonly group: string;
  readonly service: string;
  readonly hosts: readonly string[];
  /** Whoever holds this resource group looks; undefined: the first node that is there. */
  readonly runBy: GroupName | undefined;
  readonly check: MonitorCheck;
  readonly interval: number;
  readonly timeout: number;
  /** So many failures make an alert: in a row, or within a time. */
  readonly alertAfter: { readonly failures: number; readonly within: number | undefined };
  /** While it goes on failing it is told again after so long; undefined: once. */
  readonly alertEvery: number | undefined;
  /** Whether it is told that it is well again. */
  readonly upAlert: boolean;
  /** Other monitors by `monitorName`: while one of them fails, this one alerts nobody. */
  readonly depends: readonly string[];
  /** Names of alert targets; undefined: those that want to be told of monitors. */
  readonly alerts: readonly string[] | undefined;
}

/** `routers/ping` */
export function monitorName({ group, service }: Pick<Monitor, 'group' | 'service'>): string {
  return `${group}/${service}`;
}

export const defaultMonitor = { interval: 60_000, timeout: 10_000, failures: 1, upAlert: true } as const;
