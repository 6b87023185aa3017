import { canonicalIp } from '../base/ip.ts';
import type {
  Check,
  ForwardingMethod,
  Protocol,
  RealServer,
  Scheduler,
  VirtualService,
} from '../model/virtual-service.ts';
import { schedulers, serviceKey } from '../model/virtual-service.ts';
import { readSections, type Section, type Setting } from './ldirectord-lines.ts';
import { type MistakeList, mistakeList, parseBoolean, parseWhole, throwMistakes } from './lines.ts';
import { negotiateServices, portOfName, serviceOfPort } from './well-known-ports.ts';

/** What ldirectord.cf says: the virtual services, and one sentence for each directive that has no meaning here. */
export interface LdirectordCf {
  readonly services: readonly VirtualService[];
  readonly notes: readonly string[];
}

/** Directives that change the model; all the others of ldirectord's manual are noted. */
const meaningful = new Set([
  ...['real', 'checktype', 'service', 'checkcommand', 'checkport', 'request', 'receive', 'virtualhost', 'scheduler'],
  ...[
    'persistent',
    'protocol',
    'checktimeout',
    'negotiatetimeout',
    'checkinterval',
    'failurecount',
    'fallback',
    'quiescent',
  ],
  // How ldirectord runs as a process, which musterd does its own way without a difference to the services.
  ...['supervised', 'fork', 'autoreload', 'logfile', 'cleanstop', 'readdquiescent'],
]);

const forwardingMethods: readonly ForwardingMethod[] = ['gate', 'masq', 'ipip'];

interface Reader {
  readonly list: MistakeList;
  readonly notes: string[];
}

const at = (setting: Setting): { line: number; column: number } => ({ line: setting.line, column: setting.column });

/** `10.0.0.1:80`, `[fd77::1]:80`, `10.0.0.1:http`, `10.0.0.1`; port undefined where it is left out. */
export function parseEndpoint(text: string): { address: string; port: number | undefined } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+))(?::([^:\s]+))?$/.exec(text);
  const address = canonicalIp(match?.[1] ?? match?.[2] ?? text);
  if (address === undefined) return undefined;
  if (match?.[3] === undefined) return { address, port: undefined };
  const port = parseWhole(match[3], 1, 65_535) ?? portOfName(match[3]);
  return port === undefined ? undefined : { address, port };
}

/** The addresses of `10.0.0.1->10.0.0.3:80`; the last byte (or group) counts up. */
function expandReal(text: string): string[] | undefined {
  const match = /^([0-9.]+)->([0-9.]+)(:\S+)?$/.exec(text);
  if (match === null) return [text];
  const split = (ip: string): [string, number] | undefined => {
    const whole = canonicalIp(ip);
    return whole === undefined
      ? undefined
      : [whole.slice(0, whole.lastIndexOf('.')), Number(whole.slice(whole.lastIndexOf('.') + 1))];
  };
  const [first, last] = [split(match[1]!), split(match[2]!)];
  if (first === undefined || last === undefined || first[0] !== last[0] || last[1] < first[1]) return undefined;
  return Array.from(
    { length: last[1] - first[1] + 1 },
    (_, index) => `${first[0]}.${first[1] + index}${match[3] ?? ''}`,
  );
}

function readServers(setting: Setting, virtualPort: number, reader: Reader): RealServer[] {
  const [target = '', ...rest] = setting.value.split(/\s+/);
  const { list, notes } = reader;
  const method = forwardingMethods.find((name) => name === rest[0]);
  if (setting.key === 'real' && method === undefined) {
    list.add(
      at(setting),
      `Cannot read real server "${target}" as gate, masq or ipip must follow: ${rest[0] === undefined ? 'nothing does' : `"${rest[0]}"`}`,
    );
    return [];
  }
  const forwarding = method ?? 'gate';
  const weight = /^\d+$/.test(rest[1] ?? '') ? parseWhole(rest[1]!, 0, 65_535) : 1;
  if (weight === undefined) {
    list.add(at(setting), `Cannot read the weight of "${target}" as a number from 0 to 65535: "${rest[1]}"`);
    return [];
  }
  const more = rest.slice(/^\d+$/.test(rest[1] ?? '') ? 2 : 1);
  if (more.length > 0)
    notes.push(
      `${list.file}:${setting.line} requests and thresholds of a single real server have no meaning here: those of the service count`,
    );
  const endpoints = (expandReal(target) ?? ['']).map(parseEndpoint);
  if (endpoints.includes(undefined)) {
    list.add(
      at(setting),
      `Cannot read ${setting.key} "${target}" as an address with a port (10.0.0.1:80): it is none`,
      'write addresses, names are not resolved',
    );
    return [];
  }
  return endpoints.map((endpoint) => ({
    address: endpoint!.address,
    // Direct routing and tunnels leave the packet as it is, so the port cannot change on the way.
    port: forwarding === 'masq' ? (endpoint!.port ?? virtualPort) : virtualPort,
    forwarding,
    weight,
  }));
}

class Values {
  readonly #settings: readonly Setting[];
  readonly #defaults: readonly Setting[];
  readonly #list: MistakeList;

  constructor(section: Section, defaults: readonly Setting[], list: MistakeList) {
    this.#settings = section.settings;
    this.#defaults = defaults;
    this.#list = list;
  }

