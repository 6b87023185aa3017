/** Who holds the address in a benchmark: musterd, and what people use today, each set up as its users would. */

import { complaintsAbout, holderOf, statusesOf } from '../../src/drill/cluster-health.ts';
import type { StruckService } from '../../src/drill/lab-injector.ts';
import type { IpAddress, NodeName } from '../../src/model/names.ts';
import { addressesOf } from '../../src/model/resource-group.ts';
import { type BenchCluster, inventoryWith, root } from './cluster.ts';

export interface Contender {
  readonly name: string;
  readonly address: IpAddress;
  /** What a fault of one process strikes; undefined: musterd. */
  readonly service?: StruckService | undefined;
  /** The nodes that take part. */
  readonly nodes: readonly NodeName[];
  /** How long it has to be left alone after all is well, before it copes with the next fault. */
  readonly restMs: number;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Who holds the address, where all is well; else what is not. */
  readonly whole: () => Promise<{ readonly holder: NodeName } | { readonly wrong: string }>;
}

const vip = '10.77.0.100';

/** musterd with an inventory, which is given as its text. */
export function musterd(
  bench: BenchCluster,
  name: string,
  inventory: string,
  { nodes = bench.nodes, address = vip }: Partial<Pick<Contender, 'nodes' | 'address'>> = {},
): Contender {
  const { access } = bench;
  return {
    name,
    address,
    nodes,
    restMs: 0,
    start: async () => {
      const cluster = await bench.muster(inventory, 'provision', '-y');
      const found = cluster.groups.flatMap((group) => addressesOf(group).map((resource) => resource.address));
      if (found[0] !== address) throw new Error(`the lab's address is ${found[0]}`);
    },
    // Its gate stays shut when it ends: whoever holds the address next needs it gone.
    stop: async () => {
      const program = `systemctl disable --now musterd 2>&1; nft flush ruleset; ip address del ${address} dev lo; true`;
      await Promise.all(nodes.map((node) => access.must(node, 'stop musterd', program)));
    },
    whole: async () => {
      const views = await access.views(nodes);
      const unheard = statusesOf(views).filter(({ quorum }) => quorum.votes < quorum.voters.length);
      const [wrong] = [...complaintsAbout(views), ...unheard.map(({ node }) => `${node} does not hear all voters`)];
      const holder = holderOf(views, 'web');
      return wrong === undefined && holder !== null ? { holder } : { wrong: wrong ?? 'nobody holds it' };
    },
  };
}

/** Packages of the others, with their services off; the nodes get them as `provision` does. */
export async function installOthers(bench: BenchCluster): Promise<void> {
  await bench.muster(inventoryWith(''), 'play', `${root}test/bench/others.yml`, '-y');
}

/** After a partition heartbeat may take half a minute to end. */
const patienceMs = 90_000;

