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
    stage: 'a resource ends by itself',
    heartbeat: 'it stays as it is: nobody looks',
    musterd: 'it is started again',
    reason: 'resources are monitored',
    rest: { node1: runs(web, mail), node2: '' },
  },
  {
    stage: 'the other node loses its power while one is in standby',
    heartbeat: 'the node in standby takes everything',
    musterd: 'nothing runs',
    reason: 'standby is a state that an operator ends, not an act: somebody may be working on that node',
    rest: { node1: '', node2: 'off' },
  },
  {
    stage: 'it comes back while the other one is in standby',
    heartbeat: 'each runs its own groups',
    musterd: 'it runs everything',
    reason: 'the other one is still in standby',
    rest: { node1: '', node2: runs(web, mail) },
  },
  {
    stage: 'the end of standby, with failback',
    heartbeat: 'nothing moves until a node joins or somebody asks',
    musterd: 'the groups go home',
    reason: 'auto_failback holds whatever made a group leave its node',
    rest: { node1: runs(web), node2: runs(mail) },
  },
  {
    stage: 'a resource does not start on the node that its group prefers',
    heartbeat: 'the group runs nowhere: after 30 s the node gives up the groups of the other one instead',
    musterd: 'the other node runs it',
    reason: 'a slip of its ResourceManager, which compares one resource with the whole line of haresources',
    rest: { node1: '', node2: runs(web, mail) },
  },
  {
    stage: 'a resource does not stop',
    heartbeat: 'the node kills itself (reboot -nf), and the other one takes over',
    musterd: 'the gate shuts, the other node takes over, and what does not stop stays',
    reason:
      'a node that reboots by itself is no proof that it is off; groups that must never run twice say `needs: fencing` and wait for that',
    rest: { node1: 'a', node2: runs(web, mail) },
  },
  {
    stage: 'groups start in order',
    heartbeat: 'what stands before an address starts before it is there',
    musterd: 'the addresses of a group are there first, then all else starts in order',
    reason: 'the gate opens with the lease, and nothing starts before this node has it',
    rest: {
      node1: runs('10.77.0.100/24', '10.77.0.102/24', '10.77.0.103/24', '10.77.0.104/24', ['a', 'b', 'e', 'noted']),
      node2: runs('10.77.0.130/26', '/srv/reference', 'f', 'g'),
    },
    done: { node1: '+a/1 +b/1 +noted/1 +e/1', node2: '+f/1 +g/1' },
  },
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
