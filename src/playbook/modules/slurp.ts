import * as z from 'zod';
import { contentFact } from '../facts/content.ts';
import { fact } from '../facts/fact.ts';
import { defineModule } from '../module.ts';
import { absolutePath } from './arguments.ts';

const schema = z.strictObject({
  path: absolutePath,
  missing_ok: z.boolean().default(false).describe('an absent file is no failure; its content is null then'),
});

export const slurp = defineModule({
  name: 'slurp',
  summary: 'the content of a small file, registered as content (base64)',
  schema,
  freeForm: 'path',
  facts: (args) => [fact(contentFact, args.path)],
  decide: (args, facts) => {
    const content = facts.get(contentFact, args.path);
    if (content === undefined && !args.missing_ok) {
      return { outcome: 'failed', message: `Cannot read "${args.path}" as a small file must be there: none is` };
    }
    return { outcome: 'ok', result: { content: content?.toString('base64') ?? null } };
  },
});
