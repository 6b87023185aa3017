/**
 * A node that leaves in an orderly way says so where its silence would be taken for worse: of two nodes the other one could
 * not go on without its vote, and groups that need fencing might wait for it. It says of itself what others would have to
 * make sure of: this life is over. From then on it holds nothing and gets nothing; its next life begins like any other.
 */
import { mayRunOn } from '../resource-wishes.ts';
import type { NodeState } from '../state.ts';
import { isAlone, isOfTwo, keepFenced } from './two-nodes.ts';

/** To be called when nothing is held any more and the process is about to end. */
export function sayFarewell(state: NodeState): void {
  const { fencing, self, options } = state;
  if (state.role !== 'node' || (fencing.needed.size === 0 && fencing.saidBy.size === 0 && !isOfTwo(state))) return;
  for (const group of state.groups.values()) if (mayRunOn(state, group, self)) return;
  // Who is left of two has nobody to tell, and goes on alone when it is started again.
  if (isAlone(state)) return;
  fencing.ended = true;
  fencing.fenced.set(self, { node: self, incarnation: options.incarnation });
  keepFenced(state);
  state.beat = undefined;
  state.beatNow = true;
}
