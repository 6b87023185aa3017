/** `monitors:` of muster.yml and of the inventory: checks beyond resources, as Mon's watches are. */
import { parseDuration, writeDuration } from '../base/duration.ts';
import { nearest } from '../base/nearest.ts';
import type { AlertTarget } from '../model/alerts.ts';
import { defaultMonitor, type Monitor, type MonitorCheck, monitorName } from '../model/monitors.ts';
import type { GroupName } from '../model/names.ts';
import type { PlacementMistake } from './placement-lint.ts';
import type { Path } from './yaml-document.ts';
import type { YamlReader } from './yaml-reader.ts';

export const monitorChecks = ['ping', 'tcp', 'http', 'https', 'program'] as const;
const checkKeys = ['port', 'request', 'receive', 'virtual_host', 'program', 'args'];
const serviceKeys = [
  'check',
  ...checkKeys,
  'interval',
  'timeout',
  'alert_after',
  'alert_every',
  'up_alert',
  'depends',
  'alerts',
];
const usualPorts = { http: 80, https: 443 } as const;
export const namePattern = /^[A-Za-z0-9_][\w.-]*$/;
export const hostPattern = /^[A-Za-z0-9_:][\w.:%-]*$/;
export const mostFailures = 1000;
export const alertAfterForms = 'a number of failures, or one with a time: 3, "3 in 10m"';
/** The same words are told once a minute at most. */
export const leastAlertEvery = 60_000;

/** `3`, or `3 in 10m`; undefined where it is neither. */
export function parseAlertAfter(value: unknown): Monitor['alertAfter'] | undefined {
  const match = typeof value === 'string' ? /^(\d+)(?:\s+in\s+(\S.*))?$/.exec(value.trim()) : null;
  const failures = typeof value === 'number' ? value : Number(match?.[1]);
  const within = match?.[2] === undefined ? undefined : parseDuration(match[2]);
  if (!Number.isInteger(failures) || failures < 1 || failures > mostFailures) return undefined;
  return match?.[2] !== undefined && !((within ?? 0) > 0) ? undefined : { failures, within };
}

/** The whole of `monitors:`, which stands at `base`; undefined where it is left out. */
export function readMonitors(reader: YamlReader, value: unknown, base: Path): readonly Monitor[] | undefined {
  if (value === undefined || value === null) return undefined;
  const monitors = Object.entries(reader.map(value, base, undefined)).flatMap(([name, said]) => {
    const path = [...base, name];
    if (!namePattern.test(name)) return reader.wrong(path, 'a name of letters, digits, "_", "." and "-"', name) ?? [];
    const fields = reader.map(said, path, ['hosts', 'run_by', 'services']);
    const hosts = readTexts(reader, fields.hosts, [...path, 'hosts']);
    if (hosts.length === 0) reader.wrong([...path, 'hosts'], 'names or addresses of hosts', fields.hosts);
    for (const [index, host] of hosts.entries())
      if (!hostPattern.test(host)) reader.wrong([...path, 'hosts', index], 'a name or an address', host);
    const runBy = fields.run_by === undefined ? undefined : reader.text(fields.run_by, [...path, 'run_by']);
    const services = Object.entries(reader.map(fields.services, [...path, 'services'], undefined));
    if (services.length === 0) reader.wrong([...path, 'services'], 'what is checked, by name', fields.services);
    return services.flatMap(
      ([service, one]) =>
        readService(reader, { group: name, service, hosts, runBy }, one, [...path, 'services', service]) ?? [],
    );
  });
  return monitors.length === 0 ? undefined : monitors;
}

function readService(
  reader: YamlReader,
  of: Pick<Monitor, 'group' | 'service' | 'hosts' | 'runBy'>,
  value: unknown,
  path: Path,
): Monitor | undefined {
  if (!namePattern.test(of.service))
    return reader.wrong(path, 'a name of letters, digits, "_", "." and "-"', of.service);
  const fields = reader.map(value, path, serviceKeys);
  const check = readCheck(reader, fields, path);
  const after = fields.alert_after;
  const alertAfter =
    after === undefined ? { failures: defaultMonitor.failures, within: undefined } : parseAlertAfter(after);
  if (alertAfter === undefined) reader.wrong([...path, 'alert_after'], alertAfterForms, after);
  const alertEvery = reader.duration(fields.alert_every, [...path, 'alert_every']);
  if (alertEvery !== undefined && alertEvery < leastAlertEvery)
    reader.wrong([...path, 'alert_every'], 'a minute at least', fields.alert_every);
  const { up_alert: up = defaultMonitor.upAlert } = fields;
  if (typeof up !== 'boolean') reader.wrong([...path, 'up_alert'], 'true or false', up);
  const interval = reader.duration(fields.interval, [...path, 'interval']) ?? defaultMonitor.interval;
  const timeout = reader.duration(fields.timeout, [...path, 'timeout']) ?? defaultMonitor.timeout;
  if (check === undefined || alertAfter === undefined) return undefined;
  return {
    ...of,
    check,
    interval,
    timeout,
    alertAfter,
    alertEvery,
    upAlert: up === true,
    depends: readTexts(reader, fields.depends, [...path, 'depends']),
    alerts: fields.alerts === undefined ? undefined : readTexts(reader, fields.alerts, [...path, 'alerts']),
  };
}

