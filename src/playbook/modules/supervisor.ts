import * as z from 'zod';
import { configFileNames, configHash } from '../../linux-ha/cluster.ts';
import { contentFact } from '../facts/content.ts';
import { fact } from '../facts/fact.ts';
import { fileFact } from '../facts/file.ts';
import { supervisorFact } from '../facts/supervisor.ts';
import { unitFact } from '../facts/unit.ts';
import { systemctlAnywhere } from '../init-scripts.ts';
import { type Decision, defineModule } from '../module.ts';
import { shellQuote } from '../shell-text.ts';
import { absolutePath } from './arguments.ts';

const schema = z.strictObject({
  bundle: absolutePath.default('/usr/lib/muster/musterd.cjs'),
  previous: absolutePath.default('/usr/lib/muster/musterd.previous.cjs').describe('the bundle to go back to'),
  config: absolutePath.default('/etc/ha.d'),
  unit_file: absolutePath.default('/etc/systemd/system/musterd.service'),
});

const unit = 'musterd.service';

/**
 * Compares what *runs* with what lies on the disk, rather than waiting for a notification: a run that was interrupted
 * between the writing and the restart is made good by the next one.
 */
export const supervisor = defineModule({
  name: 'supervisor',
  summary:
    'restarts musterd where it runs on an older bundle, configuration or unit; goes back where the new one is ill',
  schema,
  facts: (args) => [
    fact(unitFact, unit),
    fact(supervisorFact, 'musterd'),
    fact(fileFact, args.bundle),
    fact(fileFact, args.unit_file),
    ...configFileNames.map((name) => fact(contentFact, `${args.config}/${name}`)),
  ],
  decide: (args, facts): Decision => {
    const state = facts.get(unitFact, unit);
    if (state.active !== 'active') return { outcome: 'skipped', message: 'musterd does not run yet' };
    const status = facts.get(supervisorFact, 'musterd');
    const bundle = facts.get(fileFact, args.bundle).sha256?.slice(0, 12) ?? '';
    const files = configFileNames.flatMap((name) => {
      const content = facts.get(contentFact, `${args.config}/${name}`);
      return content === undefined ? [] : [[name, content.toString('utf8')] as const];
    });
    const config = configHash(Object.fromEntries(files));
    const reasons: string[] = [];
    if (status === undefined) reasons.push('does not answer');
    else if (status.bundleHash !== bundle) reasons.push(`bundle ${status.bundleHash}`);
    if (status !== undefined && status.configHash !== config) reasons.push(`configuration ${status.configHash}`);
    if (facts.get(fileFact, args.unit_file).modified > state.startedAt) reasons.push('older unit file');
    if (reasons.length === 0) return { outcome: 'ok' };
    return {
      outcome: 'changed',
      steps: [{ kind: 'program', program: restart(args, bundle) }],
      diff: [{ title: unit, before: `${reasons.join(', ')}\n`, after: `bundle ${bundle}, configuration ${config}\n` }],
      touches: ['unit:*', 'process:*', 'program:*', 'supervisor:*', `file:${args.bundle}`],
    };
  },
});

function restart({ bundle, previous }: z.output<typeof schema>, hash: string): string {
  const [current, before] = [shellQuote(bundle), shellQuote(previous)];
  return `${systemctlAnywhere}systemctl daemon-reload
healthy() {
  i=0
  while [ $i -lt 50 ]; do
    musterd status --json 2>/dev/null | grep -q ${shellQuote(`"bundleHash": *"$1"`).replace('$1', `'"$1"'`)} && return 0
    i=$((i + 1)); sleep 0.2
  done
  return 1
}
systemctl restart ${unit} && healthy ${hash} && exit 0
journalctl -q -n 5 --no-pager -o cat -u ${unit} >&2 2>/dev/null
if [ -e ${before} ] && ! cmp -s ${before} ${current}; then
  cp -a -- ${before} ${current}.back && mv -fT -- ${current}.back ${current} && systemctl restart ${unit}
  echo "the new musterd (${hash}) did not become healthy; the previous one is back in its place" >&2
else
  echo "musterd (${hash}) did not become healthy" >&2
fi
exit 1`;
}
