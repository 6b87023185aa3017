import { Command } from 'commander';
import { foldHosts } from '../base/host-range.ts';
import { exitCodes, Problem } from '../base/problem.ts';
import { loadInventory } from '../inventory/load.ts';
import { inventoryJsonSchema } from '../inventory/schema.ts';
import { withoutAlertSecrets } from '../linux-ha/alert-secrets.ts';
import { withoutSecrets } from '../model/fencing.ts';
import type { ClusterDescription, Host, Inventory } from '../model/inventory.ts';
import { addressesOf } from '../model/resource-group.ts';
import { serviceKey } from '../model/virtual-service.ts';
import { inventoryOption } from './host-options.ts';

interface FileOptions {
  readonly inventory: string;
  readonly json?: boolean;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

/** One line a person reads to see that the file says what was meant. */
export function summarise({ file, hosts, groups, cluster }: Inventory): string {
  const parts = [count(hosts.length, 'host'), count(Object.keys(groups).length - 1, 'group')];
  if (cluster !== undefined) {
    const arbiters = cluster.arbiters.length === 0 ? '' : ` and ${count(cluster.arbiters.length, 'arbiter')}`;
    parts.push(`cluster "${cluster.name}" of ${count(cluster.nodes.length, 'node')}${arbiters}`);
    parts.push(count(cluster.groups.length, 'resource group'), count(cluster.services.length, 'virtual service'));
  }
  return `${file}: ${parts.join(', ')}`;
}

async function check({ inventory: file, json }: FileOptions): Promise<void> {
  if (json !== true) return print(summarise(await loadInventory(file)));
  try {
    const inventory = await loadInventory(file);
    printJson({ ok: true, file, hosts: inventory.hosts.length, mistakes: [] });
  } catch (error) {
    if (!(error instanceof Problem) || error.reason !== 'badInput') throw error;
    const mistakes = error.mistakes.map(({ at, message, hint }) => ({ ...at, message, hint: hint ?? null }));
    printJson({ ok: false, file, message: error.message, mistakes });
    process.exitCode = exitCodes.badInput;
  }
}

function wayOf({ proxyCommand, proxyJump }: Host['ssh']): string {
  if (proxyCommand !== undefined) return ' (through a proxy command)';
  return proxyJump === undefined ? '' : ` (through ${proxyJump})`;
}

function sshLine({ ssh, connection, name }: Host): string {
  const target = `${ssh.user === undefined ? '' : `${ssh.user}@`}${ssh.address}${ssh.port === undefined ? '' : `:${ssh.port}`}`;
  return `${target === name ? '' : target}${connection === 'lab' ? ' (lab)' : wayOf(ssh)}`.trim();
}

function graph({ groups, hosts }: Inventory): string[] {
  const inGroup = Object.entries(groups).filter(([name]) => name !== 'all');
  const ungrouped = hosts.filter((host) => host.groups.length === 1).map(({ name }) => name);
  return [
    `@all: ${foldHosts(groups.all ?? [])}`,
    ...inGroup.map(([name, members]) => `  @${name}: ${members.length === 0 ? '(empty)' : foldHosts(members)}`),
    ...(ungrouped.length === 0 ? [] : [`  @ungrouped: ${foldHosts(ungrouped)}`]),
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

function clusterLines({ cluster }: Inventory): string[] {
  if (cluster === undefined) return [];
  const voters =
    cluster.arbiters.length === 0 ? '' : `, arbiters ${foldHosts(cluster.arbiters.map(({ name }) => name))}`;
  const servers = (addresses: readonly string[]): string =>
    foldHosts(addresses.map((address) => cluster.realServerHosts[address] ?? address));
  return [
    '',
    `cluster ${cluster.name} (engine ${cluster.engine}): nodes ${foldHosts(cluster.nodes)}${voters}`,
    ...cluster.groups.map((group) => {
      const addresses = addressesOf(group).map(({ address }) => address);
      return `  group ${group.name}: ${addresses.join(', ') || 'no address'}, rather on ${group.preferred}`;
    }),
    ...cluster.services.map((service) => {
      const real = servers(service.realServers.map(({ address }) => address));
      return `  service ${service.name}: ${serviceKey(service)}, ${service.scheduler} over ${real}`;
    }),
  ];
}

/** A cluster as anybody may see it. */
function shown(cluster: ClusterDescription): ClusterDescription {
  const shown = { ...cluster, alerts: withoutAlertSecrets(cluster.alerts) };
  return cluster.fencing === undefined ? shown : { ...shown, fencing: withoutSecrets(cluster.fencing) };
}

async function list({ inventory: file, json, graph: asGraph }: FileOptions & { graph?: boolean }): Promise<void> {
  const inventory = await loadInventory(file);
  if (json === true) return printJson({ ...inventory, cluster: inventory.cluster && shown(inventory.cluster) });
  if (asGraph === true) return print(graph(inventory).join('\n'));
  const rows = inventory.hosts.map((host) => [host.name, sshLine(host), host.groups.slice(1).join(', ')]);
  const header = ['HOST', 'REACHED AS', 'GROUPS'];
  print([...table([header, ...rows]), ...clusterLines(inventory)].join('\n'));
}

async function show(name: string, { inventory: file, json }: FileOptions): Promise<void> {
  const inventory = await loadInventory(file);
  const host = inventory.hosts.find((candidate) => candidate.name === name);
  const members = inventory.groups[name];
  if (host !== undefined) {
    if (json === true) return printJson(host);
    const variables = Object.entries(host.variables).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
    return print(
      [`${host.name} ${sshLine(host)}`.trim(), `groups: ${host.groups.join(', ')}`, 'variables:', ...variables].join(
        '\n',
      ),
    );
  }
  if (members !== undefined) return json === true ? printJson(members) : print(foldHosts(members));
  const known = [foldHosts(inventory.groups.all ?? []), ...Object.keys(inventory.groups)].join(', ');
  throw new Problem(
    'badInput',
    `Cannot show "${name}" as it must be a host or a group of ${file}: it is neither (known: ${known})`,
  );
}

/** `muster inventory check | list | show | schema`. */
export function inventoryCommand(): Command {
  const command = new Command('inventory')
    .description('check and show an inventory, or export its schema')
    .addHelpText(
      'after',
      '\nExamples:\n  muster inventory check -i inventory/lab.yml\n  muster inventory list -i inventory/lab.yml --graph\n  muster inventory schema > inventory.schema.json',
    );
  const withFile = (name: string, description: string): Command =>
    command.command(name).description(description).addOption(inventoryOption()).option('--json', 'print JSON');
  withFile('check', 'find every mistake, each with file:line:column (exit code 65)')
    .addHelpText(
      'after',
      '\nExamples:\n  muster inventory check -i inventory/lab.yml\n  muster inventory check -i hosts.ini --json',
    )
    .action(check);
  withFile('list', 'hosts, how they are reached, and the cluster')
    .option('--graph', 'groups with their hosts')
    .addHelpText(
      'after',
      '\nExamples:\n  muster inventory list -i inventory/example.yml\n  muster inventory list -i inventory/example.yml --graph',
    )
    .action(list);
  withFile('show', 'one host with its variables, or the hosts of a group')
    .argument('<name>', 'a host or a group')
    .addHelpText(
      'after',
      '\nExamples:\n  muster inventory show node1 -i inventory/lab.yml\n  muster inventory show web -i inventory/lab.yml',
    )
    .action(show);
  command
    .command('schema')
    .description('print the JSON Schema of inventories, for editors')
    .addHelpText(
      'after',
      '\nExamples:\n  muster inventory schema > inventory.schema.json\n  # then, first in an inventory: # yaml-language-server: $schema=inventory.schema.json',
    )
    .action(() => printJson(inventoryJsonSchema()));
  return command;
}
