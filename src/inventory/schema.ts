import * as z from 'zod';
import { isEndpoint } from '../linux-ha/store-yml.ts';
import { negotiateServices } from '../linux-ha/well-known-ports.ts';
import { schedulers } from '../model/virtual-service.ts';
import { alertsSchema } from './alerts-schema.ts';
import { fencingSchema } from './fencing-schema.ts';
import { monitorsSchema } from './monitors-schema.ts';
import { placementSchema } from './placement-schema.ts';
import { resourcesSchema } from './resources-schema.ts';

/**
 * The schema of Muster's own inventory files. It says what can be said of each value alone; what values mean together is
 * in `describe-cluster.ts` and `lint.ts`. Exported as JSON Schema, its descriptions are an editor's help.
 */

const name = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'a name of letters, digits, "_", "." and "-"')
  .describe('A name of letters, digits, "_", "." and "-"');
const hostSet = z
  .union([z.string(), z.array(z.string())])
  .describe('Hosts: names, ranges like node[1-3], or names of groups; one, or a list, or separated by commas');
const aDuration = 'a duration with its unit, like 200ms or 5s';
const duration = z
  .string({ error: aDuration })
  .regex(/^\d+(\.\d+)?\s*(ms|s|m|min|h|d)$/, aDuration)
  .describe('A duration with its unit: 200ms, 5s, 1m');

const port = z.int('a whole number from 1 to 65535').min(1).max(65_535).describe('A port, 1 to 65535');
const variables = z.record(z.string(), z.json()).describe('Variables that playbooks and templates see');

const connectionSettings = {
  user: z.string().describe('Who logs in; undefined: as ssh_config says').optional(),
  port: port.describe('The port of sshd').optional(),
  identity_file: z.string().describe('The private key').optional(),
  proxy_command: z.string().describe("The command whose standard input and output reach the host's sshd").optional(),
  proxy_jump: z.string().describe('The hosts on the way: user@host:port, several with commas; none: none').optional(),
  persist: z
    .union([duration, z.literal('off')])
    .describe('How long its connection stays open after its last use, for the next command; off: not')
    .optional(),
  connection: z.enum(['ssh', 'lab']).describe('ssh (default), or lab: a node of the lab on this machine').optional(),
};

const host = z
  .strictObject({
    address: z
      .string()
      .describe('How the controller reaches it: a name or an address; a range beside a range of names (10.0.0.[11-13])')
      .optional(),
    cluster_addresses: z
      .union([z.string(), z.array(z.string())])
      .describe('Its addresses on the cluster networks, where they are not the one that the controller uses')
      .optional(),
    ...connectionSettings,
    vars: variables.optional(),
  })
  .describe('One host, or all hosts of a range');

const group = z
  .union([
    hostSet,
    z.strictObject({
      hosts: hostSet.optional(),
      children: z
        .union([z.string(), z.array(z.string())])
        .describe('Groups whose hosts are in this one too')
        .optional(),
      vars: variables.optional(),
      protected: z
        .boolean()
        .describe('Whether "muster shell" asks for its name before anything goes to its hosts (default false)')
        .optional(),
    }),
  ])
  .describe('A group: its hosts, or hosts, children and vars');

const timings = z
  .strictObject({
    keepalive: duration.describe('Between two heartbeats (default 110ms)').optional(),
    deadtime: duration.describe('Silence after which a node counts as dead (default 300ms)').optional(),
    warntime: duration
      .describe('Silence after which a late heartbeat is worth a warning (default: half of deadtime)')
      .optional(),
    initdead: duration.describe('As deadtime, right after a start (default: twice deadtime)').optional(),
    deadping: duration
      .describe('Silence after which a ping node counts as gone (default: deadtime, at least 1s)')
      .optional(),
    lease: duration.describe('How long a granted lease lasts (default: as deadtime)').optional(),
  })
  .describe('How quickly the nodes miss each other');

