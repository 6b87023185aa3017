import { Readable } from 'node:stream';
import { knownEntries } from '../../remote/host-key.ts';
import { knownHostName, namesHost } from '../../remote/known-hosts.ts';
import { forEachHost } from '../../remote/pool.ts';
import { type RelayHost, relayed, relayProgram, relayTree } from '../../remote/relay-program.ts';
import type { Target } from '../../remote/types.ts';

/** Hosts that get the parcel from here. */
const roots = 3;

export interface RelayRequest {
  readonly targets: readonly Target[];
  /** What each host does with the parcel, by its name: text for `sh`. */
  readonly programOf: (host: string) => string;
  readonly parcel: () => AsyncIterable<Buffer>;
  readonly signal: AbortSignal;
  /** Told of each host that has it. */
  readonly has: (host: string) => void;
}

/**
 * Lets hosts pass a parcel on to each other: three get it from here, each sends it to two more, and so on. They log in at
 * each other with our keys, which are lent to them while it lasts, and know each other's host keys from our known_hosts.
 * Resolves to those that have it and say so; whoever could not be reached in this way is left to the caller.
 */
export async function relay(request: RelayRequest): Promise<Set<string>> {
  const targets = new Map(request.targets.map((target) => [target.name, target]));
  const hosts: RelayHost[] = [];
  for (const target of request.targets) {
    const keys = await hostKeysOf(target);
    if (keys === 'unknown' || target.dial || target.proxyCommand || target.jump) continue;
    const { name, address, port, user } = target;
    hosts.push({ name, address, port, user, hostKeys: keys, program: request.programOf(name) });
  }
  const tree = relayTree(hosts, roots);
  const programs = new Map(tree.map((node) => [node.host.name, relayProgram(node)]));
  const first = tree.map(({ host }): Target => {
    return { ...targets.get(host.name)!, lendKeys: true, persist: undefined, transport: 'ssh2' };
  });
  const done = new Set<string>();
  const learn = (stderr: string): void => {
    for (const host of relayed(stderr)) {
      if (!done.has(host)) request.has(host);
      done.add(host);
    }
  };
  await forEachHost(first, { forks: roots, signal: request.signal }, async (connection, { name }) => {
    let said = '';
    await connection.exec(programs.get(name)!, {
      as: 'user',
      stdin: Readable.from(request.parcel(), { objectMode: false }),
      signal: request.signal,
      collect: false,
      onStderr: (chunk) => {
        said += chunk.toString();
        learn(said);
      },
    });
  });
  return done;
}

/** `TYPE KEY` of what known_hosts has for a host; undefined where host keys are not checked. */
async function hostKeysOf(target: Target): Promise<readonly string[] | undefined | 'unknown'> {
  if (target.hostKeyChecking === 'off') return undefined;
  const name = knownHostName(
    target.hostKeyAlias ?? target.address,
    target.hostKeyAlias === undefined ? target.port : 22,
  );
  const entries = await knownEntries(target);
  const ours = entries.filter(({ patterns }) => namesHost(patterns, name));
  if (ours.some(({ marker }) => marker !== undefined)) return 'unknown';
  return ours.length === 0 ? 'unknown' : ours.map(({ keyType, key }) => `${keyType} ${key}`);
}
