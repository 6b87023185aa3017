/** What somebody may want to be told of, as `events` of a target names it. */
export const alertEvents = [
  'failover',
  'switchover',
  'node',
  'quorum',
  'resource',
  'fencing',
  'link',
  'monitor',
  'warning',
] as const;
export type AlertEvent = (typeof alertEvents)[number];

/** Of what a target is told that does not say: planned moves are no news, and the journal's other warnings are many. */
export const defaultAlertEvents: readonly AlertEvent[] = alertEvents.filter(
  (event) => event !== 'switchover' && event !== 'warning',
);

/** How somebody is told. */
export type AlertWay =
  /** An alert script of Mon, or any program that takes its arguments: -s service -g group -h hosts -t time [-u]. */
  | { readonly kind: 'exec'; readonly program: string; readonly args: readonly string[] }
  /** Through the machine's sendmail. */
  | { readonly kind: 'mail'; readonly to: readonly string[] }
  /** A POST with one JSON object. */
  | { readonly kind: 'webhook'; readonly url: string };

export interface AlertTarget {
  readonly name: string;
  readonly way: AlertWay;
  readonly events: readonly AlertEvent[];
  /** For one try; milliseconds. */
  readonly timeout: number;
}

export const defaultAlertTimeout = 10_000;
