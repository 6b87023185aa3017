import type { Action, Wish } from '../../src/core/resources/event.ts';
import { defaultResourceSettings, onFailPolicies, type ResourceSettings } from '../../src/model/resource-settings.ts';
import { type Behaviour, ResourceWorld, setup } from '../unit/core/resources/world.ts';

type Happening = (world: ResourceWorld) => void;

interface Trouble {
  readonly resource: string;
  readonly action: Action;
  readonly from: number;
  readonly until: number;
  readonly behaviour: Behaviour;
}

const settingNames: Readonly<Record<string, keyof ResourceSettings>> = {
  monitor: 'monitorInterval',
  start: 'startTimeout',
  stop: 'stopTimeout',
  threshold: 'migrationThreshold',
  forget: 'failureTimeout',
};

const behaviours: Readonly<Record<string, Behaviour>> = {
  fails: { says: 'failed' },
  'fails half done': { says: 'failed', does: 'run' },
  'cannot be done': { says: 'unable' },
  hangs: { hangs: true },
  lies: { says: 'ok', does: 'nothing' },
};

/**
 * Plays a story of one machine's resources. Its lines, in any order:
 *
 *     # what it is about
 *     group shop: disk db web [needs fencing] [never here]
 *     settings monitor=1000 threshold=3 forget=60000 start=5000 stop=5000 on_fail=restart
 *     from 0 to 900 start of db fails     also: fails half done, cannot be done, hangs, lies, takes 500
 *     at 100 want run                     also: stop, stop urgently, leave
 *     at 500 crash db                     it ends, and nobody is told
 *     at 500 restart                      musterd starts again
 *     at 500 clear
 *     until 5000
 *
 * Times are in milliseconds since musterd started. Returns what was done and said. Throws where a line says something else.
 */
export function playResources(text: string): string[] {
  const troubles: Trouble[] = [];
  const happenings: { readonly at: number; readonly happens: Happening }[] = [];
  let group = { name: '', resources: [] as string[], needsFencing: false, neverHere: false };
  let settings: Partial<ResourceSettings> = { monitorInterval: 0 };
  let endAt = 5000;
  const event = (wish: Wish, urgently: boolean): Happening => {
    return (world) => void world.happens({ type: 'want', group: group.name, wish, urgently });
  };
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const named = /^group (\w+): ([\w ]+?)( needs fencing)?( never here)?$/.exec(line);
    const set = /^settings (.+)$/.exec(line);
    const trouble = /^from (\d+) to (\d+) (start|stop|monitor|probe) of (\w+) (.+)$/.exec(line);
    const want = /^at (\d+) want (run|stop|leave)( urgently)?$/.exec(line);
    const crash = /^at (\d+) crash (\w+)$/.exec(line);
    const other = /^at (\d+) (restart|clear)$/.exec(line);
    const until = /^until (\d+)$/.exec(line);
    if (named !== null)
      group = {
        name: named[1]!,
        resources: named[2]!.split(' '),
        needsFencing: named[3] !== undefined,
        neverHere: named[4] !== undefined,
      };
    else if (set !== null) settings = { ...settings, ...readSettings(set[1]!) };
    else if (trouble !== null)
      troubles.push({
        from: Number(trouble[1]),
        until: Number(trouble[2]),
        action: trouble[3] as Action,
        resource: trouble[4]!,
        behaviour: readBehaviour(trouble[5]!),
      });
    else if (want !== null)
      happenings.push({ at: Number(want[1]), happens: event(want[2] as Wish, want[3] !== undefined) });
    else if (crash !== null) happenings.push({ at: Number(crash[1]), happens: (world) => void world.crash(crash[2]!) });
    else if (other !== null)
      happenings.push({
        at: Number(other[1]),
        happens: (world) =>
          void (other[2] === 'restart' ? world.restart() : world.happens({ type: 'clear', group: group.name })),
      });
    else if (until !== null) endAt = Number(until[1]);
    else throw new Error(`no line of a story of resources: "${line}"`);
  }
  const world = new ResourceWorld(
    [
      {
        ...setup(group.name, group.resources, { ...defaultResourceSettings, ...settings }, group.needsFencing),
        neverHere: group.neverHere,
      },
    ],
    (resource, action, time) =>
      troubles.find((one) => one.resource === resource && one.action === action && time >= one.from && time < one.until)
        ?.behaviour,
    troubles.some(({ behaviour }) => behaviour.says === 'ok'),
  );
  world.start();
  for (const { at, happens } of happenings.sort((left, right) => left.at - right.at)) {
    world.run(at - world.now);
    happens(world);
  }
  world.run(endAt - world.now);
  if (world.violations.length > 0) throw new Error(world.violations.join('\n'));
  return [...world.log, `end ${[...world.runs].join(', ') || 'nothing'} runs`];
}

function readSettings(text: string): Partial<ResourceSettings> {
  const entries = text.split(' ').map((part): [string, number | string] => {
    const [name = '', value = ''] = part.split('=');
    const policy = onFailPolicies.find((known) => known === value);
    if (name === 'on_fail' && policy !== undefined) return ['onFail', policy];
    const key = settingNames[name];
    if (key === undefined || !/^\d+$/.test(value)) throw new Error(`no setting: "${part}"`);
    return [key, Number(value)];
  });
  return Object.fromEntries(entries);
}

function readBehaviour(text: string): Behaviour {
  const takes = /^takes (\d+)$/.exec(text);
  const found = takes !== null ? { takes: Number(takes[1]) } : behaviours[text];
  if (found === undefined) throw new Error(`no way to behave: "${text}"`);
  return found;
}
