/** An agent that heartbeat brought with it: what its arguments in haresources are, in their order. */
export interface KnownAgent {
  /** As a message shows it: `DEVICE::DIRECTORY[::TYPE[::OPTIONS]]`. */
  readonly usage: string;
  /** The parameters of the OCF agent of the same name that the arguments stand for. */
  readonly parameters: readonly string[];
  /** How many arguments there must be; as many as parameters at most, unless the last one takes the rest. */
  readonly least: number;
  /** What each argument must look like, where not everything will do. */
  readonly forms?: readonly (RegExp | undefined)[] | undefined;
  /** The last parameter takes all arguments that are left, separated by blanks. */
  readonly rest?: boolean | undefined;
  /** Debian's packages with what the OCF agent calls and its own package does not bring. */
  readonly packages?: readonly string[] | undefined;
  /** musterd does it itself, and asks no agent. */
  readonly builtIn?: boolean | undefined;
  /** What the OCF agent is told as well, where it would do by itself what nobody asked for. */
  readonly implied?: Readonly<Record<string, string>> | undefined;
}

/**
 * OCF agents of resource-agents that start nothing unless a manager runs them on several nodes and promotes one of these, and
 * which one to take instead, where there is one.
 */
export const promotedAgents: Readonly<Record<string, string | undefined>> = {
  galera: undefined,
  mariadb: 'ocf:heartbeat:mysql runs one MariaDB server, which follows its disk from node to node',
};

const seconds = /^\d{1,6}$/;

/**
 * The arguments of heartbeat's own resource scripts (/etc/ha.d/resource.d of heartbeat 3.0.6), which hand them to the OCF
 * agent of the same name. So they run where only the OCF agents are installed, too.
 */
export const knownAgents: Readonly<Record<string, KnownAgent>> = {
  AudibleAlarm: { usage: '[NODE...]', parameters: ['nodelist'], least: 0, rest: true },
  Delay: {
    usage: '[START-SECONDS[::STOP-SECONDS]]',
    parameters: ['startdelay', 'stopdelay'],
    least: 0,
    forms: [seconds, seconds],
    // Else each look at it takes 30 s, which is longer than any look may.
    implied: { mondelay: '0' },
  },
  Filesystem: {
    usage: 'DEVICE::DIRECTORY[::TYPE[::OPTIONS]]',
    parameters: ['device', 'directory', 'fstype', 'options'],
    packages: ['kmod', 'psmisc'],
    least: 2,
    forms: [undefined, /^\//],
  },
  ICP: { usage: 'DRIVE-ID::DEVICE', parameters: ['driveid', 'device'], least: 2 },
  IPsrcaddr: {
    usage: 'IPV4-ADDRESS',
    parameters: ['ipaddress'],
    least: 1,
    forms: [/^(\d{1,3}\.){3}\d{1,3}$/],
    builtIn: true,
  },
  LVM: { usage: 'VOLUME-GROUP', parameters: ['volgrpname'], least: 1, packages: ['lvm2'] },
  LinuxSCSI: { usage: 'HOST:CHANNEL:TARGET[:LUN]', parameters: ['scsi'], least: 1 },
  MailTo: { usage: 'ADDRESS[::SUBJECT]', parameters: ['email', 'subject'], least: 1, packages: ['bsd-mailx'] },
  Raid1: {
    usage: 'CONFIGURATION-FILE::DEVICE',
    parameters: ['raidconf', 'raiddev'],
    least: 2,
    packages: ['mdadm'],
  },
  ServeRAID: { usage: 'CONTROLLER::MERGE-GROUP', parameters: ['serveraid', 'mergegroup'], least: 2 },
  WinPopup: { usage: '[HOSTS-FILE]', parameters: ['hostfile'], least: 0 },
  Xinetd: { usage: 'SERVICE', parameters: ['service'], least: 1 },
  // It asks the server for a page.
  apache: { usage: '[CONFIGURATION-FILE]', parameters: ['configfile'], least: 0, packages: ['wget'] },
  db2: { usage: 'INSTANCE', parameters: ['instance'], least: 1 },
  ids: {
    usage: '[DIRECTORY::SERVER::CONFIGURATION]',
    parameters: ['informixdir', 'informixserver', 'onconfig'],
    least: 0,
  },
  ldirectord: { usage: '[CONFIGURATION-FILE]', parameters: ['configfile'], least: 0, builtIn: true },
  portblock: {
    usage: '{tcp|udp}::PORT[,PORT...]::{block|unblock}',
    parameters: ['protocol', 'portno', 'action'],
    packages: ['iptables'],
    least: 3,
    forms: [/^(tcp|udp)$/, /^\d{1,5}([,:]\d{1,5})*$/, /^(block|unblock)$/],
  },
};
