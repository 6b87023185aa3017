import { z } from 'zod';
import {
  alertAfterForms,
  hostPattern,
  isPattern,
  mostFailures,
  namePattern,
  parseAlertAfter,
} from '../linux-ha/monitors-yml.ts';

const aName = 'a name of letters, digits, "_", "." and "-"';
const name = z.string().regex(namePattern, aName);
const aDuration = 'a duration with its unit, like 200ms or 5s';
const duration = z.string({ error: aDuration }).regex(/^\d+(\.\d+)?\s*(ms|s|m|min|h|d)$/, aDuration);
const texts = z.union([z.string(), z.array(z.string())]);
const host = z.string().regex(hostPattern, 'a name or an address');
const port = z.int('a whole number from 1 to 65535').min(1).max(65_535);

const common = {
  interval: duration.describe('Between two looks (default 1m)').optional(),
  timeout: duration.describe('For one look (default 10s)').optional(),
  alert_after: z
    .union([
      z.int().min(1).max(mostFailures),
      z.string().refine((text) => parseAlertAfter(text) !== undefined, alertAfterForms),
    ])
    .describe('Failures that make an alert: 3 in a row, or "3 in 10m" (default 1)')
    .optional(),
  alert_every: duration.describe('Tell it again after so long while it fails, at least 1m (default: once)').optional(),
  up_alert: z.boolean().describe('Tell when it is well again (default true)').optional(),
  depends: texts.describe('Monitors as GROUP/SERVICE: while one of them fails, nobody is told of this one').optional(),
  alerts: texts.describe('Targets of alerts (default: all that want to be told of monitors)').optional(),
};
const http = {
  port: port.describe('default 80, or 443').optional(),
  request: z.string().describe('A path (default /)').optional(),
  receive: z.string().refine(isPattern, 'a regular expression').describe('What the answer must match').optional(),
  virtual_host: z.string().describe('The Host header').optional(),
};

const service = z.discriminatedUnion('check', [
  z.strictObject({ check: z.literal('ping').describe('One ICMP echo'), ...common }),
  z.strictObject({
    check: z.literal('tcp').describe('A connection'),
    port: port.describe('A port, 1 to 65535'),
    ...common,
  }),
  z.strictObject({ check: z.literal('http').describe('A request over HTTP'), ...http, ...common }),
  z.strictObject({ check: z.literal('https').describe('A request over HTTPS'), ...http, ...common }),
  z.strictObject({
    check: z.literal('program').describe("One of Mon's monitors, or your own: exit code 0 is well"),
    program: z.string().regex(/^\//, 'the whole path of a program').describe('Its whole path'),
    args: z
      .union([z.string(), z.array(z.union([z.string(), z.number()]))])
      .describe('Before the hosts')
      .optional(),
    ...common,
  }),
]);

/** `monitors:` of the inventory; what it means is read by the reader of muster.yml. */
export const monitorsSchema = z
  .record(
    name,
    z.strictObject({
      hosts: z.union([host, z.array(host).min(1)]).describe('Names or addresses, as the nodes resolve them'),
      run_by: z
        .string()
        .describe('Whoever holds this resource group looks (default: the first node that is there)')
        .optional(),
      services: z.record(name, service).describe('What is looked at, by name'),
    }),
  )
  .describe('Checks beyond resources, of any host: one node at a time looks, and alerts tell');
