/**
 * Every directive of ha.cf that heartbeat 3 knows: those of its manual page `ha.cf(5)`, those that only the table in its
 * binary has, those of its link plug-ins, and some that older releases had. What each does here is in words for people.
 */
export interface Directive {
  /**
   * `works`: it changes what musterd does. `none`: it has no meaning here, which is said once at start.
   */
  readonly effect: 'works' | 'none';
  /** What it does here, or why it does nothing. */
  readonly here: string;
}

const works = (here: string): Directive => ({ effect: 'works', here });
const none = (here: string): Directive => ({ effect: 'none', here });

const logging = none('the journal has everything that musterd says');
const serial = none('serial links are not supported; use ucast, bcast or mcast');
const placement = none('musterd places the resource groups itself');
const wire = none("musterd speaks a protocol of its own, not heartbeat's");
const plugin = none('musterd loads no heartbeat plug-ins or clients');
const coreDumps = none('the system decides about core dumps');
const majority = none('a majority of the voters decides; an arbiter is named in muster.yml');

export const haCfDirectives: Readonly<Record<string, Directive>> = {
  cluster: works('the name of the cluster'),
  node: works('the nodes, in the order that breaks ties; one name or several a line'),
  keepalive: works('the time between two heartbeats'),
  deadtime: works('silence after which a node counts as dead; the length of the lease unless muster.yml says another'),
  warntime: works('silence after which a node counts as late'),
  initdead: works('the time that a node is given to come up, right after the start of this one'),
  udpport: works('the UDP port of all ucast and bcast links'),
  ucast: works('a link to one address, of IPv4 or IPv6'),
  ucast6: works('a link to one IPv6 address'),
  bcast: works("a link to a device's broadcast address; several devices a line"),
  mcast: works('a link to a multicast group, of IPv4 or IPv6'),
  mcast6: works('a link to an IPv6 multicast group'),
  auto_failback: works('whether groups go back to their preferred node; "legacy" means "on"'),
  nice_failback: works('the opposite of auto_failback'),
  ping: works('addresses that answer while the network is there; who reaches fewer of them hands its groups over'),
  ping6: works('as ping, for IPv6 addresses'),
  ping_group: works('a name, then addresses of which any one that answers is enough; it counts as one ping node'),
  deadping: works('silence after which a ping node counts as gone'),
  respawn: works('a user and a program that is started again whenever it exits, unless with code 100'),
  env: works('a variable NAME=VALUE in the environment of resource agents and of what respawn starts'),
  watchdog: works('a watchdog device that is fed while musterd is healthy'),
  realtime: works('"off": musterd asks for no real-time priority'),
  rtprio: works('the real-time priority of musterd, 1 to 99 (default 49)'),
  stonith: works('a device that fences nodes: its type, and the file of its parameters (cluster-glue)'),
  stonith_host: works(
    'a device that fences nodes: who may use it (* for all), its type, its parameters (cluster-glue)',
  ),
  quorum_server: majority,
  hbaping: none('Fibre Channel ping is not supported'),
  serial,
  baud: serial,
  hopfudge: none('only messages over serial links were forwarded'),
  rds: none('RDS links are not supported; use ucast, bcast or mcast'),
  openais: none('openais links are not supported; use ucast, bcast or mcast'),
  use_logd: logging,
  conn_logd_time: logging,
  logfile: logging,
  debugfile: logging,
  logfacility: logging,
  debug: logging,
  log_badpack: logging,
  syslogmsgfmt: logging,
  crm: placement,
  pacemaker: placement,
  release2: placement,
  crm_daemon_dir: placement,
  crmd_spawns_pengine: placement,
  record_config_changes: placement,
  record_pengine_inputs: placement,
  enable_config_writes: placement,
  msgfmt: wire,
  compression: wire,
  compression_threshold: wire,
  traditional_compression: wire,
  hbversion: wire,
  max_rexmit_delay: wire,
  generation_method: none('starts are counted in a file, or in /run where the disk cannot be written'),
  hbgenmethod: none('starts are counted in a file, or in /run where the disk cannot be written'),
  uuidfrom: none('a node is known by its name'),
  autojoin: none('every node is named by a node line'),
  quorum: majority,
  tiebreaker: majority,
  apiauth: plugin,
  apphbd: plugin,
  use_apphbd: plugin,
  register_to_apphbd: plugin,
  memreserve: none('musterd locks its memory wherever it may'),
  normalpoll: none('there is one way to wait'),
  coredumps: coreDumps,
  coreprof: coreDumps,
  coreroot: coreDumps,
  core_rootdir: coreDumps,
};

/** Lines for people: each directive, whether it works, and what it does or why it does nothing. */
export function describeDirectives(): string[] {
  const words = { works: 'works', none: 'no meaning' };
  return Object.entries(haCfDirectives)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, { effect, here }]) => `${name.padEnd(24)}${words[effect].padEnd(12)}${here}`);
}
