import * as z from 'zod';
import { fact } from '../facts/fact.ts';
import { processFact } from '../facts/process.ts';
import { defineModule } from '../module.ts';
import { asList, names } from './arguments.ts';

const schema = z.strictObject({
  name: names.describe('processes that must not run here'),
  reason: z.string().describe('why: "<what must hold>"'),
});

export const notRunning = defineModule({
  name: 'not_running',
  summary: 'fails where one of these processes runs; nothing is stopped',
  schema,
  freeForm: 'name',
  facts: (args) => asList(args.name).map((name) => fact(processFact, name)),
  decide: (args, facts) => {
    const running = asList(args.name).filter((name) => facts.get(processFact, name));
    if (running.length === 0) return { outcome: 'ok' };
    const list = running.map((name) => `"${name}"`).join(' and ');
    return {
      outcome: 'failed',
      message: `Cannot provision as ${args.reason}: ${list} ${running.length === 1 ? 'runs' : 'run'} here`,
      hint: `stop and disable it first, for example: systemctl disable --now ${running.join(' ')}`,
    };
  },
});
