/** What a host is: asked for in one program of plain `sh`, read here. Pure. */

export interface HostFacts {
  readonly hostname: string;
  /** `debian`, `alpine`, ...: ID of os-release(5). */
  readonly os: string;
  readonly osVersion: string;
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly osName: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly cpus: number;
  readonly cpuModel: string;
  readonly memoryBytes: number;
  readonly memoryAvailableBytes: number;
  readonly swapBytes: number;
  readonly load: readonly number[];
  readonly uptimeSeconds: number;
  /** Of the root file system. */
  readonly diskBytes: number;
  readonly diskAvailableBytes: number;
  /** `10.0.0.5/24` by interface; none of the loopback. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  readonly init: string;
  /** The login shell. */
  readonly shell: string;
}

/** Each section begins with a line `=name`; what a host does not have leaves its section empty. */
export const factsProgram = [
  ['hostname', 'uname -n'],
  ['kernel', 'uname -r'],
  ['architecture', 'uname -m'],
  ['os', 'cat /etc/os-release || cat /usr/lib/os-release'],
  ['cpus', 'getconf _NPROCESSORS_ONLN || grep -c ^processor /proc/cpuinfo'],
  ['cpuModel', `grep -m 1 -E '^(model name|Model|Hardware)' /proc/cpuinfo`],
  ['memory', 'cat /proc/meminfo'],
  ['load', 'cat /proc/loadavg'],
  ['uptime', 'cat /proc/uptime'],
  ['disk', 'df -P -k /'],
  ['addresses', 'ip -o addr show'],
  ['init', 'cat /proc/1/comm'],
  ['shell', 'echo "$SHELL"'],
]
  .map(([name, command]) => `echo '=${name}'; { ${command}; } 2>/dev/null`)
  .join('\n')
  .concat('\ntrue');

export function readFacts(output: string): HostFacts {
  const sections = new Map(
    output.split(/^=(?=\w+$)/m).map((section) => {
      const end = section.indexOf('\n');
      return [section.slice(0, end), section.slice(end + 1).trim()] as const;
    }),
  );
  const text = (name: string): string => sections.get(name) ?? '';
  const first = (name: string): number => Number.parseFloat(text(name)) || 0;
  const release = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)`, 'm').exec(text('os'))?.[1] ?? '';
  const memory = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text('memory'))?.[1] ?? 0) * 1024;
  // Size, used, available: the columns of POSIX, behind the device's name.
  const disk = /\s(\d+)\s+\d+\s+(-?\d+)\s+\d+%\s+\/$/m.exec(text('disk'));
  return {
    hostname: text('hostname'),
    os: release('ID'),
    osVersion: release('VERSION_ID'),
    osName: release('PRETTY_NAME'),
    kernel: text('kernel'),
    architecture: text('architecture'),
    cpus: first('cpus'),
    cpuModel: text('cpuModel').replace(/^[^:]*:\s*/, ''),
    memoryBytes: memory('MemTotal'),
    memoryAvailableBytes: memory('MemAvailable'),
    swapBytes: memory('SwapTotal'),
    load: text('load').split(' ').slice(0, 3).map(Number).filter(Number.isFinite),
    uptimeSeconds: first('uptime'),
    diskBytes: Number(disk?.[1] ?? 0) * 1024,
    diskAvailableBytes: Number(disk?.[2] ?? 0) * 1024,
    addresses: addressesIn(text('addresses')),
    init: text('init'),
    shell: text('shell'),
  };
}

function addressesIn(text: string): Record<string, string[]> {
  const addresses: Record<string, string[]> = {};
  for (const [, name, address] of text.matchAll(/^\d+: (\S+)\s+inet6? (\S+)/gm)) {
    if (name !== 'lo' && !address!.startsWith('fe80:')) addresses[name!] = [...(addresses[name!] ?? []), address!];
  }
  return addresses;
}
