/** Two machines of a lab under one product or the other. To themselves and to each other they are node1 and node2. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterAccess } from '../../../src/drill/cluster-access.ts';
import type { Lab } from '../../../src/lab/lab.ts';
import { waitUntil } from '../../../src/lab/wait.ts';
import { writeFile } from './agents.ts';
import { musterd, type Product } from './products.ts';

export const nodes = ['node1', 'node2'] as const;
export type NodeName = (typeof nodes)[number];

/** What runs on each node, in words in order: addresses with their prefix, resources, mount points. Or `off`. */
export type Rest = Readonly<Record<NodeName, string>>;

/** What is written to /etc/ha.d, the same for both products. */
export interface Configuration {
  readonly autoFailback: boolean;
  readonly haresources: string;
}

/** Where the product is. */
export interface Place {
  readonly lab: Lab;
  readonly access: ClusterAccess;
  /** Which machines of the lab node1 and node2 are. */
  readonly machines: Readonly<Record<NodeName, string>>;
  /** The machine that only votes. */
  readonly arbiter: string;
}

const keys = 'auth 1\n1 sha1 what-both-sign-with\n';

const haCf = (autoFailback: boolean): string => `# as of 2008
use_logd off
logfile /var/log/ha-log
keepalive 200ms
warntime 1
deadtime 2
initdead 8
bcast eth0
auto_failback ${autoFailback ? 'on' : 'off'}
crm off
node node1
node node2
`;

/** What the old files cannot say, and musterd on two nodes cannot do without. */
const thirdVote = (name: string): string => `arbiters:\n  - { name: ${name}, address: 10.77.0.13 }\n`;

/** The longest that a rest is waited for, and how long it has to last, in milliseconds. */
const patience = 120_000;
const shortCalm = 3000;
/** Longer than musterd waits (five deadtimes) before a group goes back to a node that has returned. */
const longCalm = 13_000;
/** For one program on a node: some wait for resources. Milliseconds. */
const programTime = 90_000;

export class Pair {
  readonly #place: Place;
  readonly #runsOn = new Set<NodeName>();
  readonly #off = new Set<NodeName>();
  readonly product: Product;

  constructor(product: Product, place: Place) {
    this.product = product;
    this.#place = place;
  }

  /** Puts programs on the machines, and makes them know themselves as node1 and node2, also after a boot. */
  async prepare(program: string): Promise<void> {
    const named = (node: NodeName): string => `echo ${node} > /etc/hostname; hostname ${node}`;
    await Promise.all(nodes.map((node) => this.on(node, `${program}\n${named(node)}`)));
  }

