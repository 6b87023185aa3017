import * as z from 'zod';
import { defineModule } from '../module.ts';
import { names } from './arguments.ts';

const schema = z.strictObject({
  that: names.describe('conditions that must all be true'),
  fail_msg: z.string().optional().describe('what to say where one is not'),
  hint: z.string().optional().describe('the action that helps'),
});

export const assert = defineModule({
  name: 'assert',
  summary: 'fails where a condition is not true',
  schema,
  prepare: async (args, controller) => {
    const conditions = typeof args.that === 'string' ? [args.that] : args.that;
    return { args, broken: conditions.find((condition) => !controller.evaluate(condition)) };
  },
  facts: () => [],
  decide: ({ args, broken }) =>
    broken === undefined
      ? { outcome: 'ok' }
      : {
          outcome: 'failed',
          message: args.fail_msg ?? `Cannot go on as this must be true: ${broken}`,
          ...(args.hint === undefined ? {} : { hint: args.hint }),
        },
});
