import * as z from 'zod';
import { defineModule } from '../module.ts';
import { normalMode } from '../write-file.ts';
import { absolutePath, group, mode, owner } from './arguments.ts';
import { decideReadyFile, fileFacts, type ReadyFile } from './copy.ts';

const schema = z.strictObject({
  src: z.string().describe('a Handlebars template beside the playbook, or in templates/'),
  dest: absolutePath.describe('where the rendered file is to be'),
  owner,
  group,
  mode,
});

export const template = defineModule({
  name: 'template',
  summary: "renders a Handlebars template with the host's variables and puts it on the host",
  schema,
  prepare: async (args, controller): Promise<ReadyFile> => ({
    path: args.dest,
    content: Buffer.from(await controller.renderFile(args.src)),
    owner: args.owner,
    group: args.group,
    mode: normalMode(args.mode),
    previous: undefined,
    diff: controller.diff,
  }),
  facts: fileFacts,
  decide: decideReadyFile,
});
