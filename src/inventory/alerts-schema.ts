import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { isWebhook, longestAlert, mailPattern, targetPattern } from '../linux-ha/alerts-yml.ts';
import { alertEvents } from '../model/alerts.ts';

const address = z.string().regex(mailPattern, 'an address of mail');
const aTime = 'a duration with its unit, like 500ms or 5s, of five minutes at most';
const common = {
  events: z
    .array(z.enum(alertEvents))
    .describe('Of what it is told (default: all but switchover and warning)')
    .optional(),
  timeout: z
    .string()
    .refine((text) => {
      const ms = /^\d+(\.\d+)?\s*(ms|s|m|min|h|d)$/.test(text) ? parseDuration(text) : undefined;
      return ms !== undefined && ms > 0 && ms <= longestAlert;
    }, aTime)
    .describe('For one try (default 10s)')
    .optional(),
};

/** `alerts:` of the inventory; what it means is read by the reader of muster.yml. */
export const alertsSchema = z
  .record(
    z.string().regex(targetPattern, 'a name of letters, digits, "_", "." and "-"'),
    z.union([
      z.strictObject({
        exec: z
          .string()
          .regex(/^\//, 'the whole path of a program')
          .describe("One of Mon's alert scripts, or your own"),
        args: z
          .union([z.string(), z.array(z.union([z.string(), z.number()]))])
          .describe('What comes after the arguments that tell of the alert')
          .optional(),
        ...common,
      }),
      z.strictObject({
        mail: z.union([address, z.array(address).min(1)]).describe("Through each node's sendmail"),
        ...common,
      }),
      z.strictObject({
        webhook: z.string().refine(isWebhook, 'a URL like https://hooks.example.org/x').describe('A POST of JSON'),
        ...common,
      }),
    ]),
  )
  .describe('Who is told of failovers, dead nodes, failed resources and the like, and how');
