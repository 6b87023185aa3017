import type { Check } from '../model/virtual-service.ts';

/**
 * What is known about one real server of one virtual service.
 *
 *   unknown ----first success----> alive <--`rise` successes in a row-- dead
 *   inherited --first success----> alive ---`fall` failures in a row--> dead
 *   inherited / unknown --first failure--> dead
 *   any state --its node is confirmed dead--> gone --its node is heard again--> dead
 *
 * `inherited`: nothing was checked yet, but the kernel's table, left by a musterd before this one, sends it traffic; so
 * a restart moves none. `unknown` servers get nothing until they have once answered. `gone`: a web server that answers on
 * a machine that starts gets nothing yet, as the virtual address is there only when its supervisor is.
 */
export interface Health {
  readonly state: 'unknown' | 'inherited' | 'alive' | 'dead' | 'gone';
  /** Results in a row that speak against the state. */
  readonly against: number;
}

export type HealthEvent =
  | { readonly type: 'checked'; readonly ok: boolean }
  /** Membership and a check of its own agree that the machine is gone: no `fall` to wait for. */
  | { readonly type: 'nodeDead' }
  /** The machine's supervisor is heard again. */
  | { readonly type: 'nodeBack' };

/** The state before any check. */
export function startHealth(inKernelTable: boolean): Health {
  return { state: inKernelTable ? 'inherited' : 'unknown', against: 0 };
}

/** The next state; `rise` and `fall` are counts of checks in a row, at least 1. */
export function stepHealth(health: Health, event: HealthEvent, limits: Pick<Check, 'rise' | 'fall'>): Health {
  if (event.type === 'nodeDead') return { state: 'gone', against: 0 };
  if (event.type === 'nodeBack') return health.state === 'gone' ? { state: 'dead', against: 0 } : health;
  switch (health.state) {
    case 'unknown':
    case 'inherited':
      return { state: event.ok ? 'alive' : 'dead', against: 0 };
    case 'alive':
      return count(health, !event.ok, limits.fall, 'dead');
    case 'dead':
      return count(health, event.ok, limits.rise, 'alive');
    case 'gone':
      return health;
  }
}

function count(health: Health, against: boolean, limit: number, next: Health['state']): Health {
  if (!against) return health.against === 0 ? health : { state: health.state, against: 0 };
  const seen = health.against + 1;
  return seen >= limit ? { state: next, against: 0 } : { state: health.state, against: seen };
}

/** Whether new traffic may be sent to a server in this state. */
export function isServing(health: Health): boolean {
  return health.state === 'alive' || health.state === 'inherited';
}

/** As `status` says it: null where nothing was checked yet. */
export function aliveOrUnknown(health: Health): boolean | null {
  return health.state === 'alive' ? true : health.state === 'dead' || health.state === 'gone' ? false : null;
}
