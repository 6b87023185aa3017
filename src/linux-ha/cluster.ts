import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { showDuration } from '../base/duration.ts';
import { badInput, type Mistake, Problem } from '../base/problem.ts';
import type { Cluster } from '../model/cluster.ts';
import { defaultDriftBound } from '../model/defaults.ts';
import { canFenceFrom } from '../model/fencing.ts';
import { leastLease } from '../model/lease-floor.ts';
import { addressesOf } from '../model/resource-group.ts';
import type { VirtualService } from '../model/virtual-service.ts';
import { serviceKey } from '../model/virtual-service.ts';
import { type Authkeys, parseAuthkeys, refuseWeakKey } from './authkeys.ts';
import { fencingOf } from './fencing-yml.ts';
import { type HaCf, parseHaCf, type RunDirectives } from './ha-cf.ts';
import { ldirectordFilesIn, type PlacedGroup, parseHaresources } from './haresources.ts';
import { parseLdirectordCf } from './ldirectord-cf.ts';
import { checkGateTime, checkGroupSizes } from './limits.ts';
import { type MusterYml, parseMusterYml } from './muster-yml.ts';
import { ruleMistakes } from './rule-mistakes.ts';
import { strangersOf } from './stonith-line.ts';
import { storeMistakes, usualLease } from './store-yml.ts';

/** The text of each file by its name within /etc/ha.d (`ha.cf`, `authkeys`, ...); a file that is not there is left out. */
export type ConfigFiles = Readonly<Record<string, string>>;

/** All that /etc/ha.d says. */
export interface Configuration {
  readonly cluster: Cluster;
  readonly authkeys: Authkeys;
  /** How this machine is to run musterd; no two nodes have to agree on it. */
  readonly running: RunDirectives;
  /** One sentence for each directive that has no meaning here; said once at start. */
  readonly notes: readonly string[];
  /** First 12 hex digits of the hash over all files that the nodes must have alike. */
  readonly hash: string;
}

/** Everything that is read from a node's disk; tests and the controller's read-back pass files from memory. */
export interface ConfigReader {
  /** The text of a file, or undefined where there is none. */
  read(path: string): string | undefined;
  /** The permission bits of a file. */
  mode(path: string): number;
}

const diskReader: ConfigReader = {
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw new Problem('badInput', `Cannot read "${path}" as a configuration file: ${message}`);
    }
  },
  mode: (path) => statSync(path).mode & 0o777,
};

/** The files that all nodes of a cluster have alike, in the order in which they are hashed. */
export const configFileNames = ['ha.cf', 'authkeys', 'haresources', 'ldirectord.cf', 'muster.yml'] as const;

/**
 * The first 12 hex digits of SHA-256 over the files' names and texts: equal on two nodes if and only if their configuration
 * is. Comments count too, so that "equal" needs no explanation.
 */
export function configHash(files: ConfigFiles): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(files).sort()) {
    hash.update(`${name}\0${Buffer.byteLength(files[name]!)}\0`).update(files[name]!);
  }
  return hash.digest('hex').slice(0, 12);
}

function nameGroups(
  groups: readonly PlacedGroup[],
  yml: MusterYml,
  file: string,
): { groups: Cluster['groups']; mistakes: Mistake[] } {
  const mistakes: Mistake[] = [];
  for (const { name, key } of yml.groups) {
    if (groups.some((group) => group.name === key)) continue;
    const known = groups.map((group) => group.name).join(', ') || 'none';
    mistakes.push({
      at: { file, ...yml.at('groups', name) },
      message: `Cannot name a group "${name}" as haresources must have "${key}" first in one: it has not (known: ${known})`,
    });
  }
  const named = groups.map(({ name, preferred, resources }) => ({
    name: yml.groups.find(({ key }) => key === name)?.name ?? name,
    preferred,
    resources,
  }));
  return { groups: named, mistakes };
}

function extendServices(
  services: readonly VirtualService[],
  yml: MusterYml,
  file: string,
): { services: VirtualService[]; mistakes: Mistake[] } {
  const mistakes: Mistake[] = [];
  for (const { name, virtual } of yml.services) {
    if (services.some((service) => serviceKey(service) === virtual)) continue;
    const known = services.map(serviceKey).join(', ') || 'none';
    mistakes.push({
      at: { file, ...yml.at('services', name) },
      message: `Cannot name a service "${name}" as ldirectord.cf must have virtual "${virtual}": it has not (known: ${known})`,
    });
  }
  const extended = services.map((service) => {
    const extension = yml.services.find(({ virtual }) => virtual === serviceKey(service));
    if (extension === undefined) return service;
    const { interval, timeout, rise } = service.check;
    return {
      ...service,
      name: extension.name,
      check: {
        ...service.check,
        interval: extension.interval ?? interval,
        timeout: extension.timeout ?? timeout,
        rise: extension.rise ?? rise,
      },
    };
  });
  return { services: extended, mistakes };
}

