import * as z from 'zod';
import { defineModule } from '../module.ts';

const schema = z.strictObject({ msg: z.string().describe('what to say') });

export const fail = defineModule({
  name: 'fail',
  summary: 'fails, with a message',
  schema,
  freeForm: 'msg',
  facts: () => [],
  decide: (args) => ({ outcome: 'failed', message: args.msg }),
});
