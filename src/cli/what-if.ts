import { Command } from 'commander';
import { showDuration } from '../base/duration.ts';
import { expandRange, foldHosts, HostRangeError } from '../base/host-range.ts';
import { nearest } from '../base/nearest.ts';
import { Problem } from '../base/problem.ts';
import { outageBound } from '../core/bound.ts';
import { pairFailures, playAll, singleFailures } from '../core/failures.ts';
import { membersOf, storeOf } from '../core/members.ts';
import { cutOff, type Fault, whatIf } from '../core/what-if.ts';
import type { ClusterDescription } from '../model/inventory.ts';
import { storeBound, storeIntervals } from '../model/lease-store.ts';
import { inventoryOption } from './host-options.ts';
import { loadClusterDescription } from './require-cluster.ts';
import { type Row, rowsOf, showRows } from './what-if-table.ts';

interface WhatIfOptions {
  readonly inventory: string;
  readonly kill: readonly string[];
  readonly partition: readonly string[];
  readonly quorumLoss?: boolean;
  readonly allSingle?: boolean;
  readonly allPairs?: boolean;
  readonly json?: boolean;
}

/** The voters that a text names, `lb1,lb[2-3]`; throws `Problem('usage')` for what is none. */
function namesIn(cluster: ClusterDescription, text: string): string[] {
  const members = membersOf(cluster);
  const parts = text.match(/(?:\[[^\]]*\]?|[^,[])+/g) ?? [];
  return parts.flatMap((part) => {
    let names: string[];
    try {
      names = expandRange(part.trim());
    } catch (error) {
      if (!(error instanceof HostRangeError)) throw error;
      throw new Problem('usage', `Cannot use "${text}" as its ranges must read node[1-3]: ${error.message}`);
    }
    const unknown = names.find((name) => !members.includes(name));
    if (unknown === undefined) return names;
    const near = nearest(unknown, members);
    throw new Problem(
      'usage',
      `Cannot play "${text}" as each must be a node, an arbiter or the store of cluster "${cluster.name}": "${unknown}" is not ` +
        `(known: ${foldHosts(members)})`,
      { hint: near === undefined ? undefined : `did you mean ${near}?` },
    );
  });
}

/** A text that names nobody is a variable of a script that was empty: played as "all is well" it would say what is untrue. */
export function namesToKill(cluster: ClusterDescription, text: string): string[] {
  const names = namesIn(cluster, text);
  if (names.length > 0) return names;
  throw new Problem('usage', `Cannot kill "${text}" as it must name a node or an arbiter: it names none`, {
    hint: `--kill ${cluster.nodes[0] ?? 'node1'}`,
  });
}

/**
 * The cuts of `--partition`: `A,B|C` are sides that do not hear each other; without a bar each named one is cut from each
 * other, as `muster lab partition` does it, and one alone from all. Who is not named hears everybody.
 */
export function readPartition(cluster: ClusterDescription, text: string): { when: string; cuts: Fault['cuts'] } {
  const sides = text.split('|').map((side) => namesIn(cluster, side));
  const names = sides.flat();
  if (sides.some((side) => side.length === 0) || new Set(names).size < names.length) {
    throw new Problem('usage', `Cannot cut "${text}" as each side must name voters, and each voter once: it does not`, {
      hint: "--partition 'node1|node2,node3'",
    });
  }
  if (names.length === 1) return { when: `${names[0]} cut off`, cuts: cutOff(cluster, names) };
  const apart = sides.length > 1 ? sides : names.map((name) => [name]);
  const cuts = apart.flatMap((side, index) =>
    apart
      .slice(index + 1)
      .flatMap((other) => side.flatMap((left) => other.map((right): readonly [string, string] => [left, right]))),
  );
  return { when: `${apart.map(foldHosts).join(' | ')} cut apart`, cuts };
}

/** What the options ask for, as one fault: `--kill` and `--partition` come together. */
function askedFault(cluster: ClusterDescription, options: WhatIfOptions): { when: string; fault: Fault } | undefined {
  const dead = [...new Set(options.kill.flatMap((text) => namesToKill(cluster, text)))];
  const partitions = options.partition.map((text) => readPartition(cluster, text));
  const words = [...(dead.length === 0 ? [] : [`${foldHosts(dead)} dead`]), ...partitions.map(({ when }) => when)];
  const cuts = partitions.flatMap((partition) => partition.cuts);
  if (options.quorumLoss) {
    words.push('quorum lost: nobody hears anybody');
    cuts.push(...cutOff(cluster, membersOf(cluster)));
  }
  return words.length === 0 ? undefined : { when: words.join(', '), fault: { dead, cuts } };
}

function play(cluster: ClusterDescription, options: WhatIfOptions): Row[] {
  const rows: Row[] = [{ when: 'all is well', failures: [], outcome: whatIf(cluster, { dead: [], cuts: [] }) }];
  const asked = askedFault(cluster, options);
  if (asked !== undefined) rows.push({ when: asked.when, failures: [], outcome: whatIf(cluster, asked.fault) });
  const singles = options.allSingle || options.allPairs || asked === undefined ? singleFailures(cluster) : [];
  const pairs = options.allPairs ? pairFailures(cluster) : [];
  const failures = [...singles, ...pairs];
  if (failures.length > 100 && process.stderr.isTTY) process.stderr.write(`playing ${failures.length} failures...\n`);
  return [...rows, ...rowsOf(playAll(cluster, failures))];
}

