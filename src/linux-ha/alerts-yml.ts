/** `alerts:` of muster.yml and of the inventory: who is told of what, and how. */
import { writeDuration } from '../base/duration.ts';
import {
  type AlertEvent,
  type AlertTarget,
  type AlertWay,
  alertEvents,
  defaultAlertEvents,
  defaultAlertTimeout,
} from '../model/alerts.ts';
import type { Path } from './yaml-document.ts';
import type { YamlReader } from './yaml-reader.ts';

export const alertWays = ['exec', 'mail', 'webhook'] as const;
const keys = [...alertWays, 'args', 'events', 'timeout'];
export const targetPattern = /^[A-Za-z_][\w.-]*$/;
export const mailPattern = /^[^\s@,;<>"]+@[^\s@,;<>"]+$|^[a-z_][a-z0-9_-]*$/i;
/** Milliseconds; whoever is not told by then is told too late. */
export const longestAlert = 300_000;

export function isWebhook(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

/** The whole of `alerts:`, which stands at `base`; undefined where it is left out. */
export function readAlerts(reader: YamlReader, value: unknown, base: Path): readonly AlertTarget[] | undefined {
  if (value === undefined || value === null) return undefined;
  const targets = Object.entries(reader.map(value, base, undefined)).flatMap(
    ([name, target]) => readTarget(reader, name, target, [...base, name]) ?? [],
  );
  return targets.length === 0 ? undefined : targets;
}

function readTarget(reader: YamlReader, name: string, value: unknown, path: Path): AlertTarget | undefined {
  if (!targetPattern.test(name)) return reader.wrong(path, 'a name of letters, digits, "_", "." and "-"', name);
  const fields = reader.map(value, path, keys);
  const said = alertWays.filter((way) => fields[way] !== undefined);
  if (said.length !== 1) return reader.wrong(path, `one of ${alertWays.join(', ')}`, value);
  if (fields.args !== undefined && said[0] !== 'exec')
    reader.wrong([...path, 'args'], `arguments of a program, and this is ${said[0]}`, fields.args);
  const way = readWay(reader, said[0]!, fields, path);
  const timeout = reader.duration(fields.timeout, [...path, 'timeout']) ?? defaultAlertTimeout;
  if (timeout > longestAlert) reader.wrong([...path, 'timeout'], 'five minutes at most', fields.timeout);
  const events = readEvents(reader, fields.events, [...path, 'events']);
  return way === undefined ? undefined : { name, way, events, timeout };
}

function readWay(
  reader: YamlReader,
  kind: AlertWay['kind'],
  fields: Readonly<Record<string, unknown>>,
  path: Path,
): AlertWay | undefined {
  switch (kind) {
    case 'exec': {
      const program = fields.exec;
      if (typeof program !== 'string' || !/^\/[^\0\n]+$/.test(program))
        return reader.wrong([...path, 'exec'], 'the whole path of a program', program);
      return { kind, program, args: readTexts(reader, fields.args, [...path, 'args']) };
    }
    case 'mail': {
      const to = readTexts(reader, fields.mail, [...path, 'mail']);
      for (const one of to) if (!mailPattern.test(one)) reader.wrong([...path, 'mail'], 'addresses of mail', one);
      return to.length === 0 ? reader.wrong([...path, 'mail'], 'addresses of mail', fields.mail) : { kind, to };
    }
    case 'webhook': {
      const url = fields.webhook;
      if (typeof url !== 'string' || !isWebhook(url))
        return reader.wrong([...path, 'webhook'], 'a URL like https://hooks.example.org/x', url);
      return { kind, url };
    }
  }
}

/** One text, or a list of them; what is written as a number is one, too. */
function readTexts(reader: YamlReader, value: unknown, path: Path): string[] {
  if (typeof value === 'string') return [value];
  return reader.list(value, path).flatMap((item, index) => {
    if (typeof item === 'number') return [String(item)];
    return reader.text(item, [...path, index]) ?? [];
  });
}

function readEvents(reader: YamlReader, value: unknown, path: Path): readonly AlertEvent[] {
  if (value === undefined) return defaultAlertEvents;
  const events = reader.list(value, path).flatMap((item, index): AlertEvent[] => {
    const known = alertEvents.find((event) => event === item);
    return known === undefined
      ? (reader.wrong([...path, index], `one of ${alertEvents.join(', ')}`, item) ?? [])
      : [known];
  });
  return [...new Set(events)];
}

/** The targets as the template wants them: flow maps, which are JSON. */
export function alertsContext(targets: readonly AlertTarget[]): { name: string; says: string }[] {
  return targets.map(({ name, way, events, timeout }) => {
    const how =
      way.kind === 'exec'
        ? { exec: way.program, args: way.args }
        : way.kind === 'mail'
          ? { mail: way.to }
          : { webhook: way.url };
    return { name, says: JSON.stringify({ ...how, events, timeout: writeDuration(timeout) }) };
  });
}
