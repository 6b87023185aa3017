import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { ensureBaseTree } from './base-tree.ts';
import { startBmc, stopBmc } from './bmc.ts';
import { isFrozen, isPopulated } from './cgroup.ts';
import { inNamespace } from './command.ts';
import { answersSsh, requireNode, waitForSsh } from './dial.ts';
import { createDisk, isDiskFull } from './disk.ts';
import { labFaults } from './faults.ts';
import { createKeys } from './keys.ts';
import { readLoad } from './load.ts';
import { withLock } from './lock.ts';
import { ensureGateway, isOn, powerDown, powerUp } from './machine.ts';
import { mountsBelow } from './mounts.ts';
import { labHosts, labPaths, labsRoot, maxNodes, nodePaths, portOf, resolveLabName } from './names.ts';
import { createSwitch, isNamespace, readSwitch } from './network.ts';
import { readSlow } from './relay.ts';
import { ensureRequirements, requireRoot } from './requirements.ts';
import { type LabState, readState, writeState } from './state.ts';
import { tearDown } from './teardown.ts';
import type { LabFaults, LabNode, LabPaths, NodeTrouble, SlowDirection } from './types.ts';
import { createVolume } from './volume.ts';
import { allEnded } from './wait.ts';

/** A lab that is up. */
export interface Lab {
  readonly paths: LabPaths;
  /** The nodes as they are now, asked of the kernel. */
  nodes(): Promise<LabNode[]>;
  readonly faults: LabFaults;
  /** Gives the machine a BMC (bmc.ts), or takes its power away. */
  bmc(node: string, on: boolean): Promise<void>;
  /** The argv that runs `argv` in the client's (or the switch's) network namespace; all else is the host's. */
  inClient(argv: readonly string[]): string[];
  inSwitch(argv: readonly string[]): string[];
}

export interface LabUpOptions {
  readonly name?: string | undefined;
  /** 1 to 80; 3 where the lab is new, as many as it has where it is up. */
  readonly nodes?: number | undefined;
  /** Networks that each node is in: 1 or 2; 1 where the lab is new. The second carries nothing but heartbeats. */
  readonly links?: number | undefined;
  /** Megabytes of a block device that all nodes share, `sharedVolume` in each; none where the lab is new and this is not said. */
  readonly volume?: number | undefined;
  /** Debian packages that the machines of a new lab have from the start, and `muster provision` need not install. */
  readonly packages?: readonly string[] | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LabStatus {
  readonly name: string;
  readonly up: boolean;
  readonly stateDir: string;
  readonly gateway: boolean;
  readonly links: number;
  readonly nodes: readonly (LabNode &
    NodeTrouble & { readonly link: boolean; readonly link2: boolean; readonly ssh: boolean })[];
  /** Directions in which the switch drops frames. */
  readonly cuts: readonly { readonly from: string; readonly to: string }[];
  /** Directions in which frames are late or lost. */
  readonly slow: readonly SlowDirection[];
}

/** Locks lie beside the labs, not in them: a lab that goes down takes its directory with it. */
const lockFile = (paths: LabPaths): string => join(dirname(labsRoot), `lab-${paths.name}.lock`);

async function readNodes(paths: LabPaths, state: LabState): Promise<LabNode[]> {
  return Promise.all(
    state.nodes.map(async (host): Promise<LabNode> => {
      const [on, frozen] = await Promise.all([isOn(paths, host.name), isFrozen(paths.name, host.name)]);
      return { ...host, power: on ? 'on' : 'off', frozen, sshSocket: nodePaths(paths, host.name).sshSocket };
    }),
  );
}

/** The state of a lab that is there; undefined where it is not, or where a crash or a reboot left only ruins. */
async function intactState(paths: LabPaths): Promise<LabState | undefined> {
  const state = await readState(paths);
  if (state === undefined || !isNamespace(paths.switchNamespace) || !isNamespace(paths.clientNamespace))
    return undefined;
  const mounted = mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), paths.stateDir);
  return state.nodes.every(({ name }) => mounted.includes(nodePaths(paths, name).root)) ? state : undefined;
}

