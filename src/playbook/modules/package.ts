import * as z from 'zod';
import { fact } from '../facts/fact.ts';
import { packageFact } from '../facts/package.ts';
import { defineModule } from '../module.ts';
import { asList, names } from './arguments.ts';

const schema = z.strictObject({
  name: names.describe('one package, or a list'),
  state: z.enum(['present', 'absent']).default('present'),
});

export const packageModule = defineModule({
  name: 'package',
  summary: 'installs or removes packages, fed through the SSH connection; services stay masked meanwhile',
  schema,
  facts: (args) => asList(args.name).map((name) => fact(packageFact, name)),
  decide: (args, facts) => {
    const present = (name: string): boolean => facts.get(packageFact, name) !== undefined;
    const wanted = args.state === 'present';
    const wrong = asList(args.name).filter((name) => present(name) !== wanted);
    if (wrong.length === 0) return { outcome: 'ok' };
    const list = (there: boolean): string => wrong.map((name) => `${name} ${there ? 'present' : 'absent'}\n`).join('');
    return {
      outcome: 'changed',
      steps: [{ kind: 'packages', install: wanted ? wrong : [], remove: wanted ? [] : wrong }],
      diff: [{ title: 'packages', before: list(!wanted), after: list(wanted) }],
      // Another package's own state stays as it was: neighbours can go into one transaction.
      touches: [...wrong.map((name) => `package:${name}`), 'file:*', 'content:*', 'unit:*', 'program:*', 'process:*'],
    };
  },
});