  /** Nothing of the story before is left, and these files are there. The product starts at the next boot, too. */
  async begin({ autoFailback, haresources }: Configuration): Promise<void> {
    const { service, halt, clean } = this.product;
    if (this.product === musterd) await this.thirdVote(true);
    for (const node of nodes) {
      await this.heal(node);
      if (this.#off.has(node)) await this.powerOn(node);
    }
    // First of all: heartbeat reboots a machine on which something does not stop.
    await this.clearMarks();
    await this.#all(`${halt}\ntrue`);
    this.#runsOn.clear();
    await this.#all(
      [
        'umount /srv/reference 2>/dev/null',
        'rm -rf /etc/ha.d/muster.yml /etc/ha.d/ldirectord.cf /var/lib/reference /run/reference /var/log/reference.log',
        'mkdir -p /srv/reference',
        clean,
        writeFile('/etc/ha.d/ha.cf', haCf(autoFailback)),
        writeFile('/etc/ha.d/authkeys', keys, '0600'),
        writeFile('/etc/ha.d/haresources', haresources),
        this.product === musterd ? writeFile('/etc/ha.d/muster.yml', thirdVote(this.#place.arbiter)) : '',
        `systemctl unmask ${service}; systemctl enable ${service}`,
      ].join('\n'),
    );
  }

  async start(...names: readonly NodeName[]): Promise<void> {
    for (const name of names) this.#runsOn.add(name);
    await Promise.all(names.map((node) => this.on(node, `systemctl start ${this.product.service}`)));
  }

  async stop(...names: readonly NodeName[]): Promise<void> {
    await Promise.all(names.map((node) => this.on(node, `systemctl stop ${this.product.service}`)));
    for (const name of names) this.#runsOn.delete(name);
  }

  /** When the machine boots, the product does not start. */
  notAtBoot = (node: NodeName): Promise<string> => this.on(node, `systemctl disable ${this.product.service}`);

  standby = (node: NodeName): Promise<string> => this.on(node, this.product.standby);
  online = (node: NodeName): Promise<string> => this.on(node, this.product.online);
  /** Groups that prefer the node go to it. */
  home = (node: NodeName, ...groups: readonly string[]): Promise<string> =>
    this.on(node, this.product.home(node, groups));

  /** Groups that prefer the other node are taken by this one. */
  take = (node: NodeName, ...groups: readonly string[]): Promise<string> =>
    this.on(node, this.product.take(node, groups));

  /** Makes a resource fail on a node: see agents.ts. */
  mark = (node: NodeName, word: string): Promise<string> =>
    this.on(node, `mkdir -p /var/lib/reference && touch /var/lib/reference/${word}`);

  /** Nothing fails any more. */
  clearMarks = (): Promise<unknown> => this.#all('rm -rf /var/lib/reference');

  /** A resource ends by itself. */
  die = (node: NodeName, resource: string): Promise<string> => this.on(node, `rm /run/reference/${resource}`);

  async powerOff(node: NodeName): Promise<void> {
    const { lab, access, machines } = this.#place;
    access.forget(machines[node]);
    this.#off.add(node);
    this.#runsOn.delete(node);
    await lab.faults.powerOff(machines[node]);
  }

  /** Its product comes with it. */
  async powerOn(node: NodeName): Promise<void> {
    await this.#place.lab.faults.powerOn(this.#place.machines[node]);
    this.#off.delete(node);
    this.#runsOn.add(node);
  }

  /** Nobody hears the node any more but whoever looks at it. */
  async cut(node: NodeName): Promise<void> {
    const { lab, machines } = this.#place;
    await lab.faults.cut([machines[node]], this.#others(node));
    await lab.faults.cut(this.#others(node), [machines[node]]);
  }

  async heal(node: NodeName): Promise<void> {
    const { lab, machines } = this.#place;
    await lab.faults.join([machines[node]], this.#others(node));
    await lab.faults.join(this.#others(node), [machines[node]]);
  }

  /** Of musterd only: heartbeat has none. */
  async thirdVote(there: boolean): Promise<void> {
    if (this.product !== musterd) return;
    const command = `systemctl ${there ? 'start' : 'stop'} musterd-arbiter`;
    await this.#place.access.must(this.#place.arbiter, 'have a third vote', command, programTime);
  }

  /** All nodes that the product runs on are together, and nothing is under way. */
  async settle(): Promise<void> {
    const ask = (node: string, command: string): Promise<string> => this.#ask(node as NodeName, command);
    const isSettled = (): Promise<boolean> => this.product.isSettled(ask, [...this.#runsOn]);
    const settled = await waitUntil(isSettled, { timeoutMs: patience, everyMs: 1000 });
    if (!settled) assert.fail(`it does not settle:\n${await this.#said()}`);
  }

  /** Forgets what was started and stopped until now. */
  forget = (): Promise<unknown> => this.#all(': > /var/log/reference.log');

  /** Waits until what runs is this and stays so for a while; returns what was started and stopped, in order. */
  async rests(wanted: Rest, isLong: boolean): Promise<Rest> {
    const until = performance.now() + patience;
    let since: number | undefined;
    for (;;) {
      const [runs, done] = await this.#look();
      const now = performance.now();
      since = nodes.every((node) => runs[node] === wanted[node]) ? (since ?? now) : undefined;
      if (since !== undefined && now - since >= (isLong ? longCalm : shortCalm)) return done;
      if (since === undefined && now >= until) {
        const said = await this.#said();
        assert.fail(`it rests as ${JSON.stringify(runs)}, not as ${JSON.stringify(wanted)}:\n${said}`);
      }
      await sleep(500);
    }
  }

  async #look(): Promise<[Rest, Rest]> {
    const seen = await Promise.all(
      nodes.map(async (node) =>
        this.#off.has(node) ? ['off', ''] : (await this.#ask(node, 'reference-look')).split('\n'),
      ),
    );
    const both = (index: number): Rest => ({
      node1: (seen[0]![index] ?? '').trim(),
      node2: (seen[1]![index] ?? '').trim(),
    });
    return [both(0), both(1)];
  }

  /** What a program on a node says; that it is away, where it is. */
  async #ask(node: NodeName, program: string): Promise<string> {
    try {
      return (await this.#place.access.run(this.#place.machines[node], program, 10_000)).stdout.toString();
    } catch {
      return 'away';
    }
  }

  on(node: NodeName, program: string): Promise<string> {
    return this.#place.access.must(this.#place.machines[node], `do "${program}"`, program, programTime);
  }

  async #all(program: string): Promise<unknown> {
    return Promise.all(nodes.filter((node) => !this.#off.has(node)).map((node) => this.on(node, program)));
  }

  #others(node: NodeName): string[] {
    const { machines, arbiter } = this.#place;
    const peers = nodes.filter((name) => name !== node).map((name) => machines[name]);
    return this.product === musterd ? [...peers, arbiter] : peers;
  }

  async #said(): Promise<string> {
    const all = await Promise.all(nodes.map(async (node) => `--- ${node}\n${await this.#ask(node, this.product.log)}`));
    return all.join('\n');
  }
}
