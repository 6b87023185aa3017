/** `fencing:` of muster.yml and of the inventory: devices that make sure that nodes do nothing any more. */
import type { FenceAction, FenceDevice, Fencing, StonithLine, WatchdogPolicy } from '../model/fencing.ts';
import { defaultFencing, fenceActions, watchdogPolicies } from '../model/fencing.ts';
import type { Path } from './yaml-document.ts';
import type { YamlReader } from './yaml-reader.ts';

/** What `fencing:` says; heartbeat's lines stand in ha.cf. */
export interface FencingYml extends Omit<Fencing, 'lines'> {
  readonly watchdog: WatchdogPolicy | undefined;
}

/** The cluster's fencing; undefined where nobody can be fenced. */
export function fencingOf(yml: FencingYml | undefined, lines: readonly StonithLine[]): Fencing | undefined {
  const { randomDelay, selfTest } = defaultFencing;
  const { watchdog: _, ...rules } = yml ?? {
    devices: [],
    levels: {},
    delays: {},
    randomDelay,
    selfTest,
    watchdog: null,
  };
  const says = Object.keys(rules.levels).length + Object.keys(rules.delays).length;
  return lines.length + rules.devices.length + says > 0 ? { lines, ...rules } : undefined;
}

export const fencingKeys = ['devices', 'levels', 'delays', 'random_delay', 'self_test', 'watchdog'] as const;
/** Milliseconds; a longer one is a slip of the pen. */
export const longestFencing = 3_600_000;
export const agentForms = 'fence_NAME, stonith:TYPE or scsi';
export const agentPattern = /^(fence_[a-z0-9_]+|stonith:[A-Za-z0-9][\w/.-]*|scsi)$/;
export const devicePattern = /^[A-Za-z][\w.-]*$/;
const optionPattern = /^[A-Za-z_][\w-]*$/;
/** What Muster itself tells an agent. */
const ownOptions = ['action', 'option'];

/** The whole of `fencing:`, which stands at `base`; undefined where it is left out. */
export function readFencing(reader: YamlReader, value: unknown, base: Path): FencingYml | undefined {
  if (value === undefined || value === null) return undefined;
  const top = reader.map(value, base, fencingKeys);
  const devices = Object.entries(reader.map(top.devices, [...base, 'devices'], undefined)).flatMap(
    ([name, device]) => readDevice(reader, name, device, [...base, 'devices', name]) ?? [],
  );
  return {
    devices,
    levels: readLevels(reader, top.levels, [...base, 'levels']),
    delays: readDelays(reader, top.delays, [...base, 'delays']),
    randomDelay: readTime(reader, top.random_delay, [...base, 'random_delay']) ?? defaultFencing.randomDelay,
    selfTest: readSelfTest(reader, top.self_test, [...base, 'self_test']),
    watchdog: oneOf(reader, top.watchdog, watchdogPolicies, [...base, 'watchdog']),
  };
}

function readDevice(reader: YamlReader, name: string, value: unknown, path: Path): FenceDevice | undefined {
  if (!devicePattern.test(name))
    return reader.wrong(
      path,
      'a device whose name begins with a letter and has only letters, digits, "_", "." and "-"',
      name,
    );
  const fields = reader.map(value, path, ['agent', 'options', 'nodes', 'action', 'timeout']);
  const { agent } = fields;
  if (typeof agent !== 'string' || !agentPattern.test(agent))
    return reader.wrong([...path, 'agent'], agentForms, agent);
  return {
    name,
    agent,
    options: readOptions(reader, fields.options, [...path, 'options']),
    nodes: readNodes(reader, fields.nodes, [...path, 'nodes']),
    action: readAction(reader, fields.action, [...path, 'action']) ?? defaultFencing.action,
    timeout: readTime(reader, fields.timeout, [...path, 'timeout']) ?? defaultFencing.timeout,
  };
}