  /** The last line counts, and a virtual's own before one for all. */
  find(key: string): Setting | undefined {
    const last = (settings: readonly Setting[]): Setting | undefined =>
      settings.filter((setting) => setting.key === key).at(-1);
    return last(this.#settings) ?? last(this.#defaults);
  }

  text(key: string): string | undefined {
    return this.find(key)?.value;
  }

  number(key: string, low: number, high: number): number | undefined {
    const setting = this.find(key);
    if (setting === undefined) return undefined;
    const value = parseWhole(setting.value, low, high);
    if (value === undefined)
      this.#list.add(at(setting), `Cannot read ${key} as a whole number from ${low} to ${high}: "${setting.value}"`);
    return value;
  }

  oneOf<T extends string>(key: string, words: readonly T[]): T | undefined {
    const setting = this.find(key);
    const found = words.find((word) => word === setting?.value.toLowerCase());
    if (setting !== undefined && found === undefined) {
      this.#list.add(at(setting), `Cannot read ${key} as one of ${words.join(', ')}: "${setting.value}"`);
    }
    return found;
  }
}

const checkTypes = ['connect', 'negotiate', 'ping', 'external', 'external-perl', 'off', 'on'] as const;

function readCheck(values: Values, port: number, reader: Reader): Check {
  const kind = values.find('checktype');
  const combined = kind !== undefined && /^[1-9]\d*$/.test(kind.value);
  if (combined)
    reader.notes.push(
      `${reader.list.file}:${kind.line} checktype=${kind.value} has no meaning here: every check negotiates`,
    );
  const written = combined ? 'negotiate' : (values.oneOf('checktype', checkTypes) ?? 'negotiate');
  const type = written === 'external-perl' ? 'external' : written;
  const named = values.oneOf('service', negotiateServices);
  const service = named ?? (type === 'negotiate' ? serviceOfPort(port) : undefined);
  const seconds = (key: string): number | undefined => values.number(key, 1, 86_400);
  const [connectTimeout, negotiateTimeout] = [seconds('checktimeout'), seconds('negotiatetimeout')];
  const timeout =
    type === 'negotiate' ? (negotiateTimeout ?? connectTimeout ?? 30) : (connectTimeout ?? negotiateTimeout ?? 5);
  return {
    type,
    service,
    request: values.text('request'),
    receive: values.text('receive'),
    port: values.number('checkport', 1, 65_535),
    virtualHost: values.text('virtualhost'),
    command: values.text('checkcommand'),
    interval: (seconds('checkinterval') ?? 10) * 1000,
    timeout: timeout * 1000,
    rise: 1,
    fall: values.number('failurecount', 1, 1000) ?? 1,
  };
}

function readService(section: Section, defaults: readonly Setting[], reader: Reader): VirtualService | undefined {
  const { head } = section;
  const { list, notes } = reader;
  if (/^\d+$/.test(head.value)) {
    notes.push(
      `${list.file}:${head.line} virtual=${head.value} (a firewall mark) has no meaning here: name the address and port instead`,
    );
    return undefined;
  }
  const endpoint = parseEndpoint(head.value);
  if (endpoint?.port === undefined) {
    const seen = endpoint === undefined ? 'it is none' : 'it has no port';
    list.add(at(head), `Cannot read virtual "${head.value}" as an address with a port (10.0.0.1:80): ${seen}`);
    return undefined;
  }
  const { address, port } = endpoint as { address: string; port: number };
  const values = new Values(section, defaults, list);
  const protocol: Protocol = values.oneOf('protocol', ['tcp', 'udp']) ?? (port === 53 ? 'udp' : 'tcp');
  const fallback = values.find('fallback');
  const quiescent = values.find('quiescent');
  const quiet = quiescent === undefined ? true : parseBoolean(quiescent.value);
  if (quiet === undefined) list.add(at(quiescent!), `Cannot read quiescent as yes or no: "${quiescent!.value}"`);
  return {
    name: serviceKey({ address, port, protocol }),
    address,
    port,
    protocol,
    scheduler: values.oneOf<Scheduler>('scheduler', schedulers) ?? 'wrr',
    persistent: values.number('persistent', 1, 31_536_000),
    realServers: section.settings
      .filter(({ key }) => key === 'real')
      .flatMap((setting) => readServers(setting, port, reader)),
    fallback: fallback && readServers(fallback, port, reader)[0],
    quiescent: quiet ?? true,
    check: readCheck(values, port, reader),
  };
}

/**
 * Reads ldirectord.cf after ldirectord's own manual (its POD): settings for all services, then `virtual=` sections whose
 * lines are indented. Times are whole seconds there; finer ones are in muster.yml. Throws a `Problem` with all mistakes.
 */
export function parseLdirectordCf(text: string, file = 'ldirectord.cf'): LdirectordCf {
  const reader: Reader = { list: mistakeList(file), notes: [] };
  const { globals, sections } = readSections(text, reader.list);
  for (const setting of [...globals, ...sections.flatMap((section) => section.settings)]) {
    if (!meaningful.has(setting.key))
      reader.notes.push(`${file}:${setting.line} "${setting.key}" has no meaning here yet`);
  }
  const services: VirtualService[] = [];
  for (const section of sections) {
    const service = readService(section, globals, reader);
    if (service === undefined) continue;
    if (services.some(({ name }) => name === service.name)) {
      reader.list.add(
        at(section.head),
        `Cannot add virtual "${section.head.value}" as each is there once: it is there twice`,
      );
    } else services.push(service);
  }
  throwMistakes(reader.list);
  return { services, notes: reader.notes };
}