function readCheck(
  reader: YamlReader,
  fields: Readonly<Record<string, unknown>>,
  path: Path,
): MonitorCheck | undefined {
  const kind = monitorChecks.find((one) => one === fields.check);
  if (kind === undefined) return reader.wrong([...path, 'check'], `one of ${monitorChecks.join(', ')}`, fields.check);
  const http = kind === 'http' || kind === 'https';
  const known = http ? ['port', 'request', 'receive', 'virtual_host'] : kind === 'tcp' ? ['port'] : [];
  const allowed = kind === 'program' ? ['program', 'args'] : known;
  for (const key of checkKeys)
    if (fields[key] !== undefined && !allowed.includes(key))
      reader.wrong([...path, key], `something that "check: ${kind}" does not have`, fields[key]);
  const port = reader.number(fields.port, [...path, 'port'], 1, 65_535, true);
  const optional = (key: string): string | undefined =>
    fields[key] === undefined ? undefined : reader.text(fields[key], [...path, key]);
  if (kind === 'ping') return { kind };
  if (kind === 'tcp')
    return port === undefined ? reader.wrong([...path, 'port'], 'a port', fields.port) : { kind, port };
  if (kind === 'program') {
    const { program } = fields;
    if (typeof program !== 'string' || !/^\/[^\0\n]+$/.test(program))
      return reader.wrong([...path, 'program'], 'the whole path of a program', program);
    return { kind, program, args: readTexts(reader, fields.args, [...path, 'args']) };
  }
  const receive = optional('receive');
  if (receive !== undefined && !isPattern(receive)) reader.wrong([...path, 'receive'], 'a regular expression', receive);
  const request = optional('request') ?? '/';
  return { kind, port: port ?? usualPorts[kind], request, receive, virtualHost: optional('virtual_host') };
}

export function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
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

/** What monitors name that is not there, and circles of dependencies. */
export function monitorMistakes(
  monitors: readonly Monitor[],
  alerts: readonly AlertTarget[],
  groups: readonly GroupName[],
): PlacementMistake[] {
  const names = monitors.map(monitorName);
  return monitors.flatMap((monitor) => {
    const path = [monitor.group, 'services', monitor.service];
    const mistakes: PlacementMistake[] = [];
    const known = (at: Path, name: string, what: string, all: readonly string[]): void => {
      if (all.includes(name)) return;
      const guess = nearest(name, all);
      const message = `Cannot monitor "${monitorName(monitor)}" as "${name}" must be ${what}: it is not (known: ${all.join(', ') || 'none'})`;
      mistakes.push({ path: at, message, hint: guess === undefined ? undefined : `did you mean "${guess}"?` });
    };
    if (monitor.runBy !== undefined) known([monitor.group, 'run_by'], monitor.runBy, 'a group of the cluster', groups);
    for (const name of monitor.depends) known([...path, 'depends'], name, 'a monitor', names);
    const targets = alerts.map(({ name }) => name);
    for (const name of monitor.alerts ?? []) known([...path, 'alerts'], name, 'a target of alerts', targets);
    if (dependsOn(monitor, monitorName(monitor), monitors))
      mistakes.push({
        path: [...path, 'depends'],
        message: `Cannot monitor "${monitorName(monitor)}" as it must not depend on itself: it does, directly or through others`,
      });
    return mistakes;
  });
}

function dependsOn({ depends }: Monitor, name: string, all: readonly Monitor[], seen = new Set<string>()): boolean {
  return depends.some((one) => {
    if (one === name) return true;
    const next = all.find((monitor) => monitorName(monitor) === one);
    if (next === undefined || seen.has(one)) return false;
    return dependsOn(next, name, all, seen.add(one));
  });
}

/** The groups of monitors as the template wants them: flow maps, which are JSON. */
export function monitorsContext(monitors: readonly Monitor[]): { name: string; says: string }[] {
  const names = [...new Set(monitors.map(({ group }) => group))];
  return names.map((name) => {
    const own = monitors.filter(({ group }) => group === name);
    const { hosts, runBy } = own[0]!;
    const services = Object.fromEntries(own.map((monitor) => [monitor.service, writtenService(monitor)]));
    return { name: JSON.stringify(name), says: JSON.stringify({ hosts, run_by: runBy, services }) };
  });
}

function writtenService({
  check,
  interval,
  timeout,
  alertAfter,
  alertEvery,
  upAlert,
  depends,
  alerts,
}: Monitor): Record<string, unknown> {
  const { kind, ...details } = check;
  const { virtualHost, ...others } = { virtualHost: undefined, ...details };
  const { failures, within } = alertAfter;
  return {
    check: kind,
    ...others,
    virtual_host: virtualHost,
    interval: writeDuration(interval),
    timeout: writeDuration(timeout),
    alert_after: within === undefined ? failures : `${failures} in ${writeDuration(within)}`,
    alert_every: alertEvery === undefined ? undefined : writeDuration(alertEvery),
    up_alert: upAlert,
    depends,
    alerts,
  };
}
