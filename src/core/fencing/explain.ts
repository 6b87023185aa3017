/** What is said of groups that wait for fencing. */
import { foldHosts } from '../../base/host-range.ts';
import type { GroupName, NodeName } from '../../model/names.ts';
import type { NodeState } from '../state.ts';
import { whyNeeded } from './need.ts';
import { otherOfTwo } from './two-nodes.ts';

/** Who has to be fenced before the group can start, as far as this node knows. */
export function waitsFor({ fencing }: NodeState, group: GroupName): readonly NodeName[] {
  return fencing.waiting.get(group)?.nodes ?? [];
}

/** Why nobody has the group, and how far it is; undefined where it waits for no fencing. */
export function whyWaiting(state: NodeState, group: GroupName): string | undefined {
  const waiting = state.fencing.waiting.get(group);
  if (waiting === undefined) return undefined;
  const { nodes, why } = waiting;
  const need = whyNeeded(state, group);
  return `nobody has it, as ${why}: it waits until ${foldHosts(nodes)} is fenced${progress(state, nodes)}${need}`;
}

/** Of two nodes without a third vote, why this one does not go on alone; empty where it is not one of two. */
export function whyNotAlone(state: NodeState): string {
  const other = otherOfTwo(state);
  return other === undefined ? '' : progress(state, [other.name]);
}

function progress({ fencing }: NodeState, nodes: readonly NodeName[]): string {
  const said = nodes.flatMap((node) => {
    const wish = fencing.wishes.get(node);
    if (wish === undefined) return [];
    const failed = wish.failure === undefined ? '' : `, ${wish.failure}`;
    const now = wish.asked === undefined ? 'is to come' : 'is under way';
    return [
      wish.tries <= 1 && failed === '' ? `fencing ${now}` : `try ${wish.tries} at ${node}${failed}; fencing ${now}`,
    ];
  });
  return said.length === 0 ? '' : ` (${said.join('; ')})`;
}
