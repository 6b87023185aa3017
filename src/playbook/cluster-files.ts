import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { badInput } from '../base/problem.ts';
import { authkeysContext, clusterContext } from '../linux-ha/context.ts';
import { checkReadBack } from '../linux-ha/read-back.ts';
import type { Cluster } from '../model/cluster.ts';
import { renderTemplate, TemplateError } from './template.ts';

/** The files of /etc/ha.d that all nodes have alike. */
const names = ['ha.cf', 'authkeys', 'haresources', 'ldirectord.cf', 'muster.yml', 'quorumd.conf'] as const;

/**
 * Renders the cluster's files from the templates and reads them back: whatever the templates write, the nodes must read
 * as the same cluster. Throws `badInput` where they would not, before any host is touched. The key in it is made up.
 */
export function checkClusterFiles(cluster: Cluster, templates: string): Readonly<Record<string, string>> {
  const scope = {
    cluster: clusterContext(cluster),
    authkeys: authkeysContext({ active: 1, keys: [{ id: 1, method: 'sha256', secret: 'made-up-for-reading-back' }] }),
  };
  const files: Record<string, string> = {};
  for (const name of names) {
    const file = join(templates, `${name}.hbs`);
    try {
      files[name] = renderTemplate(readFileSync(file, 'utf8'), scope);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw badInput([
        { at: { file, line: error.line, column: error.column }, message: `Cannot render "${name}": ${error.message}` },
      ]);
    }
  }
  checkReadBack(cluster, files);
  return files;
}
