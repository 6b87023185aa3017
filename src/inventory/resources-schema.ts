import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { highestThreshold, longestTimeout } from '../linux-ha/resources-yml.ts';
import { defaultResourceSettings, onFailPolicies } from '../model/resource-settings.ts';

const { startTimeout, stopTimeout, monitorTimeout, monitorInterval, migrationThreshold } = defaultResourceSettings;
const aDuration = 'a duration with its unit, like 200ms or 5s, of a day at most';
const isTime = (text: string): boolean => {
  const ms = /^\d+(\.\d+)?\s*(ms|s|m|min|h|d)$/.test(text) ? parseDuration(text) : undefined;
  return ms !== undefined && ms > 0 && ms <= longestTimeout;
};
const time = z.string({ error: aDuration }).refine(isTime, aDuration);
const seconds = (ms: number): string => `default ${ms / 1000}s`;

const settings = {
  monitor: z
    .union([z.literal('off'), z.literal(false), time])
    .describe(`Between two looks at it (${seconds(monitorInterval)}), or off`)
    .optional(),
  start_timeout: time.describe(`For a start (${seconds(startTimeout)})`).optional(),
  stop_timeout: time.describe(`For a stop (${seconds(stopTimeout)})`).optional(),
  monitor_timeout: time.describe(`For a look (${seconds(monitorTimeout)})`).optional(),
  failure_timeout: time.describe('Failures are forgotten after so long without one (default 10m)').optional(),
  on_fail: z
    .enum(onFailPolicies)
    .describe('What follows when it fails: restart it here (default), migrate the group, fence the node, or ignore it')
    .optional(),
  migration_threshold: z
    .int(`a whole number from 1 to ${highestThreshold}`)
    .min(1)
    .max(highestThreshold)
    .describe(`Failures on a node that make the group leave it (default ${migrationThreshold})`)
    .optional(),
};

/** `resources:` of the inventory; what it means is read by the reader of muster.yml. */
export const resourcesSchema = z
  .strictObject({
    defaults: z.strictObject(settings).describe('Of all resources that do not say otherwise').optional(),
    groups: z
      .record(
        z.string(),
        z.strictObject({
          needs: z
            .literal('fencing')
            .describe('It must never run twice: it starts elsewhere only once the node that had it is known to be off')
            .optional(),
          agents: z
            .record(
              z.string(),
              z.strictObject({
                ...settings,
                parameters: z
                  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
                  .describe('Of an OCF agent, beside those that its resource says')
                  .optional(),
              }),
            )
            .describe('Single resources by the names of their agents; a second one of a kind is NAME-2')
            .optional(),
        }),
      )
      .describe('By resource group')
      .optional(),
  })
  .describe('How resources are run and looked after');