function readAction(reader: YamlReader, value: unknown, path: Path): FenceAction | undefined {
  // YAML 1.1 takes the bare word for a boolean.
  return value === false ? 'off' : oneOf(reader, value, fenceActions, path);
}

function oneOf<T extends string>(reader: YamlReader, value: unknown, known: readonly T[], path: Path): T | undefined {
  if (value === undefined) return undefined;
  const said = value === false ? 'off' : value;
  return known.find((one) => one === said) ?? reader.wrong(path, `one of ${known.join(', ')}`, value);
}

function readOptions(reader: YamlReader, value: unknown, path: Path): Record<string, string> {
  const options = Object.entries(reader.map(value, path, undefined)).flatMap(([name, said]) => {
    const place = [...path, name];
    if (!optionPattern.test(name)) return reader.wrong(place, 'an option of letters, digits, "_" and "-"', name) ?? [];
    if (ownOptions.includes(name)) return reader.wrong(place, 'an option that is not for Muster to say', name) ?? [];
    const text = optionText(said);
    // An option is a line of the agent's standard input.
    if (text === undefined || /[\0\r\n]/.test(text))
      return reader.wrong(place, 'a text of one line', kindOf(said)) ?? [];
    return [[name, text] as const];
  });
  return Object.fromEntries(options);
}

function optionText(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string'
    ? String(value)
    : undefined;
}

/** Instead of what may be a password. */
function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'a text of several lines';
  return Array.isArray(value) ? 'a list' : value === null ? 'nothing' : 'a map';
}

/** A list of names, or a map of names to options, where a mere word or number is the plug. */
function readNodes(reader: YamlReader, value: unknown, path: Path): FenceDevice['nodes'] {
  if (Array.isArray(value)) {
    const names = value.flatMap((name, index) => reader.text(name, [...path, index]) ?? []);
    return Object.fromEntries(names.map((name) => [name, {}]));
  }
  if (value === undefined || value === null) return reader.wrong(path, 'the nodes that it can fence', value) ?? {};
  const nodes = Object.entries(reader.map(value, path, undefined)).map(([name, said]) => {
    const plug = optionText(said);
    return [name, plug === undefined ? readOptions(reader, said, [...path, name]) : { plug }] as const;
  });
  return Object.fromEntries(nodes);
}

function readLevels(reader: YamlReader, value: unknown, path: Path): Fencing['levels'] {
  const levels = Object.entries(reader.map(value, path, undefined)).map(([node, list]) => {
    const place = [...path, node];
    const read = reader.list(list, place).flatMap((level, index) => {
      const names = typeof level === 'string' ? [level] : reader.list(level, [...place, index]);
      const found = names.flatMap((name, inner) => reader.text(name, [...place, index, inner]) ?? []);
      if (found.length > 0) return [found];
      return reader.wrong([...place, index], 'a device, or a list of devices', level) ?? [];
    });
    return [node, read] as const;
  });
  return Object.fromEntries(levels);
}

function readDelays(reader: YamlReader, value: unknown, path: Path): Fencing['delays'] {
  const delays = Object.entries(reader.map(value, path, undefined)).flatMap(([node, said]) => {
    const ms = readTime(reader, said, [...path, node]);
    return ms === undefined ? [] : [[node, ms] as const];
  });
  return Object.fromEntries(delays);
}

function readSelfTest(reader: YamlReader, value: unknown, path: Path): number {
  if (value === 'off' || value === false) return 0;
  const ms = reader.duration(value, path) ?? defaultFencing.selfTest;
  // Some controllers forget themselves when they are asked all day.
  return ms >= 10_000 && ms <= 24 * 3_600_000 ? ms : (reader.wrong(path, 'off, or from 10s to a day', value) ?? 0);
}

function readTime(reader: YamlReader, value: unknown, path: Path): number | undefined {
  const ms = reader.duration(value, path);
  return ms === undefined || ms <= longestFencing ? ms : reader.wrong(path, 'an hour at most', value);
}
