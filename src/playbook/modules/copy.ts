import * as z from 'zod';
import { contentFact } from '../facts/content.ts';
import { type FactReader, type FactRequest, fact } from '../facts/fact.ts';
import { fileFact } from '../facts/file.ts';
import { type Decision, defineModule, InputError } from '../module.ts';
import { decideFile, normalMode, type WantedFile } from '../write-file.ts';
import { absolutePath, group, mode, owner } from './arguments.ts';

const schema = z.strictObject({
  dest: absolutePath.describe('where the file is to be'),
  src: z.string().optional().describe('a file beside the playbook, or in its folder files/'),
  content: z.string().optional().describe('the text itself, in place of src'),
  owner,
  group,
  mode,
  previous: absolutePath.optional().describe('where the version before this one is kept'),
});

/** A wanted file, and whether its old content has to be fetched. */
export interface ReadyFile extends WantedFile {
  readonly diff: boolean;
}

export const copy = defineModule({
  name: 'copy',
  summary: 'puts a file on the host, atomically, with owner and mode right from the first moment',
  schema,
  prepare: async (args, controller): Promise<ReadyFile> => {
    if ((args.src === undefined) === (args.content === undefined)) {
      throw new InputError('exactly one of "src" and "content" must be there', 'dest');
    }
    const content =
      args.src === undefined ? Buffer.from(args.content ?? '') : (await controller.readFile(args.src, 'files')).content;
    return {
      path: args.dest,
      content,
      owner: args.owner,
      group: args.group,
      mode: normalMode(args.mode),
      previous: args.previous,
      diff: controller.diff,
    };
  },
  facts: fileFacts,
  decide: decideReadyFile,
});

export function fileFacts(ready: ReadyFile): readonly FactRequest[] {
  return [fact(fileFact, ready.path), ...(ready.diff ? [fact(contentFact, ready.path)] : [])];
}

export function decideReadyFile(ready: ReadyFile, facts: FactReader): Decision {
  const before = ready.diff ? facts.get(contentFact, ready.path) : undefined;
  return decideFile(ready, facts.get(fileFact, ready.path), before, ready.diff);
}
