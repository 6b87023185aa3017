import * as z from 'zod';
import { contentFact } from '../facts/content.ts';
import { fact } from '../facts/fact.ts';
import { fileFact } from '../facts/file.ts';
import { sysctlFact, sysctlPath } from '../facts/sysctl.ts';
import { type Decision, defineModule, InputError, type Step } from '../module.ts';
import { shellQuote } from '../shell-text.ts';
import { decideFile } from '../write-file.ts';
import { absolutePath } from './arguments.ts';

const schema = z.strictObject({
  name: z.string().optional().describe('one setting, as net.ipv4.ip_forward'),
  value: z.union([z.string(), z.number()]).optional(),
  src: z.string().optional().describe('in place of name and value: a template of a whole file of settings'),
  sysctl_file: absolutePath.default('/etc/sysctl.d/90-muster.conf').describe('where they are kept for the next boot'),
  undo_after: z.int().min(5).max(600).default(30).describe('seconds that a node we cut off waits for us to come back'),
});

interface ReadySysctl {
  readonly file: string;
  /** The whole file, or the one setting that is to stand in it. */
  readonly text: string | undefined;
  readonly settings: readonly (readonly [string, string])[];
  readonly diff: boolean;
  /** Seconds. */
  readonly undoAfter: number;
}

export const sysctl = defineModule({
  name: 'sysctl',
  summary:
    'kernel settings, kept for the next boot and applied now; a wrong one that cuts us off is undone by the node',
  schema,
  prepare: async (args, controller): Promise<ReadySysctl> => {
    const { name, value, src } = args;
    if ((src === undefined) === (name === undefined))
      throw new InputError('either "src", or "name" and "value" must be there');
    if (name !== undefined && value === undefined) throw new InputError('"value" must be there beside "name"', 'name');
    const text = src === undefined ? undefined : await controller.renderFile(src);
    const settings = text === undefined ? [[name!, String(value).trim()] as const] : readSettings(text);
    return { file: args.sysctl_file, text, settings, diff: controller.diff, undoAfter: args.undo_after };
  },
  facts: (ready) => [
    fact(fileFact, ready.file),
    fact(contentFact, ready.file),
    ...ready.settings.map(([name]) => fact(sysctlFact, name)),
  ],
  decide: (ready, facts): Decision => {
    const missing = ready.settings.find(([name]) => facts.get(sysctlFact, name) === undefined);
    if (missing !== undefined) {
      return {
        outcome: 'failed',
        message: `Cannot set "${missing[0]}" as the kernel must have this setting: it has not`,
      };
    }
    const before = facts.get(contentFact, ready.file);
    const text = ready.text ?? withSetting(before?.toString('utf8') ?? '', ready.settings[0]!);
    const wanted = {
      path: ready.file,
      content: Buffer.from(text),
      mode: '0644',
      owner: 'root',
      group: 'root',
      previous: undefined,
    };
    const kept = decideFile(wanted, facts.get(fileFact, ready.file), before, ready.diff);
    const wrong = ready.settings.filter(([name, value]) => facts.get(sysctlFact, name) !== value.replace(/\s+/g, ' '));
    if (kept.outcome !== 'changed' && wrong.length === 0) return kept;
    if (kept.outcome === 'failed') return kept;
    const apply: Step = {
      kind: 'program',
      program: wrong.map(([name, value]) => write(name, value)).join(' && ') || ':',
    };
    const show = (value: (name: string, wanted: string) => string): string =>
      wrong.map(([name, wanted]) => `${name} = ${value(name, wanted)}\n`).join('');
    const old = (name: string): string => facts.get(sysctlFact, name)!;
    return {
      outcome: 'changed',
      steps: [...(kept.outcome === 'changed' ? kept.steps : []), apply],
      diff: [
        ...(kept.outcome === 'changed' ? (kept.diff ?? []) : []),
        ...(wrong.length === 0 ? [] : [{ title: 'kernel', before: show(old), after: show((_name, wanted) => wanted) }]),
      ],
      touches: [`file:${ready.file}`, `content:${ready.file}`, 'sysctl:*', 'program:*'],
      ...(wrong.length === 0
        ? {}
        : {
            undo: {
              afterSeconds: ready.undoAfter,
              program: undo(
                ready.file,
                before,
                wrong.map(([name]) => [name, old(name)]),
              ),
            },
          }),
    };
  },
});

function write(name: string, value: string): string {
  return `printf '%s\\n' ${shellQuote(value)} >${shellQuote(sysctlPath(name))}`;
}

/** Puts the values back in the reverse order, and the file as it was. */
function undo(file: string, before: Buffer | undefined, old: readonly (readonly [string, string])[]): string {
  const restore =
    before === undefined
      ? `rm -f -- ${shellQuote(file)}`
      : `printf '%s' ${shellQuote(before.toString('utf8'))} >${shellQuote(file)}.back && chmod 644 ${shellQuote(file)}.back && mv -f -- ${shellQuote(file)}.back ${shellQuote(file)}`;
  return [...[...old].reverse().map(([name, value]) => write(name, value)), restore].join('\n');
}

/** The lines of sysctl.conf(5): `name = value`, comments with # or ;, a leading - for "may fail". */
function readSettings(text: string): readonly (readonly [string, string])[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*-?\s*([^#;=\s][^=\s]*)\s*=\s*(.*?)\s*$/.exec(line);
    return match === null ? [] : [[match[1]!, match[2]!] as const];
  });
}

/** The text with one setting in it: in its old place, or at the end. */
function withSetting(text: string, [name, value]: readonly [string, string]): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const isIt = (line: string): boolean => readSettings(line)[0]?.[0] === name;
  const first = lines.findIndex(isIt);
  const line = `${name} = ${value}`;
  const others = lines.filter((other, index) => index === first || !isIt(other));
  const placed = first === -1 ? [...others, line] : others.map((other) => (isIt(other) ? line : other));
  return `${placed.join('\n')}\n`;
}
