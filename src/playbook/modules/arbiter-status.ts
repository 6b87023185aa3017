import * as z from 'zod';
import { arbiterFact } from '../facts/arbiter.ts';
import { fact } from '../facts/fact.ts';
import { defineModule } from '../module.ts';

const schema = z.strictObject({
  cluster: z.string().describe('the cluster that it has to serve'),
  lease: z.number().describe('milliseconds: the lease that it has to grant'),
});

export const arbiterStatus = defineModule({
  name: 'arbiter_status',
  summary: 'what the arbiter on this host says: healthy, problem',
  schema,
  facts: () => [fact(arbiterFact, 'musterd')],
  decide: (args, facts) => {
    const status = facts.get(arbiterFact, 'musterd');
    const served = status?.clusters.find(({ name }) => name === args.cluster);
    const problem =
      status === undefined
        ? 'the arbiter does not answer'
        : served === undefined
          ? `the arbiter does not serve cluster ${args.cluster} yet`
          : served.longestLeaseMs < args.lease
            ? `the arbiter grants ${served.longestLeaseMs} ms at most, and ${args.lease} ms are asked for`
            : (served.problem ?? undefined);
    return { outcome: 'ok', result: { healthy: problem === undefined, problem: problem ?? '' } };
  },
});
