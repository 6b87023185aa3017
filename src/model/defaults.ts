import type { Profile, Timings } from './cluster.ts';

/**
 * Timings of a cluster of three voters on a LAN. The lease survives a lost renewal and the 31 ms by which a Node timer was
 * seen to slip under load; half a keepalive less than it is what users wait at a plug-pull, in the middle. The fast one
 * survives either, not both, and renews fifty times a second: it wants SCHED_FIFO, which the unit gives it.
 */
export const profiles: Readonly<Record<Profile, Timings>> = {
  default: { keepalive: 110, deadtime: 300, warntime: 220, initdead: 600, lease: 270 },
  fast: { keepalive: 20, deadtime: 100, warntime: 60, initdead: 400, lease: 80 },
};

export const defaultTimings: Timings = profiles.default;

/**
 * What is left out follows from what is there: a cluster of 2008 that says only `deadtime 30` is not to beat ten times a
 * second. A beat may come 1.7 keepalives after the one before it, so a warning comes no earlier than at two.
 */
export function completeTimings(
  given: { readonly [name in keyof Timings]?: number | undefined },
  profile: Profile = 'default',
): Timings {
  if (given.keepalive === undefined && given.deadtime === undefined) return { ...profiles[profile], ...defined(given) };
  const deadtime = given.deadtime ?? given.keepalive! * 4;
  const keepalive = given.keepalive ?? Math.min(2000, deadtime / 4);
  const warntime = given.warntime ?? Math.round(Math.max(deadtime / 2, Math.min(2 * keepalive, 0.8 * deadtime)));
  return { keepalive, deadtime, warntime, initdead: given.initdead ?? deadtime * 2, lease: given.lease ?? deadtime };
}

function defined<T extends object>(given: T): Partial<Timings> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** The UDP port of heartbeat, which IANA calls `ha-cluster`. */
export const defaultUdpPort = 694;

/** The port on which an arbiter answers (heartbeat's quorumd had the same). */
export const defaultArbiterPort = 5561;

export const defaultDriftBound = 0.001;
