/** What a kernel can do for Muster, tried rather than read: shell text for a POSIX sh as root, and what it printed. */

/**
 * Prints `key=value` lines. Whatever is changed is changed in a network namespace that ends with its shell, so the rules
 * and addresses of the machine are never touched. `devices` are those whose ARP settings matter.
 */
export function kernelProbe(devices: readonly string[]): string {
  const names = devices.filter((name) => /^[\w.@:-]+$/.test(name)).join(' ');
  return `${probe}\nfor d in all ${names}; do
  f=/proc/sys/net/ipv4/conf/$d
  [ -e $f/arp_ignore ] && echo "arp.$d=$(cat $f/arp_ignore) $(cat $f/arp_announce)"
done
:
`;
}

const inNamespace = `
ip link set lo up || exit 3
t() { key=$1; shift; seen=$("$@" 2>&1) && echo "$key=ok" || echo "$key=no $(printf %s "$seen" | head -n 1)"; }
nf() { printf '%s\\n' "$1" | nft -f -; }
timed() {
  nf 'table netdev probe {
    set brief { type mark; flags timeout; }
    set lasting { type mark; flags timeout; }
  }
  add element netdev probe brief { 1 timeout 60ms }
  add element netdev probe lasting { 1 timeout 1h }' || return 1
  sleep 0.2
  nft list set netdev probe lasting | grep -q expires || { echo "the element has no timeout"; return 1; }
  ! nft list set netdev probe brief | grep -q elements || { echo "the element outlived its timeout"; return 1; }
}
raw() { nf 'table netdev probe {
    chain match {
      meta protocol ip6 @th,64,128 0x1 drop
    }
  }'; }
if command -v nft >/dev/null 2>&1; then
  t ingress nf 'table netdev probe {
    chain in {
      type filter hook ingress device lo priority 0
    }
  }'
  t egress nf 'table netdev probe {
    chain out {
      type filter hook egress device lo priority 0
    }
  }'
  t timeouts timed
  t owner nf 'table netdev owned {
    flags owner
  }'
  t rawmatch raw
fi
t lifetime ip address add 192.0.2.1/32 dev lo valid_lft 5 preferred_lft 5
if command -v ipvsadm >/dev/null 2>&1; then t ipvsadm ipvsadm -A -t 192.0.2.1:80 -s rr; fi
if command -v ping >/dev/null 2>&1; then t icmp ping -c 1 -W 1 127.0.0.1; fi
`;

const probe = `export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
echo "kernel=$(uname -r)"
echo "node=$(nodejs --version 2>/dev/null || node --version 2>/dev/null || echo none)"
perl -e 1 2>/dev/null && echo perl=ok || echo "perl=no it is not there"
echo "nft=$(nft --version 2>/dev/null | grep -o '[0-9][0-9.]*' | head -n 1)"
[ "$(id -u)" = 0 ] && echo root=ok || echo "root=no uid $(id -u)"
seen=$(unshare --net true 2>&1) && echo namespace=ok || echo "namespace=no $(printf %s "$seen" | head -n 1)"
unshare --net sh -c '${inNamespace.replaceAll("'", "'\\''")}' 2>/dev/null
seen=$(chrt -f 1 true 2>&1) && echo realtime=ok || echo "realtime=no $(printf %s "$seen" | head -n 1)"
if [ -e /proc/net/ip_vs ]; then echo ipvs=ok; elif modprobe -n -q ip_vs 2>/dev/null; then echo "ipvs=module"; else echo "ipvs=no this kernel has none"; fi
w=$(ls /dev/watchdog /dev/watchdog0 2>/dev/null | head -n 1)
if [ -n "$w" ]; then echo "watchdog=ok $w"; elif modprobe -n -q softdog 2>/dev/null; then echo watchdog=module; else echo "watchdog=no there is no /dev/watchdog"; fi
v=$(systemd-detect-virt 2>/dev/null); echo "virtual=\${v:-unknown}"`;

/** `ok`, or why not. `module`: not there, but the kernel could load it. Undefined: it could not be tried. */
export type Tried = { readonly ok: boolean; readonly module: boolean; readonly seen: string } | undefined;

export interface KernelFacts {
  readonly kernel: string;
  /** Versions; '' where the program is not there. */
  readonly nft: string;
  readonly node: string;
  /** What `systemd-detect-virt` says: `none`, `kvm`, `lxc`, ... */
  readonly virtual: string;
  readonly tried: Readonly<Record<string, Tried>>;
  /** arp_ignore and arp_announce by device; the kernel takes the larger of `all` and the device's. */
  readonly arp: Readonly<Record<string, { readonly ignore: number; readonly announce: number }>>;
}

/** Reads what the probe printed; lines that it did not print count as not tried. */
export function readKernelProbe(text: string): KernelFacts {
  const lines = text.split('\n').flatMap((line) => {
    const match = /^([\w.@:-]+)=(.*)$/.exec(line);
    return match === null ? [] : [[match[1]!, match[2]!.trim()] as const];
  });
  const said = new Map(lines);
  const version = (key: string): string => said.get(key)?.replace(/^v|^none$/, '') ?? '';
  const names = ['ingress', 'egress', 'timeouts', 'owner', 'rawmatch', 'lifetime', 'ipvs', 'ipvsadm', 'icmp'];
  names.push('realtime', 'watchdog', 'perl', 'root', 'namespace');
  return {
    kernel: said.get('kernel') ?? 'unknown',
    nft: version('nft'),
    node: version('node'),
    virtual: said.get('virtual') ?? 'unknown',
    tried: Object.fromEntries(names.map((name) => [name, readTried(said.get(name))])),
    arp: Object.fromEntries(
      lines.flatMap(([key, value]) => {
        const [ignore, announce] = value.split(' ').map(Number);
        return key.startsWith('arp.') ? [[key.slice(4), { ignore: ignore ?? 0, announce: announce ?? 0 }]] : [];
      }),
    ),
  };
}

function readTried(text: string | undefined): Tried {
  if (text === undefined) return undefined;
  const [word, ...rest] = text.split(' ');
  return { ok: word === 'ok', module: word === 'module', seen: rest.join(' ') };
}
