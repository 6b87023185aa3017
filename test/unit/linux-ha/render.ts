import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import type { Authkeys } from '../../../src/linux-ha/authkeys.ts';
import { configFileNames } from '../../../src/linux-ha/cluster.ts';
import { authkeysContext, clusterContext } from '../../../src/linux-ha/context.ts';
import type { Cluster } from '../../../src/model/cluster.ts';

const templates = new Map<string, HandlebarsTemplateDelegate>();

/** The template as the playbook engine compiles it: strict, nothing escaped, no helpers but Handlebars' own. */
function template(name: string): HandlebarsTemplateDelegate {
  const options = { strict: true, noEscape: true, knownHelpersOnly: true };
  const found = templates.get(name) ?? Handlebars.compile(readFileSync(`templates/${name}.hbs`, 'utf8'), options);
  templates.set(name, found);
  return found;
}

/** The files of a cluster as its templates write them; without keys, those that need none. */
export function renderFiles(
  cluster: Cluster,
  authkeys: Authkeys | undefined,
  names: readonly string[] = configFileNames,
): Record<string, string> {
  const scope = { cluster: clusterContext(cluster), ...(authkeys && { authkeys: authkeysContext(authkeys) }) };
  return Object.fromEntries(names.map((name) => [name, template(name)(scope)]));
}
