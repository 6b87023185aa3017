/** The devices of a configuration on this machine: what carries out, tests and remembers fencing. */
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../model/cluster.ts';
import { defaultFencing, type Fencing, secretsOf } from '../../model/fencing.ts';
import type { NodeName } from '../../model/names.ts';
import type { FencingStatus } from '../../wire/fencing.ts';
import type { Journal } from '../journal.ts';
import { runAgent } from '../resources/agent-process.ts';
import { FenceAgent } from './fence-agent.ts';
import { FencedNote } from './fenced-note.ts';
import { Fencer } from './fencer.ts';
import { FencingHistory } from './history.ts';
import { ScsiKeys } from './scsi-keys.ts';
import { SelfTest } from './self-test.ts';
import { stonithDevice, stonithLine } from './stonith-program.ts';
import type { FenceResult, FenceTools, FenceWay } from './way.ts';

const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];
/** In a status. */
const latest = 5;

export interface FencingOptions {
  readonly cluster: Cluster;
  readonly self: NodeName;
  readonly journal: Journal;
  readonly runDir: string;
  readonly stateDir: string;
  readonly now: () => number;
  readonly tools?: FenceTools | undefined;
}

/** Everything about fencing that musterd has, whether or not there are devices. */
export class FencingParts {
  readonly history: FencingHistory;
  readonly note: FencedNote;
  readonly #options: FencingOptions;
  readonly #ways: readonly FenceWay[];
  readonly #fencer: Fencer | undefined;
  readonly #test: SelfTest | undefined;

  constructor(options: FencingOptions) {
    this.#options = options;
    const { cluster, self, journal, now, runDir, stateDir } = options;
    this.note = new FencedNote(runDir, (why) => journal.warn('fencing', why));
    this.history = new FencingHistory(stateDir, (why) => journal.warn('fencing', why));
    const { fencing } = cluster;
    this.#ways = fencing === undefined ? [] : waysOf(fencing, options);
    if (fencing === undefined) return;
    this.#fencer = new Fencer({
      fencing,
      self,
      ways: this.#ways,
      record: (record) => this.history.add(record),
      say: (why, peer) => journal.say('fence', why, { peer }),
      warn: (why, peer) => journal.warn('fence', why, { peer }),
      now,
      clock: Date.now,
    });
    this.#test = new SelfTest({
      // A device for this node alone is of use to others only, and may well be out of its reach.
      ways: this.#ways.filter(({ nodes }) => nodes === undefined || nodes.some((node) => node !== self)),
      interval: fencing.selfTest,
      say: (why, device) => journal.say('fencing-device', why, { device }),
      warn: (why, device) => journal.warn('fencing-device', why, { device }),
      now,
      random: Math.random,
    });
  }

  /** Nobody is fenced by this; a disk learns this node's key, so that others can take it away. */
  async start(): Promise<void> {
    for (const way of this.#ways) {
      if (!(way instanceof ScsiKeys)) continue;
      const { ok, text } = await way.register();
      const why = `fencing device ${way.name} (scsi) ${text}`;
      if (!ok) this.#options.journal.warn('fencing-device', why, { device: way.name });
    }
    this.#test?.start();
  }

  stop(): void {
    this.#test?.stop();
    this.#fencer?.stop();
  }

  /** See `Fencer.fence`. */
  fence(node: NodeName, why: string): Promise<FenceResult> {
    const nothing = { ok: false, text: 'no fencing device is configured' };
    return this.#fencer?.fence(node, why) ?? Promise.resolve(nothing);
  }

  /** Remembers an operator's word for a node that is off, where it was believed. */
  noted<T extends { readonly ok: boolean }>(node: NodeName, confirmed: boolean, answer: T): T {
    if (!confirmed || !answer.ok) return answer;
    const why = 'an operator has made sure of it';
    const by = this.#options.self;
    this.history.add({ time: Date.now(), node, by, kind: 'operator', ok: true, why, text: why, tookMs: 0 });
    return answer;
  }

  /** null where no device is configured. */
  status(): FencingStatus | null {
    const { now } = this.#options;
    if (this.#fencer === undefined || this.#test === undefined) return null;
    return {
      devices: this.#test.status(),
      underWay: this.#fencer
        .underWay()
        .map(({ node, since, why }) => ({ node, sinceMs: Math.round(now() - since), why })),
      latest: this.history.records.slice(-latest),
    };
  }
}

/** The tools of a real machine. */
export function machineTools(runDir: string, now: () => number): FenceTools {
  const directory = join(runDir, 'fencing');
  const path = folders.join(':');
  return {
    run: async ({ environment, ...command }, options) => {
      try {
        const whole = { ...command, environment: { PATH: path, HOME: '/', LC_ALL: 'C', ...environment } };
        return await runAgent(whole, { ...options, directory });
      } catch (error) {
        // Nowhere to keep its output, no process left: a fencing that fails, and musterd goes on.
        return { code: undefined, timedOut: false, output: (error as Error).message };
      }
    },
    find: (name) => folders.map((folder) => join(folder, name)).find(isProgram),
    now,
    sleep: (ms) => sleep(ms),
  };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function waysOf(fencing: Fencing, options: FencingOptions): FenceWay[] {
  const { cluster, self, runDir, now, tools = machineTools(runDir, now) } = options;
  const secrets = secretsOf(fencing).sort((left, right) => right.length - left.length);
  const mask = (text: string): string => secrets.reduce((shown, secret) => shown.replaceAll(secret, '(secret)'), text);
  const joint = new Set(
    Object.values(fencing.levels).flatMap((levels) => levels.filter((level) => level.length > 1).flat()),
  );
  const devices = fencing.devices.map((device): FenceWay => {
    if (device.agent === 'scsi')
      return new ScsiKeys(device, { cluster: cluster.name, nodes: cluster.nodes, self, runDir });
    if (device.agent.startsWith('stonith:')) return stonithDevice(device, joint.has(device.name), tools, mask);
    return new FenceAgent(device, self, tools, mask);
  });
  const fileOf = (name: string, parameters: string): string => {
    const directory = join(runDir, 'fencing');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = join(directory, `${name}.conf`);
    writeFileSync(file, `${parameters}\n`, { mode: 0o600 });
    return file;
  };
  const lines = fencing.lines.flatMap((line, index) =>
    line.directive === 'stonith' || line.from === '*' || line.from === self
      ? [stonithLine(line, index, defaultFencing.timeout, fileOf, tools, mask)]
      : [],
  );
  return [...devices, ...lines];
}
