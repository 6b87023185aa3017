import { Command, InvalidArgumentError } from 'commander';
import { compareNatural, foldHosts } from '../base/host-range.ts';
import { evaluateNodeSet, NodeSetError, type NodeSetWorld } from '../base/node-set.ts';
import { Problem } from '../base/problem.ts';
import { loadInventory } from '../inventory/load.ts';
import type { Inventory } from '../model/inventory.ts';
import { inventoryOption, patternOption } from './host-options.ts';
import { hostsOf, type PatternLanguage, withPlace } from './select-hosts.ts';

interface HostsOptions {
  readonly inventory?: string;
  readonly pattern: PatternLanguage;
  readonly expand?: boolean;
  readonly separator: string;
  readonly count?: boolean;
  readonly groups?: boolean;
  readonly regroup?: boolean;
  readonly pick?: number;
  readonly split?: number;
  readonly json?: boolean;
}

function fromInventory(column: number, seen: string): never {
  const hint = 'name one with -i, or in MUSTER_INVENTORY';
  throw new NodeSetError(seen, column, { must: 'groups and wildcards need an inventory', hint });
}

/** Without an inventory every name is one, and there are no groups. */
const anyNames: NodeSetWorld = {
  all: (column) => fromInventory(column, 'there is none'),
  group: (name, column) => fromInventory(column, `"@${name}" is from none`),
  names: (term, expanded, column) => (term === 'all' ? fromInventory(column, '"all" is from none') : expanded),
};

function namesOf(words: readonly string[], inventory: Inventory | undefined, language: PatternLanguage): string[] {
  const names = new Set<string>();
  for (const pattern of words) {
    const found =
      inventory === undefined
        ? withPlace(pattern, () => evaluateNodeSet(pattern, anyNames))
        : hostsOf(inventory, pattern, language).map((host) => host.name);
    for (const name of found) names.add(name);
  }
  return [...names].sort(compareNatural);
}

/** Equal shares, in order; the first ones are longer by one where it does not come out even. */
export function splitEvenly<T>(items: readonly T[], shares: number): T[][] {
  const count = Math.min(shares, items.length);
  return Array.from({ length: count }, (_, index) =>
    items.slice(Math.ceil((index * items.length) / count), Math.ceil(((index + 1) * items.length) / count)),
  );
}

/** Groups that lie within the set, the biggest first, then what is left: `@db,@web,node9`. */
export function regroup(names: readonly string[], groups: Readonly<Record<string, readonly string[]>>): string {
  const left = new Set(names);
  const used: string[] = [];
  const candidates = Object.entries(groups).sort(([, a], [, b]) => b.length - a.length);
  for (const [name, members] of candidates) {
    if (members.length === 0 || !members.every((member) => left.has(member))) continue;
    used.push(name === 'all' ? name : `@${name}`);
    for (const member of members) left.delete(member);
  }
  return [...used, ...(left.size > 0 ? [foldHosts(left)] : [])].join(',');
}

function listGroups(inventory: Inventory): string[] {
  return Object.entries(inventory.groups).map(([name, members]) => `@${name} ${foldHosts(members)}`);
}

async function hosts(words: string[], options: HostsOptions): Promise<void> {
  const inventory = options.inventory === undefined ? undefined : await loadInventory(options.inventory);
  if (inventory === undefined && (options.pattern === 'ansible' || options.groups || options.regroup)) {
    const what = options.pattern === 'ansible' ? '"--pattern ansible"' : options.groups ? '"--groups"' : '"--regroup"';
    throw new Problem('usage', `Cannot use ${what} as it needs an inventory: there is none`, {
      hint: 'name one with -i',
    });
  }
  const print = (lines: readonly string[]): void => {
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  };
  if (options.groups) return print(listGroups(inventory!));
  if (words.length === 0) throw new Problem('usage', 'Cannot show hosts as a pattern must name them: there is none');

  let names = namesOf(words, inventory, options.pattern);
  if (options.pick !== undefined) names = names.slice(0, options.pick);
  if (options.count) return print([String(names.length)]);
  const shares = options.split === undefined ? [names] : splitEvenly(names, options.split);
  if (options.json) {
    return print(shares.map((share) => JSON.stringify({ fold: foldHosts(share), count: share.length, hosts: share })));
  }
  if (options.expand) {
    const separator = options.separator.replaceAll('\\n', '\n').replaceAll('\\t', '\t');
    return print(shares.filter((share) => share.length > 0).map((share) => share.join(separator)));
  }
  const show = (share: readonly string[]): string =>
    options.regroup ? regroup(share, inventory!.groups) : foldHosts(share);
  print(shares.filter((share) => share.length > 0).map(show));
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return value;
}

/** `muster hosts PATTERN...`: what `nodeset` does, on the inventory or on names alone. */
export function hostsCommand(): Command {
  return new Command('hosts')
    .description('Fold, expand, count and combine sets of hosts; without -i on names alone.')
    .argument('[pattern...]', "node[01-10], a,b!c ('!' not, '&' and, '^' either), and with -i @group, all, node*")
    .addOption(inventoryOption().makeOptionMandatory(false))
    .addOption(patternOption())
    .option('-e, --expand', 'every name')
    .option('-s, --separator <text>', 'between the names of --expand (\\n: a line each)', ' ')
    .option('-c, --count', 'only how many')
    .option('-g, --groups', 'all groups with their hosts')
    .option('-r, --regroup', 'in terms of groups where whole ones are in it')
    .option('--pick <n>', 'only the first n', positive)
    .option('--split <n>', 'in n shares, a line each', positive)
    .option('--json', 'one JSON object a line: fold, count, hosts')
    .addHelpText(
      'after',
      `
Examples:
  muster hosts 'node[01-10]!node05'                     node[01-04,06-10]
  muster hosts node1 node2 node3                        node[1-3]
  for h in $(muster hosts -e 'db[1-3]'); do ... done    db1 db2 db3
  muster hosts -i inventory/lab.yml -c '@web&@directors'
  muster hosts -i inventory/lab.yml @failed             who failed in the last muster run
  muster hosts -i hosts.ini --pattern ansible 'web:&eu:!db[0]'`,
    )
    .action(hosts);
}