function labOf(paths: LabPaths, state: LabState): Lab {
  return {
    paths,
    nodes: () => readNodes(paths, state),
    faults: labFaults(paths, state),
    bmc: async (node, on) => (on ? startBmc : stopBmc)(paths, await requireNode(paths, node)),
    inClient: (argv) => inNamespace(paths.clientNamespace, argv),
    inSwitch: (argv) => inNamespace(paths.switchNamespace, argv),
  };
}

/** The lab of that name (or this clone's), which must be up; else a Problem('hostUnreachable'). */
export async function openLab(name?: string): Promise<Lab> {
  requireRoot();
  const paths = labPaths(resolveLabName(name));
  const state = await intactState(paths);
  if (state !== undefined) return labOf(paths, state);
  throw new Problem('hostUnreachable', `Cannot use lab "${paths.name}" as it must be up: it is not`, {
    hint: `muster lab up${name === undefined ? '' : ` --lab ${name}`}`,
  });
}

async function boot(
  paths: LabPaths,
  { nodes: hosts, links }: Pick<LabState, 'nodes' | 'links'>,
  { onProgress, signal }: LabUpOptions,
): Promise<void> {
  const powerAll = async (): Promise<void> => {
    for (const host of hosts) {
      signal?.throwIfAborted();
      await powerUp(paths, host, links);
    }
  };
  await allEnded([ensureGateway(paths, signal), powerAll()]);
  const greet = async (name: string): Promise<void> => {
    await waitForSsh(paths, name, { signal });
    onProgress?.(`${name} is up`);
  };
  await allEnded(hosts.map(({ name }) => greet(name)));
}

async function create(paths: LabPaths, count: number, options: LabUpOptions): Promise<LabState> {
  const { onProgress, signal, links = 1, volume = 0, packages } = options;
  const base = await ensureBaseTree({ packages, onProgress, signal });
  await tearDown(paths);
  try {
    await mkdir(join(paths.stateDir, 'ssh'), { recursive: true, mode: 0o700 });
    onProgress?.(`making the switch and ${count} disks`);
    const state: LabState = { name: paths.name, base, nodes: labHosts(count), links, volume };
    await createSwitch(paths);
    const keys = await createKeys(paths, count);
    await allEnded(state.nodes.map((host) => createDisk(paths, host, { base, count, links, keys })));
    if (volume > 0) {
      const names = state.nodes.map(({ name }) => name);
      await createVolume(paths, names, volume);
    }
    await writeState(paths, state);
    onProgress?.(`booting ${state.nodes.map(({ name }) => name).join(' ')}`);
    await boot(paths, state, options);
    return state;
  } catch (error) {
    await tearDown(paths);
    throw error;
  }
}

function requireLinks({ links }: LabUpOptions, state?: LabState): void {
  if (links !== undefined && links !== 1 && links !== 2)
    throw new Problem('usage', `Cannot bring up a lab of ${links} networks as it must have 1 or 2: it has not`);
  if (links === undefined || state === undefined || links === state.links) return;
  throw new Problem(
    'usage',
    `Cannot bring up lab "${state.name}" with ${links} networks as it must have those that it was made with: ${state.links}`,
    { hint: `muster lab down --lab ${state.name}` },
  );
}

function requireVolume({ volume }: LabUpOptions, state?: LabState): void {
  if (volume !== undefined && !(Number.isInteger(volume) && volume >= 1 && volume <= 65_536))
    throw new Problem('usage', `Cannot make a shared volume as it must have 1 to 65536 megabytes: ${volume}`);
  if (volume === undefined || state === undefined || volume === state.volume) return;
  const has = state.volume === 0 ? 'it has none' : `it has ${state.volume} megabytes`;
  throw new Problem(
    'usage',
    `Cannot bring up lab "${state.name}" with a shared volume of ${volume} megabytes as it must have the one that it was made with: ${has}`,
    { hint: `muster lab down --lab ${state.name}` },
  );
}

