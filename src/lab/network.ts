import { statfsSync } from 'node:fs';
import { inNamespace, must, mustShell } from './command.ts';
import { clientAddress, clientAddress6, nodePaths } from './names.ts';
import type { LabPaths } from './types.ts';
import { volumeFunctions } from './volume.ts';

// linux/magic.h, NSFS_MAGIC: a file on which a namespace is mounted.
const nsfs = 0x6e736673;

/** Whether a namespace is mounted on the file (else it is missing, or left over from before a reboot). */
export function isNamespace(file: string): boolean {
  try {
    return statfsSync(file).type === nsfs;
  } catch {
    return false;
  }
}

/** The MAC of the client's port. */
export const clientMac = '02:00:0a:4d:00:01';

/** Makes the switch (a bridge in a namespace of its own) and the client beside it. The host's own network is not touched. */
export async function createSwitch(paths: LabPaths): Promise<void> {
  await mustShell('mkdir -p "$(dirname "$1")"; : > "$1"; unshare --net="$1" true', [paths.switchNamespace]);
  // The switch itself says nothing: no IPv6 of its own, no spanning tree, no snooping that would hold frames back.
  await must(
    inNamespace(paths.switchNamespace, [
      'sh',
      '-ec',
      `echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
       echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
       ip link add switch type bridge stp_state 0 forward_delay 0 mcast_snooping 0
       ip link set switch up
       ip link add switch2 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
       ip link set switch2 up
       nft -f -`,
    ]),
    {
      input: `table bridge lab {
        set cut {
          type ifname . ifname
        }
        # What the relay carries instead.
        set slow {
          type ifname . ifname
        }
        chain forward {
          type filter hook forward priority 0; policy accept;
          iifname . oifname @cut drop
          iifname . oifname @slow drop
        }
      }
`,
    },
  );
  await mustShell(`switch=$1 port=client mac=$2 mac2= namespace=$3${cableFunctions}plug`, [
    paths.switchNamespace,
    clientMac,
    paths.clientNamespace,
  ]);
  await must(
    inNamespace(paths.clientNamespace, [
      'sh',
      '-ec',
      `ip link set lo up
       ip link set eth0 up
       ip address add ${clientAddress}/24 dev eth0
       ip address add ${clientAddress6}/64 dev eth0 nodad`,
    ]),
  );
}

/**
 * Shell functions on `$switch $port $mac $namespace`: a fresh namespace with a cable to the switch, and its end. Where
 * there is a `$mac2`, with a second cable to the second switch.
 */
export const cableFunctions = `
plug() {
  : > "$namespace"
  unshare --net="$namespace" true
  printf 'link add name %s type veth peer name eth0 address %s netns %s\nlink set %s master switch up\n' \
    "$port" "$mac" "$namespace" "$port" | nsenter --net="$switch" -- ip -batch -
  [ -z "$mac2" ] || printf 'link add name %s.2 type veth peer name eth1 address %s netns %s\nlink set %s.2 master switch2 up\n' \
    "$port" "$mac2" "$namespace" "$port" | nsenter --net="$switch" -- ip -batch -
}
unplug() {
  for cable in "$port" "$port.2"; do
    if nsenter --net="$switch" -- ip link show "$cable" >/dev/null 2>&1; then
      nsenter --net="$switch" -- ip link delete "$cable"
    fi
  done
  if [ -e "$namespace" ]; then umount "$namespace" || :; rm -f "$namespace"; fi
}
`;

/**
 * The loss of a machine's power: its port goes down first (an init that is killed alone leaves a kernel that answers
 * for another 30 ms), then its way to the shared volume, then all its processes are killed in one write; all by one
 * process so that little lies between.
 */
export async function cutPower(paths: LabPaths, node: string, killFile: string): Promise<void> {
  await must(
    inNamespace(paths.switchNamespace, [
      'sh',
      '-c',
      `failed= volume=$3${volumeFunctions}ip link set "$1" down; ip link set "$1.2" down 2>/dev/null; cut_volume || failed=1; echo 1 > "$2"; [ -z "$failed" ]`,
      'sh',
      node,
      killFile,
      nodePaths(paths, node).volume,
    ]),
  );
}

/** Takes the node's cable and namespace away; the kernel in it would go on answering ARP without any process. */
export async function unplug(paths: LabPaths, node: string): Promise<void> {
  await mustShell(`switch=$1 port=$2 mac2= namespace=$3${cableFunctions}unplug`, [
    paths.switchNamespace,
    node,
    nodePaths(paths, node).namespace,
  ]);
}

/** Plugs or pulls ports at the switch. */
export async function setLinks(paths: LabPaths, ports: readonly string[], up: boolean): Promise<void> {
  const lines = ports.map((port) => `link set ${port} ${up ? 'up' : 'down'}\n`);
  await must(inNamespace(paths.switchNamespace, ['ip', '-batch', '-']), { input: lines.join('') });
}

/** Drops at the switch every frame from one of `from` to one of `to`, from now on. */
export async function addCuts(paths: LabPaths, from: readonly string[], to: readonly string[]): Promise<void> {
  const pairs = from.flatMap((source) =>
    to.filter((target) => target !== source).map((target) => `"${source}" . "${target}"`),
  );
  if (pairs.length === 0) return;
  await must(inNamespace(paths.switchNamespace, ['nft', '-f', '-']), {
    input: `add element bridge lab cut { ${pairs.join(', ')} }\n`,
  });
}

/** Ends such drops; a direction that passes is none. */
export async function removeCuts(paths: LabPaths, from: readonly string[], to: readonly string[]): Promise<void> {
  const { cuts } = await readSwitch(paths);
  const ended = cuts.filter((cut) => from.includes(cut.from) && to.includes(cut.to));
  if (ended.length === 0) return;
  await must(inNamespace(paths.switchNamespace, ['nft', '-f', '-']), {
    input: `delete element bridge lab cut { ${ended.map((cut) => `"${cut.from}" . "${cut.to}"`).join(', ')} }\n`,
  });
}

export async function clearCuts(paths: LabPaths): Promise<void> {
  await must(inNamespace(paths.switchNamespace, ['nft', 'flush', 'set', 'bridge', 'lab', 'cut']));
}

/** What the switch does now: the directions that it drops, and the ports that are down. */
export async function readSwitch(
  paths: LabPaths,
): Promise<{ cuts: { from: string; to: string }[]; downPorts: string[] }> {
  const text = await must(
    inNamespace(paths.switchNamespace, ['sh', '-ec', 'nft -j list set bridge lab cut; ip -j link show type veth']),
  );
  const [set, links] = text.trim().split('\n');
  const found = (JSON.parse(set!) as { nftables: { set?: { elem?: { concat: [string, string] }[] } }[] }).nftables;
  const elements = found.flatMap((entry) => entry.set?.elem ?? []);
  const ports = JSON.parse(links!.trim() === '' ? '[]' : links!) as { ifname: string; flags: string[] }[];
  return {
    cuts: elements.map(({ concat: [from, to] }) => ({ from, to })),
    downPorts: ports.filter(({ flags }) => !flags.includes('UP')).map(({ ifname }) => ifname),
  };
}
