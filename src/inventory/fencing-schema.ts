import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { agentForms, agentPattern, longestFencing } from '../linux-ha/fencing-yml.ts';
import { defaultFencing, fenceActions, watchdogPolicies } from '../model/fencing.ts';

const aDuration = 'a duration with its unit, like 200ms or 5s, of an hour at most';
const isTime = (text: string): boolean => {
  const ms = /^\d+(\.\d+)?\s*(ms|s|m|min|h)$/.test(text) ? parseDuration(text) : undefined;
  return ms !== undefined && ms > 0 && ms <= longestFencing;
};
const time = z.string({ error: aDuration }).refine(isTime, aDuration);

const value = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.strictObject({ variable: z.string().describe('A variable of all hosts (vars) that has it') }),
  z.strictObject({
    file: z
      .string()
      .describe('A file here that has it, readable by nobody else; beside the inventory, or a whole path'),
  }),
]);
const options = z.record(z.string(), value);

const stonithHost = z
  .string()
  .regex(/^[^\s#]+ [^\s#]+( [^\s#]+)*$/, 'what follows stonith_host in ha.cf: WHO DEVICE-TYPE PARAMETERS, without "#"');
const stonithHosts = z
  .array(stonithHost)
  .describe('Devices of cluster-glue, as the stonith_host lines of ha.cf: "* external/ipmi node2 10.0.0.2 admin"');

const device = z.strictObject({
  agent: z
    .string()
    .regex(agentPattern, agentForms)
    .describe(
      `How it is spoken with: a program of fence-agents, a type of cluster-glue, or a SCSI-3 disk: ${agentForms}`,
    ),
  options: options.describe('What the agent is told: ip, username, password, ...').optional(),
  nodes: z
    .union([z.array(z.string()), z.record(z.string(), z.union([options, z.string(), z.number()]))])
    .describe('Whom it can fence: names, or names with their options, or with their plugs'),
  action: z
    .union([z.enum(fenceActions), z.literal(false)])
    .describe(`off, or reboot: on again once it is known to be off (default ${defaultFencing.action})`)
    .optional(),
  timeout: time.describe('For one fencing with its confirmation (default 60s)').optional(),
});

const fencing = z.strictObject({
  stonith_host: stonithHosts.optional(),
  devices: z.record(z.string(), device).describe('Devices by name').optional(),
  levels: z
    .record(z.string(), z.array(z.union([z.string(), z.array(z.string())])))
    .describe('By node, which devices in which order; all of a list in the list must succeed together')
    .optional(),
  delays: z
    .record(z.string(), time)
    .describe('How long whoever is about to fence this node waits first: of two that shoot, this one wins')
    .optional(),
  random_delay: time.describe('At most so much is added to each such wait (default none)').optional(),
  self_test: z
    .union([z.literal('off'), z.string().regex(/^\d+(\.\d+)?\s*(s|m|min|h|d)$/, aDuration)])
    .describe('Between two tests of the devices (default 10m), or off')
    .optional(),
  watchdog: z
    .union([z.enum(watchdogPolicies), z.literal(false)])
    .describe('Whether a node must have a watchdog, has one where it can, or has none')
    .optional(),
});

/** `fencing:` of the inventory; what it means is read by the reader of muster.yml. */
export const fencingSchema = z
  .union([stonithHosts, fencing])
  .describe('How it is made sure that a node does nothing any more');
