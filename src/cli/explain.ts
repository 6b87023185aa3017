import { Command } from 'commander';
import { showDuration } from '../base/duration.ts';
import { foldHosts } from '../base/host-range.ts';
import { nearest } from '../base/nearest.ts';
import { Problem } from '../base/problem.ts';
import type { View } from '../core/describe.ts';
import { Rehearsal } from '../core/rehearsal.ts';
import type { Verdict } from '../core/verdicts.ts';
import type { ClusterAccess } from '../drill/cluster-access.ts';
import { statusesOf } from '../drill/cluster-health.ts';
import type { ClusterDescription } from '../model/inventory.ts';
import type { JournalLine } from '../wire/journal.ts';
import { placedBy, showExplanation, showVerdicts } from '../wire/show-explanation.ts';
import type { Status } from '../wire/status.ts';
import { accessTo, exitCodeFor, type Silent, showSilent, silentOf, viewTimeoutMs } from './cluster-views.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { disagreements, mergeStatuses } from './merge-status.ts';
import { hostsOfCluster } from './require-cluster.ts';
import { withSshOptions } from './ssh-options.ts';

interface ExplainOptions {
  readonly inventory: string;
  readonly lab?: string;
  readonly json?: boolean;
}

/** Where the core would put a group of a cluster that does not run, if all its voters came up now. */
interface Computed {
  readonly holder: string | null;
  readonly candidates: readonly Verdict[];
  readonly reason: string;
  readonly afterMs: number | null;
  readonly quorum: View['quorum'];
}

export function computePlacement(cluster: ClusterDescription, name: string): Computed {
  const rehearsal = new Rehearsal(cluster);
  rehearsal.settle();
  const holder = rehearsal.holders(name)[0] ?? null;
  const { groups, quorum } = rehearsal.view(holder ?? cluster.nodes[0]!);
  const group = groups.find((one) => one.name === name)!;
  const takeover = rehearsal.decisions.find((one) => one.what === 'takeover' && one.group === name);
  const afterMs = takeover === undefined ? null : Math.round(takeover.at);
  return { holder, candidates: group.candidates, reason: group.reason, afterMs, quorum };
}

function showComputed(
  cluster: ClusterDescription,
  name: string,
  { holder, candidates, reason, afterMs, quorum }: Computed,
): string[] {
  const preferred = cluster.groups.find((group) => group.name === name)!.preferred;
  const soon = afterMs === null ? '' : `, ${showDuration(afterMs)} after a start of all voters at once`;
  return [
    `  * ${name}: not running; it would run on ${holder ?? 'no node'}${soon}`,
    `      ${reason}`,
    `Quorum: ${quorum.needed} of ${quorum.voters.length} votes needed (${foldHosts(quorum.voters)})`,
    `Placement: ${placedBy(preferred, candidates)}; with all voters up:`,
    ...showVerdicts(candidates, holder),
  ];
}

/** The last decisions of every node that answers, in the order of their clocks. */
async function journalOf(access: ClusterAccess, nodes: readonly string[], group: string): Promise<JournalLine[]> {
  const texts = await Promise.all(
    nodes.map((node) => access.must(node, 'read its journal', `musterd journal ${group} --json`).catch(() => '')),
  );
  const lines = texts.flatMap((text) => text.split('\n').filter((line) => line.startsWith('{')));
  const parsed = lines.map((line) => JSON.parse(line) as JournalLine);
  return parsed.sort((left, right) => left.time - right.time);
}

function groupsAsked(cluster: ClusterDescription, name: string | undefined): string[] {
  const names = cluster.groups.map((group) => group.name);
  if (name === undefined) return names;
  if (names.includes(name)) return [name];
  const near = nearest(name, names);
  throw new Problem(
    'usage',
    `Cannot explain "${name}" as it must be a resource group of cluster "${cluster.name}": it has ${names.join(', ') || 'none'}`,
    { hint: near === undefined ? undefined : `did you mean ${near}?` },
  );
}

async function explain(name: string | undefined, options: ExplainOptions): Promise<void> {
  const found = await hostsOfCluster(options.inventory);
  const groups = groupsAsked(found.cluster, name);
  const access = await accessTo(found, options.lab);
  try {
    const views = await access.views(undefined, viewTimeoutMs);
    const silent = silentOf(views);
    const merged = mergeStatuses(statusesOf(views));
    if (merged === undefined) notRunning(found.cluster, groups, silent, options);
    else await running(access, merged, statusesOf(views), groups, silent, options);
  } finally {
    access.close();
  }
}

/** Nothing answers: what the nodes would decide. That is what was asked for, so it is no failure. */
function notRunning(
  cluster: ClusterDescription,
  groups: readonly string[],
  silent: readonly Silent[],
  options: ExplainOptions,
): void {
  const computed = groups.map((name) => ({ name, ...computePlacement(cluster, name) }));
  if (options.json) {
    const json = { running: false, cluster: cluster.name, unreachable: silent, groups: computed };
    process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
    return;
  }
  const lines = [
    `Cluster ${cluster.name} is not running, as far as this machine can see: no node answers`,
    ...showSilent(silent).map((line) => `  ${line}`),
    "So this is what the nodes' own decisions make of the inventory:",
    ...groups.flatMap((name, index) => ['', ...showComputed(cluster, name, computed[index]!)]),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function running(
  access: ClusterAccess,
  merged: Status,
  statuses: readonly Status[],
  names: readonly string[],
  silent: readonly Silent[],
  options: ExplainOptions,
): Promise<void> {
  process.exitCode = exitCodeFor(silent);
  const groups = merged.groups.filter((group) => names.includes(group.name));
  const missing = names.filter((name) => !groups.some((group) => group.name === name));
  const answering = statuses.map(({ node }) => node);
  const journals = await Promise.all(groups.map(({ name }) => journalOf(access, answering, name)));
  if (options.json) {
    const explained = groups.map((group, index) => ({ ...group, journal: journals[index] }));
    const json = { running: true, cluster: merged.cluster, unreachable: silent, missing, groups: explained };
    process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
    return;
  }
  const blocks = groups.map((group, index) => showExplanation(merged, group, journals[index]!, Date.now()));
  const notes = [
    ...missing.map(
      (name) => `The running cluster has no group "${name}": it is in the inventory only (muster provision)`,
    ),
    ...showSilent(silent).map((line) => `Not reached: ${line}`),
    ...disagreements(statuses).map((line) => `Nodes disagree: ${line}`),
  ];
  process.stdout.write(`${[...blocks, ...(notes.length === 0 ? [] : [notes.join('\n')])].join('\n\n')}\n`);
}

/** `muster explain GROUP`: the placement with its reasons, and the last moves. */
export function explainCommand(): Command {
  return withSshOptions(new Command('explain'))
    .description(
      'Why a resource group is where it is: each node with the reason for or against it, the lease, and the last moves.\n' +
        'Where no node answers: where it would run, by the same decisions.',
    )
    .argument('[group]', 'a resource group (default: all)')
    .addOption(inventoryOption())
    .option('--json', 'one object: "running", the groups with their candidates and journal')
    .addOption(labOption())
    .addHelpText(
      'after',
      '\nExamples:\n  muster explain -i inventory/lab.yml web\n  muster explain -i inventory/lab.yml --json',
    )
    .action(explain);
}