const resourceGroup = z
  .strictObject({
    preferred: name.describe('The node where it runs when it may choose'),
    resources: z
      .array(z.string())
      .min(1)
      .describe('Started in order, in the notation of haresources: 10.77.0.100/24/eth0, apache, AGENT::ARG'),
  })
  .describe('What moves together; its name is the key');

const realServer = z.union([
  z.string(),
  z.strictObject({
    host: z.string().describe('A host, a range or a group'),
    port: port.optional(),
    weight: z
      .int('a whole number from 0 to 65535')
      .min(0)
      .max(65_535)
      .describe('Its share of new connections; 0: none')
      .optional(),
    forwarding: z.enum(['dr', 'nat', 'tun']).describe('How packets reach this one').optional(),
  }),
]);

const check = z
  .strictObject({
    type: z
      .enum(['connect', 'negotiate', 'ping', 'external', 'off', 'on'])
      .describe('How to look (default negotiate)')
      .optional(),
    service: z
      .enum(negotiateServices as [string, ...string[]])
      .describe('What a negotiate check speaks (default: by the port)')
      .optional(),
    request: z.string().describe('What to ask for: a path, a query').optional(),
    receive: z.string().describe('A regular expression that the answer must match').optional(),
    port: port.describe('The port to check, where it is not the one that serves').optional(),
    virtual_host: z.string().describe('The Host header of an HTTP check').optional(),
    command: z.string().describe('The program of an external check').optional(),
    interval: duration.describe('Between two checks (default 1s)').optional(),
    timeout: duration.describe('After which a check has failed (default 1s)').optional(),
    rise: z
      .int('a whole number from 1')
      .min(1)
      .max(1000)
      .describe('Successes in a row that make it alive (default 1)')
      .optional(),
    fall: z
      .int('a whole number from 1')
      .min(1)
      .max(1000)
      .describe('Failures in a row that make it dead (default 2)')
      .optional(),
  })
  .describe('How real servers are looked after');

const service = z
  .strictObject({
    vip: z.string().describe('The virtual address and port: 10.77.0.100:80, [fd77::100]:80'),
    protocol: z.enum(['tcp', 'udp']).describe('tcp (default) or udp').optional(),
    scheduler: z
      .enum(schedulers)
      .describe('Who gets the next connection (default mh: the same choice on every director)')
      .optional(),
    forwarding: z.enum(['dr', 'nat', 'tun']).describe('How packets reach the real servers (default dr)').optional(),
    real: z
      .union([z.string(), z.array(realServer)])
      .describe('The real servers: hosts, ranges, groups, or maps with weights'),
    port: port.describe("The real servers' port (default: the service's)").optional(),
    check: check.optional(),
    fallback: z
      .string()
      .describe('Who answers when all real servers are dead: a host or an address, with :port')
      .optional(),
    persistent: duration.describe('How long a client stays with its real server').optional(),
    quiescent: z.boolean().describe('Keep dead servers in the table with weight 0 (default false)').optional(),
  })
  .describe('A virtual service; its name is the key');

const aFile = z
  .string()
  .regex(/^\/\S*$/, 'the whole path of a file')
  .describe('The whole path of a file on every node');
const store = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('etcd').describe('An etcd that is there already; Muster does not install it'),
      endpoints: z
        .array(z.string().refine(isEndpoint, 'a URL like http://10.0.0.5:2379'))
        .min(1)
        .describe('Its client URLs: http://10.0.0.5:2379; the next one is asked where one does not answer'),
      ca: aFile.describe('Whom to trust, in PEM').optional(),
      certificate: aFile.describe('The client certificate to show, in PEM').optional(),
      key: aFile.describe('Its key, in PEM').optional(),
    }),
    z.strictObject({
      kind: z.literal('disk').describe('A block device that all nodes share'),
      device: aFile.describe('Its name, the same on every node: /dev/disk/by-id/...'),
      reservation: z
        .enum(['none', 'scsi'])
        .describe(
          'scsi: a takeover also locks the loser out of the disk by SCSI-3 persistent reservation (default none)',
        )
        .optional(),
    }),
  ])
  .describe('Where the leases lie instead of with the voters: then two nodes are enough, and seconds are the measure');

