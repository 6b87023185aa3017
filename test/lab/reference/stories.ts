/** What happens to a cluster of two, and who runs what then. Each is told to heartbeat and to musterd, on the same files. */
import type { Configuration, Pair, Rest } from './pair.ts';

export interface Stage {
  /** What has happened. Unique in all stories: a difference is written down under this name. */
  readonly name: string;
  readonly act: (pair: Pair) => Promise<unknown>;
  /** What runs then, with heartbeat; with musterd too, where no difference is written down. */
  readonly rest: Rest;
  /** What was started and stopped in the stage, in order (agents.ts); compared where it is there. */
  readonly done?: Rest;
  /** Something could move after a while, and must not. */
  readonly isLong?: boolean;
}

export interface Story extends Configuration {
  readonly name: string;
  readonly stages: readonly Stage[];
}

const web = '10.77.0.100';
const mail = '10.77.0.101';
const ofWeb = [`${web}/24`, 'a', 'noted'];
const ofMail = [`${mail}/24`, 'c'];
/** The words of a rest, in its order. */
export const runs = (...words: readonly (string | readonly string[])[]): string => words.flat().sort().join(' ');
const all = runs(ofWeb, ofMail);
const atHome: Rest = { node1: runs(ofWeb), node2: runs(ofMail) };
const onSecond: Rest = { node1: '', node2: all };

const twoGroups = `node1 IPaddr2::${web}/24/eth0 note::a noted
node2 IPaddr2::${mail}/24/eth0 note::c
`;

const bothStart = (pair: Pair): Promise<void> => pair.start('node1', 'node2');

export const stories: readonly Story[] = [
  {
    name: 'the network of the holder',
    autoFailback: false,
    haresources: twoGroups,
    stages: [
      { name: 'both nodes start, before a cable breaks', act: bothStart, rest: atHome },
      {
        name: 'the network of a holder is cut',
        act: async (pair) => {
          await pair.settle();
          await pair.cut('node1');
        },
        rest: { node1: all, node2: all },
        isLong: true,
      },
    ],
  },
  {
    name: 'a third vote that is gone',
    autoFailback: false,
    haresources: twoGroups,
    stages: [
      {
        name: 'one node starts alone, and the third vote is gone',
        act: async (pair) => {
          await pair.thirdVote(false);
          await pair.start('node2');
        },
        rest: onSecond,
        isLong: true,
      },
      {
        name: 'the third vote is back',
        act: (pair) => pair.thirdVote(true),
        rest: onSecond,
      },
    ],
  },
];
