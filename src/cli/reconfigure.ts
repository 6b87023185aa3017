import { Command } from 'commander';
import { Problem } from '../base/problem.ts';
import type { ClusterAccess } from '../drill/cluster-access.ts';
import { statusesOf } from '../drill/cluster-health.ts';
import type { ClusterDescription } from '../model/inventory.ts';
import type { NodeName } from '../model/names.ts';
import type { Status } from '../wire/status.ts';
import { accessTo, showSilent, silentOf, viewTimeoutMs } from './cluster-views.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { loadClusterInventory } from './require-cluster.ts';
import { withSshOptions } from './ssh-options.ts';
import { planVoters, showFarewell, showVoterStep, type VoterStep } from './voter-plan.ts';

interface ReconfigureOptions {
  readonly inventory: string;
  readonly check?: boolean;
  readonly json?: boolean;
  readonly lab?: string;
}

interface Done extends VoterStep {
  readonly by: NodeName;
  readonly said: string;
}

/** A change waits for a lease of the last one to be over, and for the disks of a majority. */
const patienceMs = 90_000;

/** The newest of what the nodes say; throws a Problem where nobody answers, or no majority is there. */
async function look(access: ClusterAccess, { name }: ClusterDescription): Promise<Status> {
  const views = await access.views(undefined, viewTimeoutMs);
  const statuses = statusesOf(views);
  const quorate = statuses.filter(({ quorum }) => quorum.quorate);
  const newest = quorate.sort((left, right) => (right.quorum.epoch ?? 0) - (left.quorum.epoch ?? 0))[0];
  if (newest !== undefined) return newest;
  const seen =
    statuses.length > 0 ? 'no node hears one' : `no node answers\n  ${showSilent(silentOf(views)).join('\n  ')}`;
  throw new Problem(
    'hostFailed',
    `Cannot change the voters of cluster "${name}" as a majority of them must agree: ${seen}`,
  );
}

/** A node that votes, lives, and does not go: it is asked to see to the change. */
function proposer({ quorum, nodes }: Status, access: ClusterAccess, step: VoterStep): NodeName {
  const alive = nodes.filter(({ state }) => state === 'self' || state === 'up').map(({ name }) => name);
  const able = access.nodes.filter(
    (name) => quorum.voters.includes(name) && alive.includes(name) && name !== step.node,
  );
  const first = able[0];
  if (first !== undefined) return first;
  throw new Problem(
    'hostFailed',
    `Cannot ${showVoterStep(step, quorum.voters)} as a node that votes must see to it: none of the inventory's does`,
  );
}

/** Does one change through musterd of a node, and waits until a majority counts by it. */
async function take(access: ClusterAccess, status: Status, step: VoterStep): Promise<Done> {
  const by = proposer(status, access, step);
  const words = step.kind === 'record' ? [] : [`--${step.kind}`, step.node];
  const result = await access.run(by, ['musterd', 'reconfigure', ...words].join(' '), patienceMs);
  const said = [result.stdout, result.stderr].map((part) => part.toString().trim()).filter((part) => part !== '');
  if (result.rc === 0) return { ...step, by, said: said.join('; ') };
  throw new Problem(
    'hostFailed',
    `Cannot ${showVoterStep(step, status.quorum.voters)} as ${by} must get a majority to agree: ${said.join('; ')}`,
    step.kind === 'add'
      ? { hint: `is ${step.node} provisioned, and do the others know it? muster provision; then this again` }
      : {},
  );
}

async function reconfigure(options: ReconfigureOptions): Promise<void> {
  const found = await loadClusterInventory(options.inventory, options.lab);
  const { cluster } = found;
  if (cluster.store !== undefined || cluster.engine !== 'muster') {
    const seen = cluster.store === undefined ? 'heartbeat runs it' : `its leases lie in ${cluster.store.kind}`;
    throw new Problem(
      'badInput',
      `Cannot change the voters of cluster "${cluster.name}" as its nodes must vote: ${seen}`,
    );
  }
  const access = await accessTo(found, options.lab);
  const say = (line: string): void => {
    if (!options.json) process.stdout.write(`${line}\n`);
  };
  const done: Done[] = [];
  try {
    const before = await look(access, cluster);
    const wanted = [...cluster.nodes, ...cluster.arbiters.map(({ name }) => name)];
    const plan = planVoters(before.quorum.voters, before.quorum.epoch ?? 0, wanted);
    if (plan.length === 0) say(`${before.quorum.voters.join(', ')} vote, as the inventory says`);
    for (const step of plan) {
      say(`${options.check ? 'would ' : ''}${showVoterStep(step, before.quorum.voters)}`);
      if (options.check) continue;
      const made = await take(access, await look(access, cluster), step);
      done.push(made);
      say(`  ${made.by}: ${made.said}`);
    }
    for (const line of showFarewell(
      done,
      before.nodes.map(({ name }) => name),
    ))
      say(line);
    const after = options.check || plan.length === 0 ? before : await look(access, cluster);
    if (options.json) {
      const sets = [before, after].map(({ quorum: { epoch, voters } }) => ({ epoch: epoch ?? 0, voters }));
      const json = { before: sets[0], after: sets[1], planned: plan, done };
      process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
    }
  } finally {
    access.close();
  }
}

/** `muster reconfigure`: the voters of a running cluster become those of the inventory. */
export function reconfigureCommand(): Command {
  return withSshOptions(new Command('reconfigure'))
    .description(
      'Changes who votes in a running cluster to what the inventory says: one voter at a time, each durable on a majority of\n' +
        'the old and of the new ones before the next. A node that goes hands over first. A node is added by\n' +
        'provision, which records the voters, brings the node and lets it vote; one that goes is taken out here; then stop its\n' +
        'musterd, and provision the others.',
    )
    .addOption(inventoryOption())
    .option('--check', 'only say what would be changed')
    .option('--json', 'one object: the voters before and after, and each change')
    .addOption(labOption())
    .addHelpText(
      'after',
      `
Examples:
  muster reconfigure -i inventory/lab.yml --check   what differs
  muster reconfigure -i inventory/lab.yml           one voter after the other`,
    )
    .action(reconfigure);
}