function checkLease(cf: HaCf, arbiters: MusterYml['arbiters'], lease: number, at: Mistake['at']): Mistake[] {
  const least = leastLease({ nodes: cf.nodes, arbiters });
  if (lease < least) {
    const message = `Cannot hold a lease of ${showDuration(lease)} as the arbiter's answers must be able to renew it: at its round trip that takes ${showDuration(least)}`;
    return [{ at, message, hint: 'five round trips and 500 ms, or an arbiter that is nearer' }];
  }
  if (lease >= 2 * cf.timings.keepalive) return [];
  const [is, beat] = [showDuration(lease), showDuration(cf.timings.keepalive)];
  const message = `Cannot hold a lease of ${is} as it must last at least two keepalives: keepalive is ${beat}`;
  return [{ at, message, hint: 'one lost message would otherwise cost the lease' }];
}

/** Two nodes that lose sight of each other are one vote each: without a third, or fencing, nobody could ever take over. */
function checkThirdVote(cf: HaCf, yml: MusterYml, fencing: Cluster['fencing'], at: Mistake['at']): Mistake[] {
  const fenced = cf.nodes.every((node) => cf.nodes.some((from) => canFenceFrom(fencing, from, node)));
  if (cf.nodes.length !== 2 || yml.arbiters.length > 0 || yml.store !== undefined || fenced) return [];
  const message = `Cannot form a majority as two nodes need a third vote or fencing: only ${cf.nodes.join(' and ')} would vote`;
  return [{ at, message, hint: `${thirdVoteWays} ("arbiters" or "fencing" in muster.yml, "stonith_host" in ha.cf)` }];
}

/** How two nodes get out of it, in the words of every file that says who votes. */
export const thirdVoteWays = 'add a third node, a host that only votes under "arbiters", a lease store, or fencing';

/** Runs a parser; its mistakes join the others instead of hiding them. */
function collect<T>(mistakes: Mistake[], parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Problem) || error.mistakes.length === 0) throw error;
    mistakes.push(...error.mistakes);
    return undefined;
  }
}

/**
 * The configuration out of the files' texts. `where` is what messages put before the names (`/etc/ha.d/`). Throws a
 * `Problem` with the mistakes of all files at once.
 */
