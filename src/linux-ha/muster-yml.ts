import type { AlertTarget } from '../model/alerts.ts';
import type { Arbiter, NoQuorumPolicy, Profile } from '../model/cluster.ts';
import { defaultArbiterPort } from '../model/defaults.ts';
import type { LeaseStore } from '../model/lease-store.ts';
import type { Monitor } from '../model/monitors.ts';
import type { Placement } from '../model/placement.ts';
import type { ResourceRules } from '../model/resource-settings.ts';
import { readAlerts } from './alerts-yml.ts';
import { type FencingYml, readFencing } from './fencing-yml.ts';
import { throwMistakes } from './lines.ts';
import { readMonitors } from './monitors-yml.ts';
import { readPlacement } from './placement-yml.ts';
import { readResourceRules } from './resources-yml.ts';
import { readStore } from './store-yml.ts';
import { type Path, parseYaml, placeOf } from './yaml-document.ts';
import { YamlReader } from './yaml-reader.ts';

/** Of a virtual service, what ldirectord.cf cannot say: its name, times below a second, rise. Times in milliseconds. */
export interface ServiceExtension {
  /** The key of the service in ldirectord.cf: `10.77.0.100:80/tcp`. */
  readonly virtual: string;
  readonly interval: number | undefined;
  readonly timeout: number | undefined;
  readonly rise: number | undefined;
}

/** What muster.yml says; everything may be left out. Durations in milliseconds. */
export interface MusterYml {
  /** Where a key stands, for mistakes that show only together with other files. */
  readonly at: (...path: Path) => { readonly line: number; readonly column: number };
  /** Which timings count where neither ha.cf nor this file says any. */
  readonly profile: Profile | undefined;
  readonly lease: number | undefined;
  readonly driftBound: number | undefined;
  readonly noQuorum: NoQuorumPolicy | undefined;
  readonly arbiters: readonly Arbiter[];
  readonly store: LeaseStore | undefined;
  readonly placement: Placement | undefined;
  readonly resources: ResourceRules | undefined;
  readonly alerts: readonly AlertTarget[] | undefined;
  readonly monitors: readonly Monitor[] | undefined;
  readonly fencing: FencingYml | undefined;
  readonly nodeAddresses: Readonly<Record<string, readonly string[]>>;
  /** The names of groups, by the key that haresources has (`groupKey`). */
  readonly groups: readonly { readonly name: string; readonly key: string }[];
  readonly services: readonly ({ readonly name: string } & ServiceExtension)[];
}

function readArbiters(reader: YamlReader, value: unknown): Arbiter[] {
  return reader.list(value, ['arbiters']).flatMap((item, index) => {
    const path = ['arbiters', index];
    const fields = reader.map(item, path, ['name', 'address', 'port', 'round_trip']);
    const name = reader.text(fields.name, [...path, 'name']);
    const address = reader.address(fields.address, [...path, 'address']);
    const port = reader.number(fields.port, [...path, 'port'], 1, 65_535, true) ?? defaultArbiterPort;
    const roundTrip = reader.duration(fields.round_trip, [...path, 'round_trip']);
    return name === undefined || address === undefined ? [] : [{ name, address, port, roundTrip }];
  });
}

function readNodes(reader: YamlReader, value: unknown): Record<string, string[]> {
  const nodes = Object.entries(reader.map(value, ['nodes'], undefined)).map(([name, node]) => {
    const path = ['nodes', name];
    const fields = reader.map(node, path, ['addresses']);
    const addresses = reader
      .list(fields.addresses, [...path, 'addresses'])
      .flatMap((item, index) => reader.address(item, [...path, 'addresses', index]) ?? []);
    return [name, addresses] as const;
  });
  return Object.fromEntries(nodes);
}

function readGroups(reader: YamlReader, value: unknown): { name: string; key: string }[] {
  return Object.entries(reader.map(value, ['groups'], undefined)).flatMap(([name, group]) => {
    const path = ['groups', name];
    const fields = reader.map(group, path, ['address', 'agent']);
    if (fields.address !== undefined) {
      const key = reader.address(fields.address, [...path, 'address']);
      return key === undefined ? [] : [{ name, key }];
    }
    const key = reader.text(fields.agent, [...path, 'agent']);
    return key === undefined ? [] : [{ name, key }];
  });
}

function readServices(reader: YamlReader, value: unknown): ({ name: string } & ServiceExtension)[] {
  return Object.entries(reader.map(value, ['services'], undefined)).flatMap(([name, service]) => {
    const path = ['services', name];
    const fields = reader.map(service, path, ['virtual', 'interval', 'timeout', 'rise']);
    const virtual = reader.text(fields.virtual, [...path, 'virtual']);
    if (virtual === undefined) return [];
    return [
      {
        name,
        virtual,
        interval: reader.duration(fields.interval, [...path, 'interval']),
        timeout: reader.duration(fields.timeout, [...path, 'timeout']),
        rise: reader.number(fields.rise, [...path, 'rise'], 1, 1000, true),
      },
    ];
  });
}

const keys = [
  'profile',
  'lease',
  'drift_bound',
  'no_quorum',
  'arbiters',
  'store',
  'nodes',
  'groups',
  'services',
  'placement',
  'resources',
  'alerts',
  'monitors',
  'fencing',
];

/** Reads muster.yml; an empty file says nothing, which is fine. Throws a `Problem` with all mistakes. */
export function parseMusterYml(text: string, file = 'muster.yml'): MusterYml {
  const yaml = parseYaml(text, file);
  const reader = new YamlReader(yaml);
  const top = reader.map(yaml.data, [], keys);
  const profile = top.profile === 'default' || top.profile === 'fast' ? top.profile : undefined;
  if (top.profile !== undefined && profile === undefined) reader.wrong(['profile'], 'default or fast', top.profile);
  const policy = top.no_quorum;
  const noQuorum = policy === 'stop' || policy === 'freeze' ? policy : undefined;
  if (policy !== undefined && noQuorum === undefined) reader.wrong(['no_quorum'], 'stop or freeze', policy);
  const result: MusterYml = {
    at: (...path) => (path.length > 1 ? placeOf(yaml, path) : yaml.at(path)),
    profile,
    lease: reader.duration(top.lease, ['lease']),
    driftBound: reader.number(top.drift_bound, ['drift_bound'], 0, 0.1, false),
    noQuorum,
    arbiters: readArbiters(reader, top.arbiters),
    store: readStore(reader, top.store),
    placement: readPlacement(reader, top.placement, ['placement']),
    resources: readResourceRules(reader, top.resources, ['resources']),
    alerts: readAlerts(reader, top.alerts, ['alerts']),
    monitors: readMonitors(reader, top.monitors, ['monitors']),
    fencing: readFencing(reader, top.fencing, ['fencing']),
    nodeAddresses: readNodes(reader, top.nodes),
    groups: readGroups(reader, top.groups),
    services: readServices(reader, top.services),
  };
  throwMistakes(yaml.list);
  return result;
}
