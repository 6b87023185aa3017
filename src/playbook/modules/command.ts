import * as z from 'zod';
import { type FactReader, fact } from '../facts/fact.ts';
import { fileFact } from '../facts/file.ts';
import { type Decision, defineModule, InputError } from '../module.ts';
import { shellQuote, shellWords } from '../shell-text.ts';
import { absolutePath } from './arguments.ts';

const common = {
  chdir: absolutePath.optional().describe('run it in this directory'),
  creates: absolutePath.optional().describe('do nothing where this path exists'),
  removes: absolutePath.optional().describe('do nothing where this path does not exist'),
  stdin: z.string().optional().describe('what it reads'),
};

interface ReadyCommand {
  /** Shell text, in a shell of its own: a syntax error in it must stay its own. */
  readonly program: string;
  readonly args: z.output<z.ZodObject<typeof common>>;
}

const facts = ({ args }: ReadyCommand) =>
  [args.creates, args.removes].flatMap((path) => (path === undefined ? [] : [fact(fileFact, path)]));

function decide({ program, args }: ReadyCommand, facts: FactReader): Decision {
  if (args.creates !== undefined && facts.get(fileFact, args.creates).type !== 'absent') {
    return { outcome: 'ok', result: { rc: 0, stdout: '', stderr: '' } };
  }
  if (args.removes !== undefined && facts.get(fileFact, args.removes).type === 'absent') {
    return { outcome: 'ok', result: { rc: 0, stdout: '', stderr: '' } };
  }
  const place = args.chdir === undefined ? '' : `cd ${shellQuote(args.chdir)} || exit 1\n`;
  const input = args.stdin === undefined ? undefined : Buffer.from(args.stdin);
  const feed = input === undefined ? '' : `head -c ${input.length} | `;
  return {
    outcome: 'changed',
    steps: [{ kind: 'program', program: `${place}${feed}${program}`, stdin: input }],
    touches: 'anything',
    result: ([output]) => ({
      rc: output?.rc ?? null,
      stdout: output?.stdout.replace(/\n+$/, '') ?? '',
      stderr: output?.stderr.replace(/\n+$/, '') ?? '',
    }),
  };
}

const shellSchema = z.strictObject({ cmd: z.string().describe('shell text'), ...common });

export const shell = defineModule({
  name: 'shell',
  summary: 'runs shell text; it counts as changed unless creates, removes or changed_when say otherwise',
  schema: shellSchema,
  freeForm: 'cmd',
  prepare: async (args): Promise<ReadyCommand> => ({ program: `sh -c ${shellQuote(args.cmd)}`, args }),
  facts,
  decide,
});

const commandSchema = z.strictObject({
  cmd: z.string().optional().describe('the command; words in quotes stay together, nothing else is expanded'),
  argv: z.array(z.string()).optional().describe('the command as a list of words, in place of cmd'),
  ...common,
});

export const command = defineModule({
  name: 'command',
  summary:
    'runs one command without a shell; it counts as changed unless creates, removes or changed_when say otherwise',
  schema: commandSchema,
  freeForm: 'cmd',
  prepare: async (args): Promise<ReadyCommand> => {
    if ((args.cmd === undefined) === (args.argv === undefined)) {
      throw new InputError('exactly one of "cmd" and "argv" must be there');
    }
    return { program: shellWords(args.argv ?? splitWords(args.cmd ?? '')), args };
  },
  facts,
  decide,
});

/** Words apart at spaces; single and double quotes and backslashes hold together as in a shell. */
function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  const pattern = /\s*((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+)/gy;
  let end = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    words.push(
      match[1]!.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs, (_whole, single, double, escaped) =>
        single !== undefined ? single : double !== undefined ? double.replace(/\\(["\\$`])/g, '$1') : escaped,
      ),
    );
    end = pattern.lastIndex;
  }
  if (text.slice(end).trim() !== '') throw new InputError('a quote in it does not end', 'cmd');
  return words;
}
