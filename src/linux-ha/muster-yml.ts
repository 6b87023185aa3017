import { parseDuration } from '../base/duration.ts';
import { canonicalIp } from '../base/ip.ts';
import type { Arbiter, NoQuorumPolicy, Profile } from '../model/cluster.ts';
import { defaultArbiterPort } from '../model/defaults.ts';
import type { LeaseStore } from '../model/lease-store.ts';
import { throwMistakes } from './lines.ts';
import { readStore } from './store-yml.ts';
import { type Path, parseYaml, unknownKey, type YamlFile } from './yaml-document.ts';

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
  readonly nodeAddresses: Readonly<Record<string, readonly string[]>>;
  /** The names of groups, by the key that haresources has (`groupKey`). */
  readonly groups: readonly { readonly name: string; readonly key: string }[];
  readonly services: readonly ({ readonly name: string } & ServiceExtension)[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads typed values out of the plain data, and gathers what does not fit. */
class Reader {
  readonly #yaml: YamlFile;

  constructor(yaml: YamlFile) {
    this.#yaml = yaml;
  }

  wrong(path: Path, wanted: string, seen: unknown): undefined {
    const name = path.length === 0 ? 'muster.yml' : path.at(-1);
    this.#yaml.list.add(
      this.#yaml.at(path),
      `Cannot read "${name}" as ${wanted}: ${JSON.stringify(seen) ?? 'nothing'}`,
    );
    return undefined;
  }

  /** The map at a path; `known` lists its keys, undefined lets every name in. */
  map(value: unknown, path: Path, known: readonly string[] | undefined): Fields {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value))
      return this.wrong(path, 'a map of names to values', value) ?? {};
    for (const key of Object.keys(value))
      if (known !== undefined && !known.includes(key)) unknownKey(this.#yaml, path, key, known);
    return value as Fields;
  }

  list(value: unknown, path: Path): readonly unknown[] {
    if (value === undefined || value === null) return [];
    return Array.isArray(value) ? value : (this.wrong(path, 'a list', value) ?? []);
  }

  duration(value: unknown, path: Path): number | undefined {
    if (value === undefined) return undefined;
    const ms = typeof value === 'string' ? parseDuration(value) : undefined;
    return ms !== undefined && ms > 0 ? ms : this.wrong(path, 'a duration with its unit, like 200ms', value);
  }

  number(value: unknown, path: Path, low: number, high: number, whole: boolean): number | undefined {
    if (value === undefined) return undefined;
    const fits = typeof value === 'number' && value >= low && value <= high && (!whole || Number.isInteger(value));
    return fits ? (value as number) : this.wrong(path, `a number from ${low} to ${high}`, value);
  }

  address(value: unknown, path: Path): string | undefined {
    return (typeof value === 'string' ? canonicalIp(value) : undefined) ?? this.wrong(path, 'an address', value);
  }

  text(value: unknown, path: Path): string | undefined {
    return typeof value === 'string' && value !== '' ? value : this.wrong(path, 'a text', value);
  }
}

function readArbiters(reader: Reader, value: unknown): Arbiter[] {
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

function readNodes(reader: Reader, value: unknown): Record<string, string[]> {
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

function readGroups(reader: Reader, value: unknown): { name: string; key: string }[] {
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

function readServices(reader: Reader, value: unknown): ({ name: string } & ServiceExtension)[] {
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

const keys = ['profile', 'lease', 'drift_bound', 'no_quorum', 'arbiters', 'store', 'nodes', 'groups', 'services'];

/** Reads muster.yml; an empty file says nothing, which is fine. Throws a `Problem` with all mistakes. */
export function parseMusterYml(text: string, file = 'muster.yml'): MusterYml {
  const yaml = parseYaml(text, file);
  const reader = new Reader(yaml);
  const top = reader.map(yaml.data, [], keys);
  const profile = top.profile === 'default' || top.profile === 'fast' ? top.profile : undefined;
  if (top.profile !== undefined && profile === undefined) reader.wrong(['profile'], 'default or fast', top.profile);
  const policy = top.no_quorum;
  const noQuorum = policy === 'stop' || policy === 'freeze' ? policy : undefined;
  if (policy !== undefined && noQuorum === undefined) reader.wrong(['no_quorum'], 'stop or freeze', policy);
  const result: MusterYml = {
    at: (...path) => (path.length > 1 ? yaml.keyAt(path.slice(0, -1), String(path.at(-1))) : yaml.at(path)),
    profile,
    lease: reader.duration(top.lease, ['lease']),
    driftBound: reader.number(top.drift_bound, ['drift_bound'], 0, 0.1, false),
    noQuorum,
    arbiters: readArbiters(reader, top.arbiters),
    store: readStore(reader, top.store),
    nodeAddresses: readNodes(reader, top.nodes),
    groups: readGroups(reader, top.groups),
    services: readServices(reader, top.services),
  };
  throwMistakes(yaml.list);
  return result;
}
