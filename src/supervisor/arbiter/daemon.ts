import { hostname } from 'node:os';
import { Problem } from '../../base/problem.ts';
import type { ArbiterProcessStatus } from '../../wire/arbiter-status.ts';
import type { ControlAnswer } from '../../wire/control.ts';
import { ControlServer } from '../control-server.ts';
import { bundleHash } from '../identity.ts';
import { Journal } from '../journal.ts';
import { arbiterSocket, type Settings } from '../settings.ts';
import { Complaints } from './complaints.ts';
import { readArbiterConfiguration } from './config.ts';
import { ServedCluster } from './served-cluster.ts';
import { ArbiterServer } from './server.ts';

/** How soon a changed quorumd.conf counts, in milliseconds. */
const lookInterval = 2000;

const now = (): number => performance.now();

export interface ArbiterDaemon {
  stop(why: string): Promise<void>;
}

/**
 * Starts an arbiter: a voter for each cluster of quorumd.conf and quorumd.d. It needs no rights but to read these files and
 * to keep its counts. Clusters are added, changed and removed while it runs; the others notice nothing. Throws a Problem
 * where it cannot start.
 */
export async function startArbiter(
  settings: Settings,
  program: { readonly version: string; readonly file: string },
): Promise<ArbiterDaemon> {
  const self = settings.node ?? hostname().split('.')[0]!;
  const journal = new Journal(self);
  const startedAt = now();
  const ownHash = bundleHash(program.file);
  const clusters = new Map<string, ServedCluster>();
  const servers = new Map<number, ArbiterServer>();
  const counters: Record<string, number> = {};
  const complaints = new Complaints(journal, now);
  let hash = '';
  let told = '';
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const count = (reason: string): void => {
    counters[reason] = (counters[reason] ?? 0) + 1;
  };

  async function openPort(port: number): Promise<void> {
    if (servers.has(port)) return;
    const ofPort = (name: string): ServedCluster | undefined => {
      const found = clusters.get(name);
      return found?.quorumd.port === port ? found : undefined;
    };
    const server = new ArbiterServer({ port, cluster: ofPort, complaints, count });
    await server.listen();
    servers.set(port, server);
  }

  /** Brings what runs in line with what the files say. */
  async function apply(): Promise<void> {
    const wanted = await readArbiterConfiguration(settings.configDir);
    if (wanted.hash === hash) return;
    for (const [name, served] of clusters) {
      const same = wanted.clusters.find((quorumd) => quorumd.name === name);
      if (JSON.stringify(same) === JSON.stringify(served.quorumd)) continue;
      served.stop('the arbiter is told otherwise');
      clusters.delete(name);
    }
    for (const quorumd of wanted.clusters) {
      if (clusters.has(quorumd.name)) continue;
      const own = journal.for({ cluster: quorumd.name });
      const { stateDir } = settings;
      const served = new ServedCluster({ self, quorumd, stateDir, bundleHash: ownHash, journal: own, now });
      clusters.set(quorumd.name, served);
      await served.start();
    }
    const ports = new Set(wanted.clusters.map(({ port }) => port));
    for (const port of ports) await openPort(port);
    for (const [port, server] of servers) {
      if (ports.has(port)) continue;
      server.close();
      servers.delete(port);
    }
    hash = wanted.hash;
    told = '';
    journal.say('configuration', `serves ${[...clusters.keys()].join(', ') || 'no cluster'}`, { configHash: hash });
  }

  async function look(): Promise<void> {
    try {
      await apply();
    } catch (error) {
      const why = error instanceof Problem ? error.message : String(error);
      if (why !== told) journal.warn('configuration', `what counted before goes on: ${why}`);
      told = why;
    }
    if (!stopped) timer = setTimeout(() => void look(), lookInterval);
  }

  const status = (): ArbiterProcessStatus => ({
    version: program.version,
    arbiter: self,
    bundleHash: ownHash,
    configHash: hash,
    uptimeMs: Math.round(now() - startedAt),
    clusters: [...clusters.values()].map((served) => served.status()),
    counters: { ...counters },
  });
  const control = await ControlServer.listen(arbiterSocket(settings), async ({ request }): Promise<ControlAnswer> => {
    if (request === 'status') return { ok: true, arbiter: status() };
    return { ok: false, text: `an arbiter only votes: it has nothing to ${request}` };
  });

  const stop = async (why: string): Promise<void> => {
    stopped = true;
    clearTimeout(timer);
    journal.say('stop', why);
    for (const server of servers.values()) server.close();
    for (const served of clusters.values()) served.stop('the arbiter ends');
    control.close();
    await journal.flush();
  };
  try {
    // The first time, what is wrong is a reason not to start.
    await apply();
  } catch (error) {
    await stop('it cannot start');
    throw error;
  }
  timer = setTimeout(() => void look(), lookInterval);
  journal.say('start', `musterd ${program.version} arbitrates as ${self}`, { bundleHash: ownHash });
  return { stop };
}
