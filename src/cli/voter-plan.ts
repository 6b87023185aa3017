import { foldHosts } from '../base/host-range.ts';
import type { NodeName } from '../model/names.ts';

/** One change of the voters; `record` writes the running ones down, so that no configuration changes them by itself. */
export interface VoterStep {
  readonly kind: 'record' | 'add' | 'remove';
  readonly node: NodeName | undefined;
}

/**
 * The changes that lead from the voters that run to those of the inventory: one at a time, and those that come before those
 * that go, so that there is never one voter less than there has to be.
 */
export function planVoters(running: readonly NodeName[], epoch: number, wanted: readonly NodeName[]): VoterStep[] {
  const added = wanted.filter((name) => !running.includes(name));
  const removed = running.filter((name) => !wanted.includes(name));
  return [
    ...(epoch === 0 ? [{ kind: 'record', node: undefined } as const] : []),
    ...added.map((node) => ({ kind: 'add', node }) as const),
    ...removed.map((node) => ({ kind: 'remove', node }) as const),
  ];
}

/** The change in words. */
export function showVoterStep({ kind, node }: VoterStep, running: readonly NodeName[]): string {
  if (kind === 'record') return `record ${running.join(', ')} as the voters`;
  return kind === 'add' ? `let ${node} vote` : `take the vote of ${node}, after it has handed over what it holds`;
}

/** What is left to do by hand for a node that votes no more: its musterd would go on speaking to those that no longer know it. */
export function showFarewell(done: readonly VoterStep[], nodes: readonly NodeName[]): string[] {
  const gone = nodes.filter((name) => done.some(({ kind, node }) => kind === 'remove' && node === name));
  if (gone.length === 0) return [];
  return [`stop musterd on ${foldHosts(gone)} (systemctl disable --now musterd), then provision the others`];
}
