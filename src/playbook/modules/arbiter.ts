import * as z from 'zod';
import { arbiterFact } from '../facts/arbiter.ts';
import { fact } from '../facts/fact.ts';
import { fileFact } from '../facts/file.ts';
import { unitFact } from '../facts/unit.ts';
import { systemctlAnywhere } from '../init-scripts.ts';
import { type Decision, defineModule } from '../module.ts';
import { shellQuote } from '../shell-text.ts';
import { absolutePath } from './arguments.ts';

const schema = z.strictObject({
  bundle: absolutePath.default('/usr/lib/muster/musterd.cjs'),
  unit_file: absolutePath.default('/etc/systemd/system/musterd-arbiter.service'),
});

const unit = 'musterd-arbiter.service';

/** An arbiter takes up changed files by itself; only for another bundle or unit it has to begin anew, and is silent for a lease. */
export const arbiter = defineModule({
  name: 'arbiter',
  summary: 'restarts the arbiter where it runs on an older bundle or unit',
  schema,
  facts: (args) => [
    fact(unitFact, unit),
    fact(arbiterFact, 'musterd'),
    fact(fileFact, args.bundle),
    fact(fileFact, args.unit_file),
  ],
  decide: (args, facts): Decision => {
    const state = facts.get(unitFact, unit);
    if (state.active !== 'active') return { outcome: 'skipped', message: 'the arbiter does not run yet' };
    const status = facts.get(arbiterFact, 'musterd');
    const bundle = facts.get(fileFact, args.bundle).sha256?.slice(0, 12) ?? '';
    const reasons: string[] = [];
    if (status === undefined) reasons.push('does not answer');
    else if (status.bundleHash !== bundle) reasons.push(`bundle ${status.bundleHash}`);
    if (facts.get(fileFact, args.unit_file).modified > state.startedAt) reasons.push('older unit file');
    if (reasons.length === 0) return { outcome: 'ok' };
    return {
      outcome: 'changed',
      steps: [{ kind: 'program', program: restart(bundle) }],
      diff: [{ title: unit, before: `${reasons.join(', ')}\n`, after: `bundle ${bundle}\n` }],
      touches: ['unit:*', 'process:*', 'program:*', 'arbiter:*'],
    };
  },
});

function restart(hash: string): string {
  return `${systemctlAnywhere}systemctl daemon-reload && systemctl restart ${unit} || exit 1
i=0
while [ $i -lt 50 ]; do
  musterd --arbiter status --json 2>/dev/null | grep -q ${shellQuote(`"bundleHash": *"${hash}"`)} && exit 0
  i=$((i + 1)); sleep 0.2
done
journalctl -q -n 5 --no-pager -o cat -u ${unit} >&2 2>/dev/null
echo "the arbiter (${hash}) did not become healthy" >&2
exit 1`;
}
