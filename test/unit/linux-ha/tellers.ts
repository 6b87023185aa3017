import fc from 'fast-check';
import { type AlertTarget, alertEvents } from '../../../src/model/alerts.ts';
import { type Monitor, type MonitorCheck, monitorName } from '../../../src/model/monitors.ts';

/** Arbitrary alerts and monitors, as the lint wants them: whoever is named is there, and nobody depends on itself. */
const ms = fc.integer({ min: 1, max: 120_000 });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const word = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,8}$/);
const port = fc.integer({ min: 1, max: 65_535 });
const text = fc.stringMatching(/^[ -~]{1,12}$/);
const program = fc.stringMatching(/^\/[ -~]{1,12}$/);

const way: fc.Arbitrary<AlertTarget['way']> = fc.oneof(
  fc.record({ kind: fc.constant('exec' as const), program, args: fc.array(text, { maxLength: 2 }) }),
  fc.record({
    kind: fc.constant('mail' as const),
    to: fc.array(fc.constantFrom('root', 'ops@example.org'), { minLength: 1 }),
  }),
  fc.record({
    kind: fc.constant('webhook' as const),
    url: fc.constantFrom('http://10.0.0.1:8080/a', 'https://h/?x="y"'),
  }),
);

const alerts: fc.Arbitrary<readonly AlertTarget[] | undefined> = maybe(
  fc.uniqueArray(fc.record({ name: word, way, events: fc.subarray([...alertEvents]), timeout: ms }), {
    minLength: 1,
    maxLength: 3,
    selector: ({ name }) => name,
  }),
);

const check: fc.Arbitrary<MonitorCheck> = fc.oneof(
  fc.constant({ kind: 'ping' as const }),
  fc.record({ kind: fc.constant('tcp' as const), port }),
  fc.record({
    kind: fc.constantFrom('http', 'https' as const),
    port,
    request: text,
    receive: maybe(fc.constantFrom('ok', '^20\\d "')),
    virtualHost: maybe(text),
  }),
  fc.record({ kind: fc.constant('program' as const), program, args: fc.array(text, { maxLength: 2 }) }),
);

const settings = fc.record({
  check,
  interval: ms,
  timeout: ms,
  alertAfter: fc.record({ failures: fc.integer({ min: 1, max: 9 }), within: maybe(ms) }),
  alertEvery: maybe(fc.integer({ min: 60_000, max: 9_000_000 })),
  upAlert: fc.boolean(),
});

export function tellersOf(
  groups: readonly string[],
): fc.Arbitrary<{ alerts: readonly AlertTarget[] | undefined; monitors: readonly Monitor[] | undefined }> {
  return alerts.chain((targets) => {
    const names = (targets ?? []).map(({ name }) => name);
    const service = fc.record({ service: word, settings, alerts: maybe(fc.subarray(names)) });
    const watch = fc.record({
      group: word,
      hosts: fc.array(fc.constantFrom('10.0.0.7', 'fd00::7', 'db-1.example.org'), { minLength: 1, maxLength: 2 }),
      runBy: groups.length === 0 ? fc.constant(undefined) : maybe(fc.constantFrom(...groups)),
      services: fc.uniqueArray(service, { minLength: 1, maxLength: 3, selector: (one) => one.service }),
    });
    const watches = fc.uniqueArray(watch, { minLength: 1, maxLength: 3, selector: ({ group }) => group });
    return maybe(watches).map((list) => ({ alerts: targets, monitors: list?.flatMap(monitorsOf) }));
  });
}

interface Watch extends Pick<Monitor, 'group' | 'hosts' | 'runBy'> {
  readonly services: readonly {
    service: string;
    settings: Omit<Monitor, 'depends' | 'alerts' | 'service' | keyof Pick<Monitor, 'group' | 'hosts' | 'runBy'>>;
    alerts: string[] | undefined;
  }[];
}

/** Each depends on the one before it. */
function monitorsOf({ group, hosts, runBy, services }: Watch): Monitor[] {
  return services.map(({ service, settings: said, alerts: told }, index) => {
    const before = services[index - 1]?.service;
    const depends = before === undefined ? [] : [monitorName({ group, service: before })];
    return { group, service, hosts, runBy, ...said, depends, alerts: told };
  });
}
