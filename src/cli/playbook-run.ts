import { setMaxListeners } from 'node:events';
import { isIPv4 } from 'node:net';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { foldHosts } from '../base/host-range.ts';
import { exitCodes, Problem } from '../base/problem.ts';
import { loadInventory } from '../inventory/load.ts';
import { clusterContext } from '../linux-ha/context.ts';
import type { Host, Inventory } from '../model/inventory.ts';
import { needsArbiter } from '../model/lease-floor.ts';
import { checkClusterFiles } from '../playbook/cluster-files.ts';
import { loadPlaybook } from '../playbook/load.ts';
import { runPlaybook } from '../playbook/run.ts';
import type { RunEvent } from '../playbook/run-event.ts';
import { connect } from '../remote/connection.ts';
import type { HostKeyChecking } from '../remote/types.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { packageRoot } from './package-root.ts';
import { PlaybookLines } from './playbook-lines.ts';
import { PlaybookList } from './playbook-list.ts';
import { selectHosts } from './select-hosts.ts';
import { withSshOptions } from './ssh-options.ts';
import { targetsOf } from './targets.ts';

export interface PlaybookOptions {
  readonly inventory: string;
  readonly limit?: string;
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly tags?: string;
  readonly skipTags?: string;
  readonly forks: string;
  readonly hostKeyChecking?: HostKeyChecking;
  readonly lab?: string;
}

/** The options of every command that runs a playbook. */
export function withPlaybookOptions(command: Command): Command {
  return withSshOptions(command)
    .addOption(inventoryOption())
    .option('-l, --limit <pattern>', 'only these hosts, as node1,node[3-5] or @web')
    .option('-C, --check', 'dry run: say what would change, and change nothing')
    .option('-D, --diff', 'show what changes in files')
    .option('-t, --tags <names>', 'only tasks with one of these tags')
    .option('--skip-tags <names>', 'no tasks with one of these tags')
    .option('-y, --yes', 'do not ask (without a terminal, and for a lab, nothing is asked anyway)')
    .option('--json', 'one JSON event a line')
    .option('--forks <n>', 'hosts at once', '32')
    .addOption(labOption());
}

/** Runs a playbook and tells its events. Sets the process's exit code: what became of the hosts. */
export async function runPlaybookCommand(file: string, options: PlaybookOptions): Promise<void> {
  const inventory = withClusterGroups(await loadInventory(options.inventory));
  const playbook = await loadPlaybook(file);
  const limit =
    options.limit === undefined ? undefined : new Set(selectHosts(inventory, options.limit).map((host) => host.name));
  const { cluster } = inventory;
  if (cluster !== undefined) checkClusterFiles(cluster, `${packageRoot()}/templates`);
  const hosts = inventory.hosts.filter((host) => limit?.has(host.name) ?? true);
  await ask(inventory, hosts, options);
  // What has to be asked about hosts is asked once, before the first of them is begun.
  await targetsOf(hosts, options);

  const view = viewFor(options);
  const extra = cluster === undefined ? {} : clusterVariables(cluster, inventory.hosts);
  const { reason } = await withInterrupt((signal) =>
    runPlaybook({
      playbook,
      inventory,
      select: (pattern) =>
        inventory.groups[pattern]?.length === 0 ? [] : selectHosts(inventory, pattern.replaceAll(':', ',')),
      limit,
      extra: () => extra,
      connect: async (host, giveUp) => await connect((await targetsOf([host], options))[0]!, { signal: giveUp }),
      onEvent: (event) => view.tell(event),
      check: options.check ?? false,
      diff: options.diff ?? false,
      tags: words(options.tags),
      skipTags: words(options.skipTags),
      forks: Math.max(1, Number(options.forks) || 1),
      signal,
    }).finally(() => view.finish()),
  );
  process.exitCode = exitCodes[reason];
}

/** The roles in the cluster as groups that plays can name. */
function withClusterGroups(inventory: Inventory): Inventory {
  const { cluster } = inventory;
  if (cluster === undefined) return inventory;
  const roles = {
    cluster_nodes: cluster.nodes,
    cluster_arbiters: cluster.arbiters.map((arbiter) => arbiter.name),
    cluster_real_servers: [...new Set(Object.values(cluster.realServerHosts))],
  };
  return { ...inventory, groups: { ...inventory.groups, ...roles } };
}

/** What templates and tasks see of the cluster: `cluster` as the templates of its files want it, and its addresses. */
function clusterVariables(cluster: NonNullable<Inventory['cluster']>, hosts: readonly Host[]): Record<string, unknown> {
  const vips = cluster.groups.flatMap((group) =>
    group.resources.flatMap((resource) =>
      resource.kind === 'address'
        ? [{ group: group.name, address: resource.address, interface: resource.interface ?? null }]
        : [],
    ),
  );
  const arbiters = cluster.arbiters.map(({ name }) => name);
  return {
    cluster: clusterContext(cluster),
    cluster_vips: vips,
    cluster_node_addresses: Object.fromEntries(
      hosts
        .filter((host) => cluster.nodes.includes(host.name) && isIPv4(host.ssh.address))
        .map((host) => [host.name, host.ssh.address]),
    ),
    cluster_engine: cluster.engine,
    cluster_arbiters: cluster.arbiters.map(({ name, address, port }) => ({ name, address, port })),
    cluster_voters: [...cluster.nodes, ...arbiters],
    cluster_needs_arbiter: needsArbiter(cluster),
    cluster_needed_arbiters: needsArbiter(cluster) ? arbiters : [],
    cluster_lease: cluster.timings.lease,
  };
}

interface View {
  tell(event: RunEvent): void;
  finish(): Promise<void>;
}

function viewFor(options: PlaybookOptions): View {
  const write = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  if (options.json) return { tell: (event) => write(JSON.stringify(event)), finish: async () => {} };
  if (process.stdout.isTTY) return new PlaybookList({ diff: options.diff ?? false });
  const lines = new PlaybookLines({ diff: options.diff ?? false, print: write });
  return { tell: (event) => lines.tell(event), finish: async () => {} };
}

/** On a terminal, one question before real machines are changed. */
async function ask(inventory: Inventory, hosts: readonly Host[], options: PlaybookOptions): Promise<void> {
  const real = hosts.filter((host) => host.connection !== 'lab');
  if (options.yes || options.check || options.json || real.length === 0) return;
  if (!process.stdin.isTTY || !process.stdout.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const names = foldHosts(real.map((host) => host.name));
  const answer = await terminal.question(
    `Change ${names} of ${inventory.file}? (--check says what would change) [y/N] `,
  );
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Problem('interrupted', 'nothing was changed');
}

/** Ctrl-C once: no further step is begun. Twice: leaves at once; what runs on the hosts then ends by itself. */
async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  // Every host waits for it, and that is no leak.
  setMaxListeners(0, controller.signal);
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function words(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',').filter((word) => word !== '');
}
