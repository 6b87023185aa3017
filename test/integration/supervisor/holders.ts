import type { Status } from '../../../src/wire/status.ts';
import { type TestCluster, type TestNode, until } from './namespaces.ts';

/** Each look at a status starts processes: not so often that they keep the nodes from what is waited for. */
const lookPause = 100;

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
    lookPause,
  );
  return holders[0]!;
}

/**
 * Brings a cluster back to what each test begins with, whatever the one before it left behind: all nodes run, hear each
 * other and are no standby, and one of them holds the group.
 */
export async function restored(nodes: readonly TestNode[]): Promise<TestNode> {
  for (const node of nodes) {
    node.signal('SIGCONT');
    if (!node.running) node.start();
  }
  let seen: (Status | undefined)[] = [];
  await until(
    () => {
      seen = nodes.map(statusOf);
      for (const [index, status] of seen.entries()) if (status?.standby) nodes[index]!.musterd('online');
      const well = (status: Status | undefined): boolean =>
        status?.quorum.quorate === true && status.nodes.every(({ state }) => state === 'self' || state === 'up');
      return seen.every(well) && seen.filter((status) => status!.groups[0]?.gateOpen).length === 1;
    },
    () => `${journals(nodes)}\n${seen.map((status) => JSON.stringify(status?.nodes)).join('\n')}`,
    60_000,
    lookPause,
  );
  return nodes.find((_, index) => seen[index]!.groups[0]?.gateOpen)!;
}

/**
 * For `afterEach`: what the nodes said and how they are, where a test has failed. Statuses take a while: a node that
 * hangs is asked all the same, as the suite is lost anyway.
 */
export function tellFailure(context: Mocha.Context, nodes: readonly TestNode[]): void {
  if (context.currentTest?.state !== 'failed') return;
  for (const node of nodes) {
    const lines = node.journal.slice(-40).map(({ time, what, why }) => `  ${time ?? ''} ${what}: ${why}`);
    const { groups, nodes: peers, quorum, counters } = statusOf(node) ?? {};
    console.error(`${node.name}:\n${lines.join('\n')}\n  ${JSON.stringify({ groups, peers, quorum, counters })}`);
  }
}

/**
 * Resolves when one node holds the address and, of these, it alone answers for it. Not at once: the address comes on the
 * device right after the gate is open, and frames for the last holder are passed on until its lease would be over.
 */
export async function holderAnswers(
  cluster: TestCluster,
  nodes: readonly TestNode[],
  address: string,
): Promise<TestNode> {
  let seen: readonly string[] = [];
  let holder: TestNode | undefined;
  await until(
    () => {
      const holders = nodes.filter((node) => statusOf(node)?.groups[0]?.gateOpen === true);
      holder = holders[0];
      seen = answering(cluster, cluster.nodes, address);
      return holders.length === 1 && seen.join() === holder!.name;
    },
    () => `${holder?.name} holds ${address}, ${seen.join(' and ') || 'nobody'} answers\n${journals(nodes)}`,
    40_000,
    lookPause,
  );
  return holder!;
}

/** The names of those that answer for an address when a client asks each of their MACs for itself. */
export function answering(cluster: TestCluster, nodes: readonly TestNode[], address: string): string[] {
  const asked = nodes.filter(({ mac }) => {
    cluster.client('ip', 'neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent');
    try {
      cluster.client('ping', '-c', '1', '-W', '0.5', address);
      return true;
    } catch {
      return false;
    } finally {
      cluster.client('ip', 'neigh', 'del', address, 'dev', 'eth0');
    }
  });
  return asked.map(({ name }) => name);
}