async function complete(paths: LabPaths, state: LabState, options: LabUpOptions): Promise<boolean> {
  const { nodes: wanted, onProgress } = options;
  requireLinks(options, state);
  requireVolume(options, state);
  if (wanted !== undefined && wanted !== state.nodes.length) {
    throw new Problem(
      'usage',
      `Cannot bring up lab "${paths.name}" with ${wanted} nodes as it must have the ones that it was made with: it is up with ${state.nodes.length}`,
      { hint: `muster lab down --lab ${paths.name}` },
    );
  }
  const on = await Promise.all(state.nodes.map(({ name }) => isOn(paths, name)));
  const off = state.nodes.filter((_, index) => !on[index]);
  const gateway = await isPopulated(paths.name, 'gateway');
  if (off.length === 0 && gateway) return false;
  onProgress?.(`completing: ${[...off.map(({ name }) => name), ...(gateway ? [] : ['gateway'])].join(' ')}`);
  try {
    await boot(paths, { nodes: off, links: state.links }, options);
  } catch (error) {
    for (const { name } of off) await powerDown(paths, name);
    throw error;
  }
  return true;
}

/**
 * Brings the lab up and resolves when every node's sshd answers. A lab that is up already is only completed
 * (`changed` false where nothing was missing). What fails or is aborted leaves nothing behind.
 */
export async function labUp(options: LabUpOptions = {}): Promise<{ lab: Lab; changed: boolean }> {
  const { nodes, signal } = options;
  if (nodes !== undefined && (!Number.isInteger(nodes) || nodes < 1 || nodes > maxNodes)) {
    throw new Problem('usage', `Cannot bring up a lab of ${nodes} nodes as it must have 1 to ${maxNodes}: it has not`);
  }
  requireLinks(options);
  requireVolume(options);
  const paths = labPaths(resolveLabName(options.name));
  await ensureRequirements(options);
  return withLock(
    lockFile(paths),
    async () => {
      const there = await intactState(paths);
      if (there !== undefined) return { changed: await complete(paths, there, options), lab: labOf(paths, there) };
      return { lab: labOf(paths, await create(paths, nodes ?? 3, options)), changed: true };
    },
    { signal, onWait: () => options.onProgress?.(`waiting for another muster that works on lab ${paths.name}`) },
  );
}

/** Takes the lab down and leaves nothing of it outside the cache; works after any crash, and where no lab is. */
export async function labDown(name?: string): Promise<void> {
  requireRoot();
  const paths = labPaths(resolveLabName(name));
  await withLock(lockFile(paths), () => tearDown(paths));
  await rmdir(dirname(labsRoot)).catch(() => {});
}

/** What the lab is now; `up` is false where there is none. */
export async function labStatus(name?: string): Promise<LabStatus> {
  requireRoot();
  const paths = labPaths(resolveLabName(name));
  const state = await intactState(paths);
  const about = { name: paths.name, stateDir: paths.stateDir };
  if (state === undefined) return { ...about, up: false, gateway: false, links: 0, nodes: [], cuts: [], slow: [] };
  const [nodes, { cuts, downPorts }, slow, gateway] = await Promise.all([
    readNodes(paths, state),
    readSwitch(paths),
    readSlow(paths),
    isPopulated(paths.name, 'gateway'),
  ]);
  const troubles = await Promise.all(
    nodes.map(async ({ name: node }): Promise<NodeTrouble> => {
      const [load, diskFull] = await Promise.all([readLoad(paths.name, node), isDiskFull(paths, node)]);
      return { ...load, diskFull };
    }),
  );
  const ssh = await Promise.all(nodes.map(({ name: node, power }) => power === 'on' && answersSsh(paths, node)));
  const all = nodes.map((node, index) => ({
    ...node,
    ...troubles[index]!,
    link: node.power === 'on' && !downPorts.includes(node.name),
    link2: node.power === 'on' && state.links > 1 && !downPorts.includes(portOf(node.name, 2)),
    ssh: ssh[index]!,
  }));
  return { ...about, up: true, gateway, links: state.links, nodes: all, cuts, slow };
}

/** The names of all labs on this machine, also of broken ones. */
export async function listLabs(): Promise<string[]> {
  return (await readdir(labsRoot).catch((): string[] => [])).sort();
}
