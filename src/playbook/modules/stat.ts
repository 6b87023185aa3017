import * as z from 'zod';
import { fact } from '../facts/fact.ts';
import { fileFact } from '../facts/file.ts';
import { defineModule } from '../module.ts';
import { absolutePath } from './arguments.ts';

const schema = z.strictObject({ path: absolutePath });

export const stat = defineModule({
  name: 'stat',
  summary: 'what is at a path: registered as stat.exists, stat.type, stat.mode, stat.owner, stat.size, stat.sha256',
  schema,
  facts: (args) => [fact(fileFact, args.path)],
  decide: (args, facts) => {
    const { type, mode, owner, group, size, modified, sha256, target } = facts.get(fileFact, args.path);
    const seen = { exists: type !== 'absent', type, mode, owner, group, size, modified };
    return { outcome: 'ok', result: { stat: { ...seen, sha256: sha256 ?? null, target: target ?? null } } };
  },
});
