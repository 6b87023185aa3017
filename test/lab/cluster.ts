import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../src/lab/lab.ts';
import type { GroupStatus, Status } from '../../src/wire/status.ts';
import { type Ended, ended, ssh } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A cluster on the nodes of a lab, as its operator sees it: an inventory, `muster`, and what each node says. */
export class LabCluster {
  readonly #lab: () => Lab;
  readonly nodes: readonly string[];
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-cluster-'));
  readonly inventory = join(this.folder, 'cluster.yml');

  /** `cluster` is that part of the inventory, in YAML. The folder lives until `remove`. */
  constructor(lab: () => Lab, nodes: readonly string[], cluster: string) {
    this.#lab = lab;
    this.nodes = nodes;
    this.rewrite(cluster);
  }

  /** The inventory has this cluster from now on; its hosts are the machines of the lab, whether in the cluster or not. */
  rewrite(cluster: string): void {
    const { length } = this.nodes;
    writeFileSync(
      this.inventory,
      `defaults: { user: root, connection: lab }
hosts:
  node[1-${length}]:
    address: 10.77.0.[11-${10 + length}]
groups:
  web: []
${cluster}`,
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The command line, with this inventory and lab. */
  muster(...args: string[]): Promise<Ended> {
    const env = { ...process.env, MUSTER_LAB: this.#lab().paths.name, XDG_STATE_HOME: join(this.folder, 'state') };
    const all = [`${root}dist/muster.js`, ...args, '-i', this.inventory];
    return ended(spawn(process.execPath, all, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** As `muster`, where it must end well; returns what it said. */
  async must(...args: string[]): Promise<string> {
    const { rc, output } = await this.muster(...args);
    assert.equal(rc, 0, `muster ${args.join(' ')}: ${output}`);
    return output;
  }

  /** Undefined where the node is off, or musterd does not answer. */
  async statusOf(node: string): Promise<Status | undefined> {
    const { rc, stdout } = await ssh(this.#lab(), node, 'musterd status --json');
    return rc === 0 ? (JSON.parse(stdout) as Status) : undefined;
  }

  async groupOn(node: string, group: string): Promise<GroupStatus | undefined> {
    return (await this.statusOf(node))?.groups.find(({ name }) => name === group);
  }

  /** Whether the node holds the group, and all of it runs there. */
  async runs(node: string, group: string): Promise<boolean> {
    const seen = await this.groupOn(node, group);
    const resources = seen?.resources ?? [];
    return seen?.gateOpen === true && resources.length > 0 && resources.every(({ state }) => state === 'running');
  }

  /** Resolves to the one of these nodes that runs the group, when one does. */
  runner(group: string, among: readonly string[] = this.nodes): Promise<string> {
    return this.until(`${group} on one of ${among.join(', ')}`, async () => {
      const all = await Promise.all(among.map((node) => this.runs(node, group)));
      const found = among.filter((_, index) => all[index]);
      // Each node was asked in a moment of its own: the group may have been on its way.
      return found.length === 1 ? found[0] : undefined;
    });
  }

  /** Looks again and again, for two minutes, until there is something; else fails with the ends of all journals. */
  async until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
    for (const until = performance.now() + 120_000; performance.now() < until; ) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      await sleep(200);
    }
    const journals = this.nodes.map(async (node) => {
      const { stdout, stderr } = await ssh(this.#lab(), node, 'musterd journal');
      return `${node}:\n${(stdout || stderr).trimEnd().split('\n').slice(-20).join('\n')}`;
    });
    return assert.fail(`${what} did not come about:\n${(await Promise.all(journals)).join('\n\n')}`);
  }
}
