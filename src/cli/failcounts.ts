import { Command } from 'commander';
import { Problem } from '../base/problem.ts';
import { statusesOf } from '../drill/cluster-health.ts';
import type { NodeName } from '../model/names.ts';
import type { Status } from '../wire/status.ts';
import { accessTo, exitCodeFor, showSilent, silentOf, viewTimeoutMs } from './cluster-views.ts';
import { type OperateOptions, operate, requireGroup } from './operate.ts';
import { withOperateOptions } from './operate-options.ts';
import { hostsOfCluster, requireItsLab } from './require-cluster.ts';

interface FailcountsOptions extends OperateOptions {
  readonly clear?: boolean;
}

/** What one resource did on one node. */
export interface FailCount {
  readonly group: string;
  readonly resource: string;
  readonly node: NodeName;
  /** null: it cannot run there at all. */
  readonly failures: number | null;
  readonly migrationThreshold: number;
  readonly lastFailure: string;
  /** Why the node gives the group up for now; null where it may run there. */
  readonly barred: string | null;
}

/** All resources that failed and whose failures are not forgotten, as their nodes say. */
export function failCountsOf(statuses: readonly Status[], group?: string): FailCount[] {
  return statuses.flatMap(({ node, groups }) =>
    groups
      .filter(({ name }) => group === undefined || name === group)
      .flatMap(({ name, barredOn = [], resources = [] }) => {
        const barred = barredOn.find((one) => one.node === node)?.why ?? null;
        return resources
          .filter(({ failures }) => failures !== 0)
          .map(({ name: resource, failures, migrationThreshold, lastFailure }) => {
            return { group: name, resource, node, failures, migrationThreshold, lastFailure, barred };
          });
      }),
  );
}

export function showFailCount({ group, resource, node, failures, migrationThreshold, lastFailure, barred }: FailCount) {
  const count = failures === null ? 'cannot run there' : `${failures} of ${migrationThreshold}`;
  const then = barred === null ? '' : `; ${node} gives ${group} up for now`;
  return `${group}/${resource} on ${node}: ${count}: ${lastFailure}${then}`;
}

async function failcounts(group: string | undefined, options: FailcountsOptions): Promise<void> {
  if (options.clear) return await clearFailures(group, options);
  const found = await hostsOfCluster(options.inventory);
  if (group !== undefined) requireGroup(found, group, 'count failures');
  await requireItsLab(found, options.lab);
  const access = await accessTo(found, options.lab);
  const views = await access.views(undefined, viewTimeoutMs);
  access.close();
  const silent = silentOf(views);
  const statuses = statusesOf(views);
  if (statuses.length === 0) {
    const why = showSilent(silent).map((line) => `\n  ${line}`);
    throw new Problem('hostUnreachable', `Cannot count failures as a node must answer: none does${why.join('')}`);
  }
  process.exitCode = exitCodeFor(silent);
  const counts = failCountsOf(statuses, group);
  const lines = options.json
    ? [JSON.stringify({ unreachable: silent, failcounts: counts }, undefined, 2)]
    : [
        ...(counts.length === 0 ? ['nothing has failed that is not forgotten'] : counts.map(showFailCount)),
        ...showSilent(silent).map((line) => `not reached: ${line}`),
      ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function clearFailures(group: string | undefined, options: OperateOptions): Promise<void> {
  await operate(options, (found) => {
    const doing = `forget the failures of ${group ?? 'all groups'}`;
    const words = group === undefined ? [] : [requireGroup(found, group, doing)];
    return { doing, words: ['clear', ...words, '--failures'], missing: () => [] };
  });
}

/** `muster failcounts [GROUP]`: what failed where. */
export function failcountsCommand(): Command {
  return withOperateOptions(new Command('failcounts'))
    .description('What failed on which node, how often (of how many that make the group leave), and the last reason.')
    .argument('[group]', 'a resource group (default: all)')
    .option('--clear', 'forget these failures, so that every node may try again')
    .addHelpText('after', '\nExamples:\n  muster failcounts -i inventory/lab.yml\n  muster failcounts db --clear')
    .action(failcounts);
}