export function parseConfiguration(files: ConfigFiles, where = ''): Configuration {
  const mistakes: Mistake[] = [];
  const missing = (name: string, why: string): undefined => {
    const at = { file: `${where}${name}`, line: 1, column: 1 };
    mistakes.push({ at, message: `Cannot ${why} as this file must be there: it is not` });
    return undefined;
  };
  const name = (file: string): string => `${where}${file}`;
  const haCf = files['ha.cf'];
  // What ha.cf leaves out follows from the profile.
  const inYml: Mistake[] = [];
  const yml = collect(inYml, () => parseMusterYml(files['muster.yml'] ?? '', name('muster.yml')));
  const cf =
    haCf === undefined
      ? missing('ha.cf', 'form a cluster')
      : collect(mistakes, () => parseHaCf(haCf, name('ha.cf'), yml?.profile));
  const keyText = files.authkeys;
  const authkeys =
    keyText === undefined
      ? missing('authkeys', 'authenticate messages')
      : collect(mistakes, () => parseAuthkeys(keyText, name('authkeys')));
  const placed =
    collect(mistakes, () => parseHaresources(files.haresources ?? '', name('haresources'), cf?.nodes)) ?? [];
  const ldirectord = Object.keys(files)
    .filter((file) => !['ha.cf', 'authkeys', 'haresources', 'muster.yml', 'quorumd.conf'].includes(file))
    .map((file) => collect(mistakes, () => parseLdirectordCf(files[file]!, name(file))));
  mistakes.push(...inYml);
  if (cf === undefined || authkeys === undefined || yml === undefined || mistakes.length > 0) throw badInput(mistakes);

  const ymlFile = name('muster.yml');
  const lease = yml.lease ?? Math.max(cf.usualLease, usualLease(yml.store));
  const inHaCf = { file: name('ha.cf'), line: 1, column: 1 };
  const leaseAt = yml.lease === undefined ? { ...inHaCf, ...cf.timingAt } : { file: ymlFile, ...yml.at('lease') };
  const named = nameGroups(placed, yml, ymlFile);
  const extended = extendServices(
    ldirectord.flatMap((part) => part?.services ?? []),
    yml,
    ymlFile,
  );
  const driftBound = yml.driftBound ?? defaultDriftBound;
  const fencing = fencingOf(
    yml.fencing,
    cf.stonith.map(({ line }) => line),
  );
  const badLease = checkLease(cf, yml.arbiters, lease, leaseAt);
  if (badLease.length === 0) mistakes.push(...checkGateTime(lease, cf.timings.keepalive, driftBound, leaseAt));
  mistakes.push(
    ...named.mistakes,
    ...extended.mistakes,
    ...badLease,
    ...checkGroupSizes(
      named.groups.map((group, index) => ({
        name: group.name,
        at: placed[index]!.at,
        addresses: addressesOf(group).map(({ address }) => address),
      })),
      cf.nodes,
    ),
    ...checkThirdVote(cf, yml, fencing, { ...inHaCf, ...cf.nodesAt }),
    ...storeMistakes({ ...yml, groups: named.groups, timings: { ...cf.timings, lease } }).map(
      ({ about, message, hint }) => ({
        at: about === 'groups' || about === 'lease' ? leaseAt : { file: ymlFile, ...yml.at(about) },
        message,
        hint,
      }),
    ),
    ...strangersOf(cf.stonith, cf.nodes).map((one) => ({ ...one, at: { ...inHaCf, ...one.at } })),
    ...ruleMistakes(yml, cf.nodes, named.groups, fencing, ymlFile),
  );
  if (mistakes.length > 0) throw badInput(mistakes);
  const cluster: Cluster = {
    name: cf.clusterName ?? 'linux-ha',
    nodes: cf.nodes,
    nodeAddresses: yml.nodeAddresses,
    arbiters: yml.arbiters,
    store: yml.store,
    placement: yml.placement,
    resources: yml.resources,
    alerts: yml.alerts,
    monitors: yml.monitors,
    fencing,
    links: cf.links,
    udpPort: cf.udpPort,
    timings: { ...cf.timings, lease },
    profile: yml.profile ?? 'default',
    autoFailback: cf.autoFailback,
    noQuorum: yml.noQuorum ?? 'stop',
    pingNodes: cf.pingNodes,
    pingGroups: cf.pingGroups,
    deadping: cf.deadping,
    watchdog: cf.watchdog,
    watchdogPolicy: yml.fencing?.watchdog,
    respawn: cf.respawn,
    groups: named.groups,
    services: extended.services,
    driftBound,
  };
  const notes = [...cf.notes, ...ldirectord.flatMap((part) => part?.notes ?? [])];
  return { cluster, authkeys, running: cf.running, notes, hash: configHash(files) };
}

/** Names of ldirectord's files: its default one, and those that haresources passes to it (`ldirectord::web.cf`). */
function ldirectordFiles(haresources: string | undefined): string[] {
  const named = ldirectordFilesIn(haresources ?? '').filter((file) => file !== '');
  return [...new Set(['ldirectord.cf', ...named.map((file) => file.replace(/^\/etc\/ha\.d\//, ''))])];
}

/** The texts of all files in a directory like /etc/ha.d that a configuration consists of. */
export function readConfigFiles(directory = '/etc/ha.d', reader: ConfigReader = diskReader): ConfigFiles {
  const files: Record<string, string> = {};
  const load = (name: string): void => {
    const text = reader.read(isAbsolute(name) ? name : join(directory, name));
    if (text !== undefined) files[name] = text;
  };
  for (const name of configFileNames) load(name);
  for (const name of ldirectordFiles(files.haresources)) load(name);
  return files;
}

/**
 * Reads a node's configuration. As heartbeat does, it refuses keys that others may read, and unlike
 * heartbeat those that prove nothing (crc, md5). Throws a `Problem` with every mistake.
 */
export function readConfiguration(directory = '/etc/ha.d', reader: ConfigReader = diskReader): Configuration {
  const files = readConfigFiles(directory, reader);
  const keys = join(directory, 'authkeys');
  if (files.authkeys !== undefined && (reader.mode(keys) & 0o077) !== 0) {
    const mode = reader.mode(keys).toString(8).padStart(4, '0');
    throw new Problem('badInput', `Cannot trust "${keys}" as only root may read it: its mode is ${mode}`, {
      hint: `chmod 600 ${keys}`,
    });
  }
  const configuration = parseConfiguration(files, directory.endsWith('/') ? directory : `${directory}/`);
  refuseWeakKey(configuration.authkeys, files.authkeys!, keys);
  return configuration;
}

/** Only the model of `readConfiguration`. */
export function readCluster(directory = '/etc/ha.d', reader: ConfigReader = diskReader): Cluster {
  return readConfiguration(directory, reader).cluster;
}
