/** Where musterd does something else than heartbeat, and why. This is the whole list: anything beyond it fails the test. */
import type { Rest } from './pair.ts';
import { runs } from './stories.ts';

export interface Difference {
  /** The stage of stories.ts. */
  readonly stage: string;
  /** In words for people, as ARCHITECTURE.md has them. */
  readonly heartbeat: string;
  readonly musterd: string;
  readonly reason: string;
  readonly rest: Rest;
  readonly done?: Rest;
}

const web = ['10.77.0.100/24', 'a', 'noted'];
const mail = ['10.77.0.101/24', 'c'];

export const differences: readonly Difference[] = [
  {
    stage: 'the network of a holder is cut',
    heartbeat: 'both nodes run everything',
    musterd: 'only the node with a majority does',
    reason: 'two holders of one address are the worst that can happen',
    rest: { node1: '', node2: runs(web, mail) },
  },
  {
    stage: 'one node starts alone, and the third vote is gone',
    heartbeat: 'it takes everything after `initdead`',
    musterd: 'nothing runs until another voter is there',
    reason: 'it cannot know whether the other node runs',
    rest: { node1: '', node2: '' },
  },
];