/** What keepalived and heartbeat have in common: a unit, files, and an address that is there or is not. */
function unit(
  bench: BenchCluster,
  options: {
    readonly name: string;
    readonly service: string;
    /** In the command line of its daemon. */
    readonly daemon: string;
    readonly nodes: readonly NodeName[];
    readonly restMs: number;
    /** Shell text that succeeds where the node would take over; undefined: where its service runs. */
    readonly ready?: string;
    readonly configure: (node: NodeName, position: number) => string;
  },
): Contender {
  const { access } = bench;
  const { name, service, daemon, nodes, ready = 'true', configure } = options;
  const onAll = (what: string, program: (node: NodeName, position: number) => string) =>
    Promise.all(nodes.map((node, position) => access.must(node, what, program(node, position), patienceMs)));
  return {
    name,
    address: vip,
    service: { unit: service, daemon },
    nodes,
    restMs: options.restMs,
    start: async () => {
      await onAll(`configure ${name}`, configure);
      await onAll(`start ${name}`, () => `systemctl unmask ${service} 2>&1; systemctl enable --now ${service} 2>&1`);
    },
    stop: async () => {
      // After a partition heartbeat may not end within 90 s (seen), and nothing is measured any more.
      const end = `timeout 45 systemctl stop ${service} || systemctl kill --signal=KILL ${service}`;
      await onAll(
        `stop ${name}`,
        () => `systemctl disable ${service} 2>&1; { ${end}; } 2>&1; ip address flush to ${vip}; true`,
      );
    },
    whole: async () => {
      // Heartbeat may end for good after a partition, as two had held (seen once): an operator would start it again.
      const program = `systemctl is-active ${service} || systemctl start --no-block ${service}; { ${ready}; } >/dev/null 2>&1 && echo ready; ip -4 -o address show dev eth0 to ${vip}`;
      const answers = await Promise.all(
        nodes.map((node) =>
          access.run(node, program).then(
            ({ stdout }) => stdout.toString(),
            () => 'it does not answer',
          ),
        ),
      );
      const ill = nodes.filter((_, index) => !answers[index]!.startsWith('active'));
      if (ill.length > 0) return { wrong: `${service} does not run on ${ill.join(', ')}` };
      const unready = nodes.filter((_, index) => !answers[index]!.includes('\nready\n'));
      if (unready.length > 0) return { wrong: `${name} would not take over on ${unready.join(', ')}` };
      const holders = nodes.filter((_, index) => answers[index]!.includes(vip));
      if (holders.length !== 1) return { wrong: `${holders.join(' and ') || 'nobody'} holds it` };
      return { holder: holders[0]! };
    },
  };
}

const file = (path: string, text: string, mode = '0644'): string =>
  `cat > ${path} <<'END'\n${text}END\nchmod ${mode} ${path}\n`;

/** keepalived; `interval` in seconds. The one that returns takes nothing back, as with musterd. */
export function keepalived(bench: BenchCluster, interval: number): Contender {
  return unit(bench, {
    name: `keepalived ${interval} s`,
    service: 'keepalived',
    daemon: '/usr/sbin/keepalived',
    nodes: bench.nodes,
    restMs: 0,
    configure: (_, position) =>
      file(
        '/etc/keepalived/keepalived.conf',
        `global_defs {
  vrrp_version 3
}
vrrp_instance web {
  state BACKUP
  nopreempt
  interface eth0
  virtual_router_id 51
  priority ${100 - 10 * position}
  advert_int ${interval}
  virtual_ipaddress {
    ${vip}/24 dev eth0
  }
}
`,
      ),
  });
}

/** heartbeat 3 with its own resource manager, which knows two nodes. */
export function heartbeat(bench: BenchCluster): Contender {
  const nodes = bench.nodes.slice(0, 2);
  // Its logd is not installed, and the agent IPaddr wants an ifconfig that Debian no longer has.
  return unit(bench, {
    name: 'heartbeat 100 ms / 500 ms',
    service: 'heartbeat',
    daemon: 'heartbeat: master control process',
    nodes,
    restMs: 6000,
    // After two held at once it starts itself anew: for seconds nobody answers cl_status, and its unit is active all the same.
    ready: `${nodes.map((node) => `cl_status nodestatus ${node} | grep -qx active`).join(' && ')} && ! cl_status rscstatus | grep -qx transition`,
    configure: () =>
      `rm -rf /etc/ha.d/ha.cf /etc/ha.d/haresources /etc/ha.d/muster.yml
${file('/etc/ha.d/ha.cf', `use_logd off\nlogfile /var/log/ha-log\nkeepalive 100ms\nwarntime 300ms\ndeadtime 500ms\ninitdead 5\nbcast eth0\nauto_failback off\ncrm off\nnode ${nodes.join(' ')}\n`)}
${file('/etc/ha.d/haresources', `${nodes[0]} IPaddr2::${vip}/24/eth0\n`)}
${file('/etc/ha.d/authkeys', 'auth 1\n1 sha1 benchmark\n', '0600')}`,
  });
}
