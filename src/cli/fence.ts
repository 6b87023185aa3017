import { Command } from 'commander';
import { nearest } from '../base/nearest.ts';
import { Problem } from '../base/problem.ts';
import type { ClusterAccess } from '../drill/cluster-access.ts';
import { longestFencingOf } from '../model/fencing.ts';
import type { ClusterDescription } from '../model/inventory.ts';
import type { NodeName } from '../model/names.ts';
import { type FencingRecord, showFencing } from '../wire/fencing.ts';
import { askingAt } from './ask.ts';
import { accessTo, showSilent, silentOf, viewTimeoutMs } from './cluster-views.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { hostsOfCluster, requireItsLab } from './require-cluster.ts';
import { withSshOptions } from './ssh-options.ts';

interface FenceOptions {
  readonly inventory: string;
  readonly lab?: string;
  readonly confirmed?: boolean;
  readonly history?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What it takes to get there and back, beside the devices' own time. */
const beside = 30_000;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** The nodes that may see to it, best first: those that are quorate, in the order of the inventory; never the node itself. */
async function helpers(access: ClusterAccess, cluster: ClusterDescription, node: NodeName): Promise<NodeName[]> {
  const views = await access.views(
    cluster.nodes.filter((name) => name !== node),
    viewTimeoutMs,
  );
  const able = [...views].flatMap(([name, view]) =>
    'unreachable' in view ? [] : [{ name, quorate: view.quorum.quorate }],
  );
  if (able.length === 0) {
    throw new Problem(
      'hostUnreachable',
      `Cannot fence "${node}" as another node must see to it: none answers\n  ${showSilent(silentOf(views)).join('\n  ')}`,
    );
  }
  return [...able.filter(({ quorate }) => quorate), ...able.filter(({ quorate }) => !quorate)].map(({ name }) => name);
}

async function sure(node: NodeName, { confirmed, yes }: FenceOptions): Promise<void> {
  if (yes === true || !process.stdin.isTTY || !process.stderr.isTTY) return;
  const question = confirmed
    ? `Is ${node} off, or without any way to what it shares with others? What it has is started elsewhere, and twice if not [yes/no] `
    : `Switch ${node} off without asking it? Whatever runs there ends at once [yes/no] `;
  const answer = await askingAt().line(question);
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new Problem('interrupted', `Cannot fence "${node}" as somebody must say yes: "${answer.trim()}"`);
}

async function fenceOne(access: ClusterAccess, cluster: ClusterDescription, node: NodeName, options: FenceOptions) {
  await sure(node, options);
  const all = await helpers(access, cluster, node);
  const words = ['musterd', 'fence', node, ...(options.confirmed ? ['--confirmed'] : [])];
  const patience = longestFencingOf(cluster.fencing, node) + beside;
  const by = all[0]!;
  if (!options.json && !options.confirmed) process.stderr.write(`${by} is fencing ${node} ...\n`);
  // Only one is asked: another one might shoot what the first has just brought back.
  const result = await access.run(by, words.join(' '), patience);
  const text = [result.stdout, result.stderr].map((part) => part.toString().trim()).filter((part) => part !== '');
  const said = text.join('; ');
  if (options.json)
    print(
      JSON.stringify({ node, by, confirmed: options.confirmed === true, ok: result.rc === 0, text: said }, null, 2),
    );
  if (result.rc !== 0) {
    const hint = options.confirmed
      ? undefined
      : `make sure that ${node} is off, then: muster fence ${node} --confirmed`;
    throw new Problem('hostFailed', `Cannot fence "${node}" as ${by} must make sure that it is off: ${said}`, { hint });
  }
  if (!options.json) print(`${by}: ${said}`);
}

/** What all nodes remember, in the order in which it was. */
async function showHistory(access: ClusterAccess, node: NodeName | undefined, json: boolean): Promise<void> {
  const silent: string[] = [];
  const records = await Promise.all(
    access.nodes.map(async (name): Promise<FencingRecord[]> => {
      try {
        return JSON.parse(await access.must(name, 'read the history of fencing', 'musterd fence --history --json'));
      } catch (error) {
        silent.push(`${name}: ${(error as Error).message.split('\n')[0]}`);
        return [];
      }
    }),
  );
  const all = records
    .flat()
    .filter((record) => node === undefined || record.node === node)
    .sort((left, right) => left.time - right.time);
  if (json) print(JSON.stringify(all, null, 2));
  else print(all.length === 0 ? 'nobody was fenced' : all.map(showFencing).join('\n'));
  if (silent.length === 0) return;
  throw new Problem(
    'hostUnreachable',
    `Cannot show all that was fenced as every node must answer: ${silent.join('; ')}`,
  );
}

async function fence(node: string | undefined, options: FenceOptions): Promise<void> {
  const found = await hostsOfCluster(options.inventory);
  const { cluster } = found;
  if (node === undefined && options.history !== true)
    throw new Problem('usage', 'Cannot fence as a node must be named: none is', { hint: 'muster fence --help' });
  if (node !== undefined && !cluster.nodes.includes(node)) {
    const near = nearest(node, cluster.nodes);
    throw new Problem(
      'usage',
      `Cannot fence "${node}" as it must be in cluster "${cluster.name}": it has ${cluster.nodes.join(', ')}`,
      { hint: near === undefined ? undefined : `did you mean ${near}?` },
    );
  }
  await requireItsLab(found, options.lab);
  const access = await accessTo(found, options.lab);
  try {
    if (options.history) await showHistory(access, node, options.json === true);
    else await fenceOne(access, cluster, node!, options);
  } finally {
    access.close();
  }
}

/** `muster fence NODE`: make sure that a node does nothing any more. */
export function fenceCommand(): Command {
  return withSshOptions(new Command('fence'))
    .description(
      'Makes sure that a node does nothing any more, by the devices of the cluster, through any other node that answers.\n' +
        'With --confirmed nothing is done: you have made sure of it yourself, and what waited for it goes on.',
    )
    .argument('[node]', 'a node of the cluster')
    .addOption(inventoryOption())
    .option('--confirmed', 'the node is off: nothing is done to it, and the others are told')
    .option('--history', 'who was fenced, by whom and why, oldest first')
    .option('-y, --yes', 'do not ask on a terminal')
    .option('--json', 'print JSON')
    .addOption(labOption())
    .addHelpText(
      'after',
      `
Examples:
  muster fence node1 -i inventory/lab.yml               switch it off, and say how that is known
  muster fence node1 -i inventory/lab.yml --confirmed   its plug is in your hand
  muster fence --history -i inventory/lab.yml           what was fenced`,
    )
    .action(fence);
}
