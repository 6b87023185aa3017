import * as z from 'zod';
import { fact } from '../facts/fact.ts';
import { type FileFact, fileFact } from '../facts/file.ts';
import { type Decision, defineModule } from '../module.ts';
import { shellQuote } from '../shell-text.ts';
import { attributeChanges, attributeDiff, normalMode } from '../write-file.ts';
import { absolutePath, group, mode, owner } from './arguments.ts';

const schema = z.strictObject({
  path: absolutePath.describe('what this is about'),
  state: z
    .enum(['file', 'directory', 'link', 'absent', 'touch'])
    .default('file')
    .describe('"file" only sets owner, group and mode of what is there'),
  src: z.string().optional().describe('for a link: what it points to'),
  owner,
  group,
  mode,
});

export const file = defineModule({
  name: 'file',
  summary: 'a directory, a link, nothing at all; or owner, group and mode of what is there',
  schema,
  facts: (args) => [fact(fileFact, args.path)],
  decide: (args, facts) => decide({ ...args, mode: normalMode(args.mode) }, facts.get(fileFact, args.path)),
});

type Args = Omit<z.output<typeof schema>, 'mode'> & { readonly mode: string | undefined };

function decide(args: Args, seen: FileFact): Decision {
  const quoted = shellQuote(args.path);
  const { state } = args;
  if (state === 'absent') {
    return seen.type === 'absent' ? ok(args) : change(args, seen, `rm -rf --one-file-system -- ${quoted}`, 'absent');
  }
  if (state === 'link') {
    if (args.src === undefined)
      return { outcome: 'failed', message: `Cannot link "${args.path}" as "src" must say to what` };
    if (seen.type === 'link' && seen.target === args.src) return ok(args);
    if (seen.type === 'directory') return conflict(args, seen);
    // A link beside it, then renamed over it: there is never no link.
    const source = shellQuote(args.src);
    return change(
      args,
      seen,
      `t=${quoted}.muster-$$ && ln -s -- ${source} "$t" && mv -fT -- "$t" ${quoted}`,
      `link to ${args.src}`,
    );
  }
  if (state === 'directory') {
    if (seen.type === 'absent') {
      const mode = args.mode === undefined ? '' : `-m ${args.mode}`;
      const owner = args.owner === undefined ? '' : `-o ${shellQuote(args.owner)}`;
      const group = args.group === undefined ? '' : `-g ${shellQuote(args.group)}`;
      return change(args, seen, `install -d ${mode} ${owner} ${group} -- ${quoted}`, 'directory');
    }
    if (seen.type !== 'directory' && seen.type !== 'link') return conflict(args, seen);
  } else if (seen.type === 'absent') {
    if (state === 'touch') return change(args, seen, `umask 022; : >>${quoted}`, 'file');
    return { outcome: 'failed', message: `Cannot set rights of "${args.path}" as it must be there: it is not` };
  }
  const attributes = attributeChanges(args, seen);
  if (attributes.length === 0) return ok(args);
  return {
    outcome: 'changed',
    steps: [{ kind: 'program', program: attributes.map((command) => `${command} -- ${quoted}`).join(' && ') }],
    diff: [attributeDiff(args, seen)],
    touches: [`file:${args.path}`],
  };
}

function ok(args: Args): Decision {
  return { outcome: 'ok', result: { path: args.path } };
}

function conflict(args: Args, seen: FileFact): Decision {
  return {
    outcome: 'failed',
    message: `Cannot make "${args.path}" a ${args.state} as nothing else may be there: a ${seen.type} is`,
  };
}

function change(args: Args, seen: FileFact, program: string, after: string): Decision {
  return {
    outcome: 'changed',
    steps: [{ kind: 'program', program }],
    diff: [{ title: args.path, before: `${seen.type}\n`, after: `${after}\n` }],
    // What lies below a directory is touched with it.
    touches: ['file:*', 'content:*', 'program:*'],
    result: () => ({ path: args.path }),
  };
}
