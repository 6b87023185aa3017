import * as z from 'zod';
import { showDuration, writeDuration } from '../../base/duration.ts';
import { leaseForRoundTrip, roundTripForLease } from '../../model/lease-floor.ts';
import { fact } from '../facts/fact.ts';
import { roundTripFact } from '../facts/round-trip.ts';
import { defineModule } from '../module.ts';

/** A round trip is never twice the same: what is a tenth and two milliseconds more than said is as said. */
const tolerance = (ms: number): number => (ms - 2) / 1.1;

/** Whole milliseconds, so that nodes beside each other say the same. */
const about = (ms: number): string => showDuration(Math.max(1, Math.ceil(ms)));

const schema = z.strictObject({
  name: z.string().describe('the arbiter, for messages'),
  address: z.string(),
  port: z.number().int(),
  lease: z.number().describe('milliseconds of the lease that this cluster has'),
  needed: z.boolean().describe('whether a renewal must wait for it after the loss of one node'),
});

/** Measures how far away an arbiter is, and refuses a lease that its answers could not renew. */
export const arbiterDistance = defineModule({
  name: 'arbiter_distance',
  summary: 'how far away an arbiter is from this node (ms), and whether the lease is long enough for that',
  schema,
  facts: (args) => [fact(roundTripFact, `${args.address}:${args.port}`)],
  decide: (args, facts) => {
    const ms = facts.get(roundTripFact, `${args.address}:${args.port}`);
    // Clusters that renew without it may be provisioned while it is away.
    if (!args.needed) {
      const away = ms === undefined ? 'it gives no answer' : `${about(ms)} away`;
      return { outcome: 'ok', result: { ms: ms ?? null }, message: `${away}; the nodes renew without it` };
    }
    if (ms === undefined) {
      return {
        outcome: 'failed',
        message: `Cannot tell how far away "${args.name}" is as ${args.address} must answer at TCP port ${args.port}, if only by a refusal: nothing came in 3 s`,
        hint: `see that it is up, and that no firewall drops TCP port ${args.port} between the nodes and it`,
      };
    }
    if (args.lease >= leaseForRoundTrip(tolerance(ms))) {
      const bears = `a lease of ${showDuration(args.lease)} bears ${showDuration(roundTripForLease(args.lease))}`;
      return { outcome: 'ok', result: { ms }, message: `${about(ms)} away; ${bears}` };
    }
    const least = showDuration(leaseForRoundTrip(ms));
    return {
      outcome: 'failed',
      message: `Cannot hold a lease of ${showDuration(args.lease)} as the answers of "${args.name}" must be able to renew it: it is ${showDuration(ms)} away, which takes ${least}`,
      hint: `say so in the inventory, and the lease follows: arbiter_round_trip: ${writeDuration(Math.ceil(ms / 10) * 10)}`,
    };
  },
});
