import * as z from 'zod';
import { fact } from '../facts/fact.ts';
import { portFact } from '../facts/port.ts';
import { defineModule } from '../module.ts';

const schema = z.strictObject({
  host: z.string().default('127.0.0.1').describe('where, as the node sees it'),
  port: z.number().int().min(1).max(65_535),
  timeout: z.number().positive().default(30).describe('seconds'),
});

export const waitFor = defineModule({
  name: 'wait_for',
  summary: 'waits until a TCP port takes connections',
  schema,
  facts: (args) => [fact(portFact, `${args.host}:${args.port}:${args.timeout}`)],
  decide: (args, facts) =>
    facts.get(portFact, `${args.host}:${args.port}:${args.timeout}`)
      ? { outcome: 'ok' }
      : {
          outcome: 'failed',
          message: `Cannot go on as ${args.host}:${args.port} must take connections: it did not within ${args.timeout} s`,
        },
});
