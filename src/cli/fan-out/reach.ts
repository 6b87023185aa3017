import { shareOf } from '../../base/share.ts';
import { loadInventory } from '../../inventory/load.ts';
import type { Host, Inventory } from '../../model/inventory.ts';
import type { Target } from '../../remote/types.ts';
import { selectHosts } from '../select-hosts.ts';
import { targetsOf } from '../targets.ts';
import type { FanOutOptions, RollingOptions } from './options.ts';

/** The hosts that a command is to work on, and how each is reached; both in the same order. */
export interface Reach {
  readonly inventory: Inventory;
  readonly hosts: readonly Host[];
  readonly targets: readonly Target[];
}

/** Throws a `Problem` where the inventory, the pattern or ssh_config is wrong: before anything is done on any host. */
export async function reach(pattern: string, options: FanOutOptions): Promise<Reach> {
  const inventory = await loadInventory(options.inventory);
  const hosts = selectHosts(inventory, pattern, options.pattern);
  const targets = await targetsOf(hosts, {
    lab: options.lab,
    connectTimeoutMs: options.connectTimeout,
  });
  return { inventory, hosts, targets };
}

/** The options of a rolling run as numbers of hosts. A share of a batch is at least one host. */
export function rolling(
  options: RollingOptions,
  hosts: number,
): { serial: number | undefined; maxFail: number | undefined } {
  const { serial, maxFail, failFast } = options;
  return {
    serial: serial === undefined ? undefined : Math.max(1, shareOf(serial, hosts)),
    maxFail: failFast ? 0 : maxFail === undefined ? undefined : shareOf(maxFail, hosts),
  };
}
