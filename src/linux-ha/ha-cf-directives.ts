/**
 * Every directive of ha.cf that heartbeat 3 and its forebears know (their manual page `ha.cf(5)`, and those that only the
 * binary knew), with what it means here. The three kinds: `read` changes the model, `kept` is remembered for the
 * parts that act on it (fencing, watchdog), anything else is a reason why it has no meaning.
 */
export type DirectiveKind = 'read' | 'kept' | { readonly noMeaning: string };

const no = (noMeaning: string): DirectiveKind => ({ noMeaning });
const logging = no('the journal has everything that musterd says');
const serial = no('serial links are not supported; use ucast, bcast or mcast');
const crm = no('musterd places the resource groups itself');
const wire = no("musterd speaks a protocol of its own, not heartbeat's");
const plugin = no('musterd loads no heartbeat plug-ins or clients');

export const haCfDirectives: Readonly<Record<string, DirectiveKind>> = {
  cluster: 'read',
  node: 'read',
  keepalive: 'read',
  deadtime: 'read',
  warntime: 'read',
  initdead: 'read',
  udpport: 'read',
  ucast: 'read',
  bcast: 'read',
  mcast: 'read',
  auto_failback: 'read',
  nice_failback: 'read',
  ping: 'read',
  ping6: 'read',
  stonith: 'kept',
  stonith_host: 'kept',
  watchdog: 'kept',
  deadping: 'kept',
  ping_group: 'kept',
  quorum_server: 'kept',
  respawn: 'kept',
  mcast6: no('use ucast with an IPv6 address'),
  ucast6: no('ucast takes IPv6 addresses'),
  hbaping: no('Fibre Channel ping is not supported'),
  serial,
  baud: serial,
  rds: no('RDS links are not supported; use ucast, bcast or mcast'),
  openais: no('openais links are not supported; use ucast, bcast or mcast'),
  use_logd: logging,
  conn_logd_time: logging,
  logfile: logging,
  debugfile: logging,
  logfacility: logging,
  debug: logging,
  log_badpack: logging,
  syslogmsgfmt: logging,
  crm,
  pacemaker: crm,
  release2: crm,
  record_config_changes: crm,
  record_pengine_inputs: crm,
  enable_config_writes: crm,
  msgfmt: wire,
  compression: wire,
  compression_threshold: wire,
  traditional_compression: wire,
  hopfudge: wire,
  hbversion: wire,
  max_rexmit_delay: wire,
  generation_method: wire,
  hbgenmethod: wire,
  uuidfrom: wire,
  autojoin: no('every node is named by a node line'),
  quorum: no('a majority of the voters decides; an arbiter is named in muster.yml'),
  tiebreaker: no('a majority of the voters decides; an arbiter is named in muster.yml'),
  apiauth: plugin,
  env: plugin,
  apphbd: plugin,
  register_to_apphbd: plugin,
  realtime: no('musterd runs with real-time priority wherever it may'),
  rtprio: no('the systemd unit sets the priority'),
  memreserve: no('musterd locks its memory wherever it may'),
  normalpoll: no('there is one way to wait'),
  coredumps: no('the system decides about core dumps'),
  coreprof: no('the system decides about core dumps'),
  core_rootdir: no('the system decides about core dumps'),
};
