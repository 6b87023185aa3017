import * as z from 'zod';
import { failbackForms, parseFailback } from '../linux-ha/failback.ts';
import { highestAmount } from '../linux-ha/placement-yml.ts';
import { highestWeight } from '../model/placement.ts';

const aWeight = `a whole number from -${highestWeight} to ${highestWeight}`;
const weight = z.int(aWeight).min(-highestWeight).max(highestWeight);
const stickiness = z.int(`a whole number from 0 to ${highestWeight}`).min(0).max(highestWeight);
const failback = z
  .union([z.boolean(), z.string().refine((text) => parseFailback(text) !== undefined, failbackForms)])
  .describe(`When it may leave a node for one that it would rather have: ${failbackForms} (default: auto_failback)`);
const amounts = z.record(z.string(), z.number().min(0).max(highestAmount));
const nodes = z.array(z.string());
const groups = z.array(z.string()).min(2);
const strict = z
  .boolean()
  .describe('Rather run nowhere than break it (default false: it gives way where a group would run nowhere)')
  .optional();

/** `placement:` of the inventory; what it means is read by the reader of muster.yml. */
export const placementSchema = z
  .strictObject({
    stickiness: stickiness
      .describe('What the node where a group runs weighs more than it would otherwise (default 0)')
      .optional(),
    failback: failback.optional(),
    capacity: z
      .record(z.string(), amounts)
      .describe('What nodes have, by name: { node1: { memory: 16 } }; what is not named has no bound')
      .optional(),
    groups: z
      .record(
        z.string(),
        z.strictObject({
          prefer: z
            .record(z.string(), weight)
            .describe('Weights of nodes, higher is better; the preferred node has 100 unless it is named here')
            .optional(),
          never: nodes.describe('Nodes where it never runs').optional(),
          stickiness: stickiness.describe('Instead of that of all groups').optional(),
          failback: failback.optional(),
          uses: amounts.describe('How much of what nodes have it takes: { memory: 4 }').optional(),
        }),
      )
      .describe('What single groups say')
      .optional(),
    rules: z
      .array(
        z.union([
          z.strictObject({ together: groups.describe('Groups that run on one node'), strict }),
          z.strictObject({ apart: groups.describe('Groups that run on different nodes'), strict }),
          z.strictObject({ order: groups.describe('Groups that start in this order and stop in reverse'), strict }),
        ]),
      )
      .describe('What groups are to each other')
      .optional(),
  })
  .describe('Where groups would rather run, and what they are to each other');
