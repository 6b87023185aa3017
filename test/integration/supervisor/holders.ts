import type { Status } from '../../../src/wire/status.ts';
import { type TestCluster, type TestNode, until } from './namespaces.ts';

/** What a node says of itself; undefined where nobody answers. */
export function statusOf(node: TestNode): Status | undefined {
  try {
    return node.status();
  } catch {
    return undefined;
  }
}

export function journals(nodes: readonly TestNode[]): string {
  return nodes
    .map(({ name, journal }) => `${name}: ${journal.map(({ what, why }) => `${what}: ${why}`).join(' | ')}`)
    .join('\n');
}

/** The one of these nodes whose gate is open, as soon as there is one alone; a node that hangs must not be among them. */
export async function oneHolderOf(nodes: readonly TestNode[]): Promise<TestNode> {
  let holders: TestNode[] = [];
  await until(
    () => {
      holders = nodes.filter((node) => statusOf(node)?.groups[0]?.gateOpen === true);
      return holders.length === 1;
    },
    () => journals(nodes),
    40_000,
  );
  return holders[0]!;
}

/** The names of those that answer for an address when a client asks each of their MACs for itself. */
export function answering(cluster: TestCluster, nodes: readonly TestNode[], address: string): string[] {
  const asked = nodes.filter(({ mac }) => {
    cluster.client('ip', 'neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent');
    try {
      cluster.client('ping', '-c', '1', '-W', '1', address);
      return true;
    } catch {
      return false;
    } finally {
      cluster.client('ip', 'neigh', 'del', address, 'dev', 'eth0');
    }
  });
  return asked.map(({ name }) => name);
}
