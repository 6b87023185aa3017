import type { Timings } from './cluster.ts';

/**
 * Timings of a cluster of three voters on a LAN. A lease of 200 ms that is renewed every 50 ms survives two lost renewals
 * and the 31 ms by which a Node timer was seen to slip under load.
 */
export const defaultTimings: Timings = { keepalive: 50, deadtime: 200, warntime: 100, initdead: 400, lease: 200 };

/** The UDP port of heartbeat, which IANA calls `ha-cluster`. */
export const defaultUdpPort = 694;

/** The port on which an arbiter answers (heartbeat's quorumd had the same). */
export const defaultArbiterPort = 5561;

export const defaultDriftBound = 0.001;
