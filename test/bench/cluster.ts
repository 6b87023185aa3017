/** A provisioned cluster of three lab nodes for benchmarks; named after this process, and always taken down. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadInventory } from '../../src/inventory/load.ts';
import { labTarget } from '../../src/lab/dial.ts';
import { type Lab, labDown, labUp } from '../../src/lab/lab.ts';
import type { ClusterDescription } from '../../src/model/inventory.ts';
import { connect } from '../../src/remote/connection.ts';
import type { Connection } from '../../src/remote/types.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const muster = `${root}dist/muster.js`;
const inventoryFile = `${root}inventory/lab.yml`;

export interface BenchCluster {
  readonly lab: Lab;
  readonly cluster: ClusterDescription;
  readonly connect: (node: string) => Promise<Connection>;
}

/** Brings the lab up, provisions it with the built program, runs `work`, and takes the lab down whatever happened. */
export async function withCluster(
  say: (line: string) => void,
  signal: AbortSignal,
  work: (cluster: BenchCluster) => Promise<void>,
): Promise<void> {
  const name = `bench${process.pid}`;
  try {
    say(`lab ${name}: up`);
    const { lab } = await labUp({ name, nodes: 3, signal });
    say('provision');
    const provisioned = spawnSync(process.execPath, [muster, 'provision', '-i', inventoryFile, '-y'], {
      encoding: 'utf8',
      env: { ...process.env, MUSTER_LAB: name },
    });
    if (provisioned.status !== 0) {
      throw new Error(`provision ended with ${provisioned.status}:\n${provisioned.stdout}\n${provisioned.stderr}`);
    }
    const { cluster } = await loadInventory(inventoryFile);
    const machines = new Map((await lab.nodes()).map((node) => [node.name, node]));
    await work({ lab, cluster: cluster!, connect: (node) => connect(labTarget(lab.paths, machines.get(node)!)) });
  } finally {
    say(`lab ${name}: down`);
    await labDown(name);
  }
}
