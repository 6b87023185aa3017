import * as z from 'zod';
import { contentFact } from '../facts/content.ts';
import { fact } from '../facts/fact.ts';
import { fileFact } from '../facts/file.ts';
import { isLate, LateValue } from '../late.ts';
import { type Decision, defineModule, type Step } from '../module.ts';
import { decideFile } from '../write-file.ts';
import { absolutePath } from './arguments.ts';

const schema = z.strictObject({
  directory: absolutePath.describe('where NAME.pem goes'),
  names: z.array(z.string()).describe('those at the other side'),
  found: z.string().describe('the name under which every host registered its `pems` (arbiter_key)'),
});

interface Ready {
  readonly directory: string;
  /** The certificates of each that is in this run; the pins of others stay as they are. */
  readonly pins: readonly { readonly name: string; readonly text: string }[];
}

const path = (ready: Ready, name: string): string => `${ready.directory}/${name}.pem`;

/** Whom this host believes: a file for each at the other side, with its certificate, and during a renewal the new one too. */
export const arbiterPins = defineModule({
  name: 'arbiter_pins',
  summary: 'the certificates of those at the other side, as this host is to believe them',
  schema,
  prepare: async (args, controller): Promise<Ready> => {
    const hosts = controller.scope.hostvars as Record<string, Record<string, unknown>>;
    const inRun = controller.scope[args.found];
    if (isLate(inRun)) throw new LateValue();
    const pins = args.names.flatMap((name) => {
      const registered = hosts[name]?.[args.found] as { readonly pems?: readonly string[] } | undefined;
      if (registered === undefined || isLate(registered) || registered.pems === undefined) return [];
      return [{ name, text: registered.pems.join('') }];
    });
    return { directory: args.directory, pins };
  },
  facts: (ready) =>
    ready.pins.flatMap(({ name }) => [fact(fileFact, path(ready, name)), fact(contentFact, path(ready, name))]),
  decide: (ready, facts): Decision => {
    const steps: Step[] = [];
    const diff: { title: string; before: string; after: string }[] = [];
    for (const { name, text } of ready.pins) {
      const file = path(ready, name);
      const wanted = {
        path: file,
        content: Buffer.from(text),
        mode: '0644',
        owner: 'root',
        group: 'root',
        previous: undefined,
      };
      const decision = decideFile(wanted, facts.get(fileFact, file), facts.get(contentFact, file), true);
      if (decision.outcome === 'failed') return decision;
      if (decision.outcome !== 'changed') continue;
      steps.push(...decision.steps);
      diff.push(...(decision.diff ?? []));
    }
    if (steps.length === 0) return { outcome: 'ok' };
    return { outcome: 'changed', steps, diff, touches: ['file:*', 'content:*'] };
  },
});
