import type { Action } from '../../src/core/resources/event.ts';
import type { GroupRule } from '../../src/model/placement.ts';
import type { Behaviour } from '../simulation/agents.ts';
import type { Plan, TimedFault } from '../simulation/plan.ts';

/** What stands above the line of dashes of a scenario: the cluster, and what happens to it. */
export interface Scenario {
  readonly story: readonly string[];
  readonly plan: Plan;
}

const behaviours: Readonly<Record<string, Behaviour>> = {
  fails: { says: 'failed', takes: 20 },
  'cannot be done': { says: 'unable', takes: 20 },
  hangs: { hangs: true },
};

/**
 * Reads a scenario. Its lines, in any order:
 *
 *     # what it is about
 *     cluster 3 nodes 0 arbiters 1 groups [of 2 resources] [auto_failback] [no_quorum_freeze]
 *     needs fencing [that fails]           all groups do, and there is something to fence with, or nothing that answers
 *     fencing by node2 node3               only they have a way; (broken on) theirs never works
 *     order web1 web2 [strictly]
 *     at 2000 power node1 [for 1500]       also: kill, freeze, stall, standby, leave, flush
 *     at 2000 cut node1 to node2 for 500
 *     at 2000 part node1 node2 for 500     these on one side, all others on the other
 *     at 2000 reach node1 0                how many ping nodes answer it from then on
 *     at 2000 move web1 to node3 through node2 [for 1500]     an operator wants it there
 *     at 2000 fence node1 through node2    an operator wants it fenced, or (confirm) says that it is off
 *     at 2000 maintenance node2 for 1500   of the whole cluster, through this node
 *     at 2000 start of web1 0 on node1 fails for 500     also stop, monitor, probe; hangs, cannot be done, takes 200
 *     at 2000 crash web1 0 on node1        it ends, and nobody is told
 *     until 6000
 *
 * Times are in milliseconds since the machines were switched on. Throws where a line says something else.
 */
