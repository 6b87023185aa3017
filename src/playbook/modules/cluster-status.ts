import * as z from 'zod';
import { fact } from '../facts/fact.ts';
import { type SupervisorStatus, supervisorFact } from '../facts/supervisor.ts';
import { defineModule } from '../module.ts';

const schema = z.strictObject({
  nodes: z.array(z.string()).default([]).describe('nodes that this node must see'),
  arbiters: z.array(z.string()).default([]).describe('arbiters that must answer this node'),
  real_servers: z.boolean().default(false).describe('whether every real server must be alive, too'),
});

export const clusterStatus = defineModule({
  name: 'cluster_status',
  summary:
    "what this node's musterd says: healthy, problem, holds (groups with an open gate here), holders, store (where its leases lie; empty: with the voters)",
  schema,
  facts: () => [fact(supervisorFact, 'musterd')],
  decide: (args, facts) => {
    const status = facts.get(supervisorFact, 'musterd');
    const problem = status === undefined ? 'musterd does not answer' : findProblem(status, args);
    return {
      outcome: 'ok',
      result: {
        running: status !== undefined,
        healthy: problem === undefined,
        problem: problem ?? '',
        holds: status?.groups.filter((group) => group.gateOpen).map((group) => group.name) ?? [],
        store: status?.store?.where ?? '',
        holders: Object.fromEntries(status?.groups.map((group) => [group.name, group.holder]) ?? []),
      },
    };
  },
});

/** The first thing that is wrong, in the order in which one would look, or undefined. */
function findProblem(status: SupervisorStatus, args: z.output<typeof schema>): string | undefined {
  if (!status.quorum.quorate) return 'the cluster has no quorum';
  const seen = new Map(status.nodes.map((node) => [node.name, node.state]));
  const missing = args.nodes.find((name) => !['self', 'up'].includes(seen.get(name) ?? 'unknown'));
  if (missing !== undefined) return `${status.node} sees ${missing} as ${seen.get(missing) ?? 'unknown'}`;
  for (const name of args.arbiters) {
    const mute = whyMute(status, name);
    if (mute !== undefined) return `${status.node} is not connected to arbiter ${name}: ${mute}`;
  }
  const free = status.groups.find((group) => group.holder === null);
  if (free !== undefined) return `group ${free.name} has no holder: ${whyFree(free)}`;
  const shut = status.groups.find((group) => group.holder === status.node && !group.gateOpen);
  if (shut !== undefined) return `${status.node} has the lease of group ${shut.name}, but its gate is not open yet`;
  if (!args.real_servers) return undefined;
  for (const service of status.services) {
    const dead = service.realServers.find((server) => server.alive !== true);
    if (dead !== undefined) return `${service.key}: real server ${dead.address} is not alive: ${dead.lastCheck}`;
  }
  return undefined;
}

/** A connection alone is no answer: whoever has no certificate that counts there is let in only to be told so. */
function whyMute({ arbiters = [] }: SupervisorStatus, name: string): string | undefined {
  const found = arbiters.find((arbiter) => arbiter.name === name);
  if (found === undefined) return 'its configuration does not have it';
  if (found.problem !== null) return found.problem;
  return ['up', 'late'].includes(found.state) ? undefined : 'nothing is heard of it yet';
}

/** As this node knows it; of its own agents it knows how they failed. */
function whyFree({ reason, barredOn = [] }: SupervisorStatus['groups'][number]): string {
  const given = barredOn.map(({ node, why }) => `${node}: ${why}`);
  return [reason ?? 'its musterd does not say why', ...given].join('; ');
}
