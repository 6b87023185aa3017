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
const inOrder = [`${web}/24`, 'a', 'b', 'e', 'noted'];
const inAllForms = ['10.77.0.102/24', '10.77.0.103/24', '10.77.0.104/24'];
// Apart from the others: heartbeat gives a bare address the prefix of the narrowest network that it is in.
const ofDebian = ['10.77.0.130/26', '/srv/reference', 'f', 'g'];
const all = runs(ofWeb, ofMail);
const atHome: Rest = { node1: runs(ofWeb), node2: runs(ofMail) };
const onSecond: Rest = { node1: '', node2: all };
const onFirst: Rest = { node1: all, node2: '' };

const twoGroups = `node1 IPaddr2::${web}/24/eth0 note::a noted
node2 IPaddr2::${mail}/24/eth0 note::c
`;

const bothStart = (pair: Pair): Promise<void> => pair.start('node1', 'node2');
const settled = async (pair: Pair, act: () => Promise<unknown>): Promise<void> => {
  await act();
  await pair.settle();
};

export const stories: readonly Story[] = [
  {
    name: 'auto_failback off',
    autoFailback: false,
    haresources: twoGroups,
    stages: [
      { name: 'both nodes start', act: bothStart, rest: atHome },
      {
        name: 'the holder loses its power',
        act: (pair) => pair.powerOff('node1'),
        rest: { node1: 'off', node2: all },
      },
      {
        name: 'it comes back, without failback',
        act: (pair) => settled(pair, () => pair.powerOn('node1')),
        rest: onSecond,
        isLong: true,
      },
      { name: 'its group is brought home by hand', act: (pair) => pair.home('node1', web), rest: atHome },
      { name: 'standby of a node', act: (pair) => settled(pair, () => pair.standby('node1')), rest: onSecond },
      {
        name: 'the end of standby, without failback',
        act: (pair) => settled(pair, () => pair.online('node1')),
        rest: onSecond,
        isLong: true,
      },
      { name: 'the holder of all is stopped cleanly', act: (pair) => pair.stop('node2'), rest: onFirst },
      {
        name: 'it is started again, without failback',
        act: (pair) => settled(pair, () => pair.start('node2')),
        rest: onFirst,
        isLong: true,
      },
      {
        name: 'a resource ends by itself',
        act: (pair) => pair.die('node1', 'a'),
        rest: {
          node1: runs(
            ofWeb.filter((word) => word !== 'a'),
            ofMail,
          ),
          node2: '',
        },
        isLong: true,
      },
      { name: 'both are stopped', act: (pair) => pair.stop('node1', 'node2'), rest: { node1: '', node2: '' } },
    ],
  },
  {
    name: 'auto_failback on',
    autoFailback: true,
    haresources: twoGroups,
    stages: [
      { name: 'one node starts alone', act: (pair) => pair.start('node2'), rest: onSecond },
      { name: 'the other one follows, with failback', act: (pair) => pair.start('node1'), rest: atHome },
      {
        name: 'the holder loses its power, with failback',
        act: (pair) => pair.powerOff('node1'),
        rest: { node1: 'off', node2: all },
      },
      { name: 'it comes back, with failback', act: (pair) => pair.powerOn('node1'), rest: atHome },
      {
        name: 'the other holder is stopped cleanly',
        act: (pair) => settled(pair, () => pair.stop('node2')),
        rest: onFirst,
      },
      { name: 'it is started again, with failback', act: (pair) => pair.start('node2'), rest: atHome },
      {
        name: 'standby of a node, with failback',
        act: async (pair) => {
          await pair.settle();
          await pair.standby('node1');
        },
        rest: onSecond,
        isLong: true,
      },
      {
        name: 'the other node loses its power while one is in standby',
        act: (pair) => pair.powerOff('node2'),
        rest: { node1: all, node2: 'off' },
        isLong: true,
      },
      {
        name: 'it comes back while the other one is in standby',
        act: (pair) => pair.powerOn('node2'),
        rest: atHome,
        isLong: true,
      },
      {
        name: 'the end of standby, when groups are home',
        act: (pair) => settled(pair, () => pair.online('node1')),
        rest: atHome,
        isLong: true,
      },
      {
        name: 'the end of standby, with failback',
        act: async (pair) => {
          await pair.settle();
          await pair.standby('node1');
          await pair.rests(onSecond, false);
          await pair.settle();
          await pair.online('node1');
        },
        rest: onSecond,
        isLong: true,
      },
    ],
  },
  {
    name: 'a resource that does not start',
    autoFailback: false,
    haresources: twoGroups,
    stages: [
      {
        name: 'a resource does not start where its group is taken to',
        act: async (pair) => {
          await pair.mark('node2', 'a.no-start');
          await bothStart(pair);
          await pair.rests(atHome, false);
          await pair.settle();
          await pair.take('node2', web);
        },
        rest: atHome,
        isLong: true,
        done: { node1: '+a/1 +noted/1 -noted/1 -a/1 +a/1 +noted/1', node2: '+c/1' },
      },
    ],
  },
  {
    name: 'a resource that does not start on its own node',
    autoFailback: false,
    haresources: twoGroups,
    stages: [
      {
        name: 'a resource does not start on the node that its group prefers',
        act: async (pair) => {
          await pair.mark('node1', 'a.no-start');
          await bothStart(pair);
        },
        rest: { node1: '', node2: runs(ofMail) },
        isLong: true,
      },
    ],
  },
  {
    name: 'a resource that does not stop',
    autoFailback: false,
    haresources: twoGroups,
    stages: [
      { name: 'both nodes start, before a stop fails', act: bothStart, rest: atHome },
      {
        name: 'a stop fails of what has stopped all the same',
        act: async (pair) => {
          await pair.settle();
          await pair.mark('node1', 'a.bad-stop');
          await pair.standby('node1');
        },
        rest: onSecond,
      },
      {
        name: 'the groups go home again',
        act: async (pair) => {
          await pair.settle();
          await pair.clearMarks();
          await pair.online('node1');
          await pair.settle();
          await pair.home('node1', web);
        },
        rest: atHome,
        isLong: true,
      },
      {
        name: 'a resource does not stop',
        act: async (pair) => {
          await pair.settle();
          await pair.mark('node1', 'a.no-stop');
          // A machine of the lab boots in less than a deadtime, and nobody would see that it was away; a real one does not.
          await pair.notAtBoot('node1');
          await pair.standby('node1');
        },
        rest: onSecond,
        isLong: true,
      },
    ],
  },
  {
    name: 'what stands in a group',
    autoFailback: false,
    haresources: `# what people write
node1 IPaddr2::${web}/24/eth0 note::a \\
  note::b noted   note::e
node1 10.77.0.102 IPaddr::10.77.0.103/24/eth0:1 IPaddr2::10.77.0.104/255.255.255.0/eth0/10.77.0.255 # all forms
node2 note::f IPaddr2::10.77.0.130/26 Delay::1::1 Filesystem::tmpfs::/srv/reference::tmpfs::size=1m,mode=0700 note::g
`,
    stages: [
      {
        name: 'groups start in order',
        act: bothStart,
        rest: { node1: runs(inOrder, inAllForms), node2: runs(ofDebian) },
        done: { node1: '+a/1 +b/1 +noted/1 +e/1', node2: '+f/0 +g/1' },
      },
      {
        name: 'a group stops in reverse, and starts in order elsewhere',
        act: async (pair) => {
          await pair.settle();
          await pair.forget();
          await pair.standby('node1');
        },
        rest: { node1: '', node2: runs(inOrder, inAllForms, ofDebian) },
        done: { node1: '-e/1 -noted/1 -b/1 -a/1', node2: '+a/1 +b/1 +noted/1 +e/1' },
      },
      {
        name: 'groups with agents of Debian move',
        act: async (pair) => {
          await pair.online('node1');
          await pair.settle();
          await pair.standby('node2');
        },
        rest: { node1: runs(inOrder, inAllForms, ofDebian), node2: '' },
      },
    ],
  },
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