export function readScenario(text: string): Scenario {
  const story: string[] = [];
  const faults: TimedFault[] = [];
  const rules: GroupRule[] = [];
  let sizes = {
    nodes: 3,
    arbiters: 0,
    groups: 1,
    autoFailback: false,
    keeps: false,
    agents: undefined as number | undefined,
  };
  let fencing: Pick<Plan, 'needs' | 'fencingFails' | 'fencers' | 'brokenFencers'> = {};
  let endAt = 5000;
  const voter = (name: string): number => {
    const match = /^(node|arbiter)(\d+)$/.exec(name);
    if (match === null) throw new Error(`no node or arbiter: "${name}"`);
    return Number(match[2]) - 1 + (match[1] === 'node' ? 0 : sizes.nodes);
  };
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '') continue;
    if (line.startsWith('#')) {
      story.push(line);
      continue;
    }
    const cluster =
      /^cluster (\d+) nodes (\d+) arbiters (\d+) groups(?: of (\d+) resources)?( auto_failback)?( no_quorum_freeze)?$/.exec(
        line,
      );
    const agent = /^at (\d+) (start|stop|monitor|probe) of web(\d+) (\d+) on node(\d+) (.+) for (\d+)$/.exec(line);
    const order = /^order ((?:web\d+ ?)+?)( strictly)?$/.exec(line);
    const crash = /^at (\d+) crash web(\d+) (\d+) on node(\d+)$/.exec(line);
    const until = /^until (\d+)$/.exec(line);
    const cut = /^at (\d+) cut (\w+) to (\w+) for (\d+)$/.exec(line);
    const part = /^at (\d+) part ([\w ]+) for (\d+)$/.exec(line);
    const other = /^at (\d+) (power|kill|freeze|stall|standby|maintenance|leave|flush) (\w+)(?: for (\d+))?$/.exec(
      line,
    );
    const move = /^at (\d+) move (\w+) to (\w+) through (\w+)(?: for (\d+))?$/.exec(line);
    const needs = /^needs fencing( that fails)?$/.exec(line);
    const ways = /^fencing (by|broken on)((?: node\d+)+)$/.exec(line);
    const shoot = /^at (\d+) (fence|confirm) (\w+) through (\w+)$/.exec(line);
    const reach = /^at (\d+) reach (\w+) (\d+)$/.exec(line);
    if (cluster !== null)
      sizes = {
        nodes: Number(cluster[1]),
        arbiters: Number(cluster[2]),
        groups: Number(cluster[3]),
        agents: cluster[4] === undefined ? undefined : Number(cluster[4]),
        autoFailback: cluster[5] !== undefined,
        keeps: cluster[6] !== undefined,
      };
    else if (order !== null)
      rules.push({ kind: 'order', groups: order[1]!.split(' '), strict: order[2] !== undefined });
    else if (needs !== null) fencing = { ...fencing, needs: 1e9, fencingFails: needs[1] === undefined ? 0 : 1 };
    else if (ways !== null)
      fencing = { ...fencing, [ways[1] === 'by' ? 'fencers' : 'brokenFencers']: ways[2]!.trim().split(' ').map(voter) };
    else if (shoot !== null)
      faults.push({
        kind: 'shoot',
        at: Number(shoot[1]),
        confirmed: shoot[2] === 'confirm',
        target: voter(shoot[3]!),
        node: voter(shoot[4]!),
      });
    else if (until !== null) endAt = Number(until[1]);
    else if (cut !== null)
      faults.push({ kind: 'cut', at: Number(cut[1]), from: voter(cut[2]!), to: voter(cut[3]!), lasts: Number(cut[4]) });
    else if (move !== null) {
      const [, at, group, to, through, time] = move as unknown as [string, string, string, string, string, string?];
      const forMs = time === undefined ? {} : { forMs: Number(time) };
      faults.push({ kind: 'move', at: Number(at), node: voter(through), group, to: voter(to), ...forMs });
    } else if (agent !== null)
      faults.push({
        kind: 'agent',
        at: Number(agent[1]),
        action: agent[2] as Action,
        group: Number(agent[3]) - 1,
        resource: Number(agent[4]),
        node: Number(agent[5]) - 1,
        behaviour: readBehaviour(agent[6]!),
        lasts: Number(agent[7]),
      });
    else if (crash !== null)
      faults.push({
        kind: 'crash',
        at: Number(crash[1]),
        group: Number(crash[2]) - 1,
        resource: Number(crash[3]),
        node: Number(crash[4]) - 1,
      });
    else if (reach !== null)
      faults.push({ kind: 'reach', at: Number(reach[1]), node: voter(reach[2]!), reached: Number(reach[3]) });
    else if (part !== null) {
      const side = part[2]!.split(' ').map(voter);
      faults.push({ kind: 'partition', at: Number(part[1]), side, lasts: Number(part[3]) });
    } else if (other !== null) {
      const kind = other[2] as 'power' | 'kill' | 'freeze' | 'stall' | 'standby' | 'maintenance' | 'leave' | 'flush';
      faults.push({ kind, at: Number(other[1]), node: voter(other[3]!), lasts: Number(other[4] ?? 1e9) });
    } else throw new Error(`cannot read the scenario's line "${line}"`);
  }
  const plan: Plan = {
    seed: 1,
    ...sizes,
    ...fencing,
    needs: fencing.needs === undefined ? undefined : sizes.groups,
    rules: rules.length === 0 ? undefined : rules,
    driftBound: 0.001,
    fast: false,
    changes: false,
    far: false,
    store: undefined,
    rates: [],
    drift: 0.001,
    links: 1,
    wire: false,
    network: { loss: 0, duplicate: 0, usual: 0.3, slow: 0, slowShare: 0 },
    slowCommands: 0,
    faults,
    healAt: Number.POSITIVE_INFINITY,
    endAt,
  };
  return { story, plan };
}

function readBehaviour(text: string): Behaviour {
  const takes = /^takes (\d+)$/.exec(text);
  const found = takes === null ? behaviours[text] : { takes: Number(takes[1]) };
  if (found === undefined) throw new Error(`no way to behave: "${text}"`);
  return found;
}
