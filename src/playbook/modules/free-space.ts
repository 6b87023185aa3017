import * as z from 'zod';
import { freeSpaceFact } from '../facts/disk.ts';
import { fact } from '../facts/fact.ts';
import { defineModule } from '../module.ts';
import { absolutePath, asList } from './arguments.ts';

const schema = z.strictObject({
  path: z.union([absolutePath, z.array(absolutePath)]),
  megabytes: z.number().positive().describe('how much must be free there'),
});

export const freeSpace = defineModule({
  name: 'free_space',
  summary: 'fails where a file system is too full, before anything is half written to it',
  schema,
  facts: (args) => asList(args.path).map((path) => fact(freeSpaceFact, path)),
  decide: (args, facts) => {
    const full = asList(args.path).find((path) => facts.get(freeSpaceFact, path) < args.megabytes * 1_000_000);
    if (full === undefined) return { outcome: 'ok' };
    const free = (facts.get(freeSpaceFact, full) / 1_000_000).toFixed(1);
    const message = `Cannot write to the disk of "${full}" as ${args.megabytes} MB of it must be free: ${free} MB are`;
    return { outcome: 'failed', message, hint: 'nothing was changed here; make room and run it again' };
  },
});
