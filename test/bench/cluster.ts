/** Three lab nodes for benchmarks, as musterd's cluster or anybody else's; always taken down. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ClusterAccess } from '../../src/drill/cluster-access.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { labTarget } from '../../src/lab/dial.ts';
import { type Lab, labDown, labUp } from '../../src/lab/lab.ts';
import type { ClusterDescription } from '../../src/model/inventory.ts';
import type { MacAddress, NodeName } from '../../src/model/names.ts';
import { connect } from '../../src/remote/connection.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const muster = `${root}dist/muster.js`;

export interface BenchCluster {
  readonly lab: Lab;
  readonly nodes: readonly NodeName[];
  readonly macs: Readonly<Record<NodeName, MacAddress>>;
  readonly access: ClusterAccess;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Runs `muster ARGS -i INVENTORY` for this lab; `inventory` is the text. Throws where it fails. */
  readonly muster: (inventory: string, ...args: readonly string[]) => Promise<ClusterDescription>;
}

/** The lab's inventory with what else stands under `cluster`; what is there already under these keys goes. */
export function inventoryWith(lines: string): string {
  const keys = [...lines.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1]!);
  const base = readFileSync(`${root}inventory/lab.yml`, 'utf8');
  const rest = keys.reduce<string>((text, key) => text.replace(new RegExp(`^ {2}${key}:.*\n`, 'm'), ''), base);
  return rest.replace(/^cluster:$/m, `cluster:\n${lines.trimEnd()}`);
}

/** As `inventoryWith('')`, but the one group has these resources; without services where it is not to balance. */
export function inventoryHolding(resources: readonly string[], balancing = true): string {
  const text = inventoryWith('').replace(/resources: \[.*\]/, `resources: [${resources.join(', ')}]`);
  return balancing ? text : text.replace(/^ {2}services:\n(?: {4}.*\n?)+/m, '');
}

async function run(argv: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGINT' });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`muster ${argv.slice(1).join(' ')} ended with ${code}:\n${said}`);
}

/** Brings a lab up, with a shared volume of so many megabytes if any, runs `work`, and takes the lab down whatever happened. */
export async function withLab(
  say: (line: string) => void,
  signal: AbortSignal,
  work: (cluster: BenchCluster) => Promise<void>,
  volume?: number,
): Promise<void> {
  const name = `bench${process.pid}`;
  const file = `${root}inventory/.${name}.yml`;
  let access: ClusterAccess | undefined;
  try {
    say(`lab ${name}: up`);
    const { lab } = await labUp({ name, nodes: 3, volume, signal });
    const machines = new Map((await lab.nodes()).map((node) => [node.name, node]));
    const nodes = [...machines.keys()];
    access = new ClusterAccess(nodes, (node) => connect(labTarget(lab.paths, machines.get(node)!)));
    await work({
      lab,
      nodes,
      macs: Object.fromEntries([...machines.values()].map((machine) => [machine.name, machine.mac])),
      access,
      signal,
      say,
      muster: async (inventory, ...args) => {
        writeFileSync(file, inventory);
        await run([muster, ...args, '-i', file], { ...process.env, MUSTER_LAB: name }, signal);
        return (await loadInventory(file)).cluster!;
      },
    });
  } finally {
    access?.close();
    say(`lab ${name}: down`);
    await labDown(name);
    rmSync(file, { force: true });
  }
}