/** Where something else than musterd decides, its rules are others; said rather than computed. */
function notesOn(cluster: ClusterDescription): string[] {
  if (cluster.engine !== 'linux-ha') return [];
  return [
    'Computed for engine: muster. With engine: linux-ha heartbeat decides, which counts no votes: on each side of a',
    'partition a node takes every group, so two hold each address unless fencing switches one of them off.',
  ];
}

function title(cluster: ClusterDescription): string {
  const { keepalive, deadtime, lease } = cluster.timings;
  const arbiters = cluster.arbiters.map(({ name }) => name);
  const third =
    arbiters.length === 0 ? '' : ` and ${arbiters.length === 1 ? 'arbiter' : 'arbiters'} ${foldHosts(arbiters)}`;
  const store = storeOf(cluster);
  const bound = store === undefined ? outageBound(cluster).total : storeBound(lease, cluster.driftBound);
  const renewed = store === undefined ? keepalive : storeIntervals(lease).renew;
  const voters = cluster.nodes.length + arbiters.length;
  const votes =
    store === undefined
      ? `${Math.floor(voters / 2) + 1} of ${voters} votes needed`
      : `their leases lie in ${store === 'disk' ? 'the quorum disk' : store}`;
  return (
    `Cluster ${cluster.name}: nodes ${foldHosts(cluster.nodes)}${third}; ${votes}\n` +
    `Lease ${showDuration(lease)}, renewed every ${showDuration(renewed)}; deadtime ${showDuration(deadtime)}; ` +
    `without service when a node dies: at most ${showDuration(bound)}`
  );
}

/** The three answers that people ask for, over all cases: a row has as many as there are failures in it. */
export function summary(rows: readonly Row[]): string {
  const casesOf = (some: readonly Row[]): number =>
    some.reduce((sum, { failures }) => sum + Math.max(1, failures.length), 0);
  const count = (is: (row: Row) => boolean): string => {
    const found = casesOf(rows.filter(is));
    return found === 0 ? 'in no case' : `in ${found} of ${casesOf(rows)} cases`;
  };
  const unheld = count(({ outcome }) => outcome.groups.some(({ after }) => after === null));
  const double = count(({ outcome }) => outcome.warnings.some((text) => /\btwo (could|nodes)\b/.test(text)));
  const outages = rows.flatMap(({ outcome }) => outcome.groups.map(({ outageMs }) => outageMs ?? 0));
  const longest = Math.max(0, ...outages);
  const last =
    longest === 0 ? 'nothing fails over' : `the longest failover takes ${showDuration(Math.round(longest / 10) * 10)}`;
  return `A group has no holder ${unheld}; two could hold one without fencing ${double}; ${last}.`;
}

/** A row for scripts: by `failures` they find the one that they look for. */
export function jsonOf({ when, failures, outcome }: Row): object {
  return { when, failures: failures.map(({ names, manner }) => ({ names, manner })), ...outcome };
}

/** The core's own refusals, for people. */
function playable<T>(cluster: ClusterDescription, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Problem(
      'badInput',
      `Cannot play cluster "${cluster.name}" as musterd must be able to run it: ${error.message}`,
    );
  }
}

async function run(options: WhatIfOptions): Promise<void> {
  const cluster = await loadClusterDescription(options.inventory);
  const rows = playable(cluster, () => play(cluster, options));
  if (options.json) {
    const json = { cluster: cluster.name, notes: notesOn(cluster), cases: rows.map(jsonOf) };
    process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
    return;
  }
  const groups = cluster.groups.map(({ name }) => name);
  const lines = [title(cluster), '', ...showRows(groups, rows), '', summary(rows), ...notesOn(cluster)];
  lines.push(
    "Played with the nodes' own decisions in made-up time, on a perfect network, with each fault right after a renewal; nothing was touched.",
  );
  process.stdout.write(`${lines.join('\n')}\n`);
}

const collect = (text: string, before: readonly string[]): string[] => [...before, text];

/** `muster what-if`: who would hold what, for clusters that run and for those that are not built yet. */
export function whatIfCommand(): Command {
  return new Command('what-if')
    .description(
      'Who would hold what if voters died or were cut off: the decisions of the nodes, played through in memory. The\n' +
        'cluster need not run, or exist. Without an option: every single failure.',
    )
    .addOption(inventoryOption())
    .option('--kill <nodes>', 'these nodes or arbiters are dead', collect, [])
    .option('--partition <sides>', "'A,B|C': sides apart; A,B: each from each; A: off from all", collect, [])
    .option('--quorum-loss', 'nobody hears anybody')
    .option('--all-single', 'each node and arbiter dead, and cut off')
    .option('--all-pairs', 'the same, and each two of them')
    .option('--json', 'one object; what ends the same is one of its cases, with its `failures`')
    .addHelpText(
      'after',
      '\nExamples:\n  muster what-if -i inventory/example.yml --all-pairs\n  muster what-if -i inventory/lab.yml --kill node1' +
        "\n  muster what-if -i inventory/lab.yml --kill node3 --partition 'node1|node2' --json",
    )
    .action(run);
}