const cluster = z
  .strictObject({
    name: name.describe("The cluster's name, in every heartbeat"),
    engine: z
      .enum(['muster', 'linux-ha'])
      .describe('musterd (default), or the real heartbeat and ldirectord')
      .optional(),
    nodes: hostSet.describe('The nodes: directors that can hold the virtual addresses; their order breaks ties'),
    arbiters: hostSet.describe('Hosts that only vote').optional(),
    store: store.optional(),
    arbiter_port: port.describe('Where the arbiters answer (default 5561)').optional(),
    arbiter_round_trip: duration
      .describe(
        'How far away the arbiters are at most (default 50ms); where a node needs them, the lease follows from it',
      )
      .optional(),
    fencing: fencingSchema.optional(),
    links: z
      .array(z.string())
      .min(1)
      .describe(
        'Heartbeat links as in ha.cf: "ucast eth0" (to every node), "ucast eth1 10.9.0.1", "bcast eth1", "mcast eth0 239.0.0.1"',
      ),
    udp_port: port.describe('The port of heartbeats (default 694)').optional(),
    profile: z
      .enum(['default', 'fast'])
      .describe(
        'How quick it is where timings say nothing: default (lease 270ms) or fast (lease 80ms, renewed every 20ms)',
      )
      .optional(),
    timings: timings.optional(),
    drift_bound: z
      .number()
      .min(0)
      .max(0.1)
      .describe('How much clocks may drift apart, as a fraction (default 0.001)')
      .optional(),
    auto_failback: z
      .boolean()
      .describe('Whether groups go back to their preferred node by themselves (default false)')
      .optional(),
    no_quorum: z.enum(['stop', 'freeze']).describe('What a node without a majority does (default stop)').optional(),
    ping: z.array(z.string()).describe('Addresses that answer as long as the network is there').optional(),
    ping_groups: z
      .record(name, z.array(z.string()).min(1))
      .describe('Groups of addresses; any one that answers is enough, and each group counts as one of "ping"')
      .optional(),
    watchdog: z
      .string()
      .regex(/^\/[^\s#]+$/, 'a device: /dev/watchdog')
      .describe('The watchdog device that every node feeds')
      .optional(),
    respawn: z
      .array(z.string().regex(/^[^\s#]+ \/[^\s#]+( [^\s#]+)*$/, 'USER /PATH/OF/PROGRAM ARGUMENTS, without "#"'))
      .describe('Programs that every node keeps running: "nobody /usr/local/bin/exporter --quiet"')
      .optional(),
    groups: z.record(name, resourceGroup).describe('Resource groups by name').optional(),
    services: z.record(name, service).describe('Virtual services by name').optional(),
    placement: placementSchema.optional(),
    resources: resourcesSchema.optional(),
    alerts: alertsSchema.optional(),
    monitors: monitorsSchema.optional(),
  })
  .describe('The cluster, once for all its nodes');

export const inventorySchema = z
  .strictObject({
    $schema: z.string().optional(),
    defaults: z
      .strictObject(connectionSettings)
      .describe('Connection settings of all hosts that do not say otherwise')
      .optional(),
    hosts: z.record(z.string(), host.nullable()).describe('Hosts by name or range (node[1-3])'),
    groups: z.record(name, group).describe('Groups by name').optional(),
    vars: variables.optional(),
    cluster: cluster.optional(),
  })
  .describe("Muster's inventory");

export type NativeInventory = z.infer<typeof inventorySchema>;
export type NativeHost = z.infer<typeof host>;
export type NativeCluster = z.infer<typeof cluster>;
export type NativeService = z.infer<typeof service>;

let jsonSchema: Record<string, unknown> | undefined;

/** The schema for editors: JSON Schema (draft 2020-12), with a description of every key. */
export function inventoryJsonSchema(): Record<string, unknown> {
  jsonSchema ??= { title: 'Muster inventory', ...z.toJSONSchema(inventorySchema, { io: 'input' }) };
  return jsonSchema;
}
