import * as z from 'zod';
import { fact } from '../facts/fact.ts';
import { type UnitFact, unitFact, unitName } from '../facts/unit.ts';
import { systemctlAnywhere } from '../init-scripts.ts';
import { type Decision, defineModule } from '../module.ts';
import { shellQuote } from '../shell-text.ts';

const schema = z.strictObject({
  name: z.string().describe('the unit; ".service" may be left out'),
  state: z.enum(['started', 'stopped', 'restarted', 'reloaded']).optional(),
  enabled: z.boolean().optional().describe('whether it starts at boot'),
  masked: z.boolean().optional(),
  daemon_reload: z.boolean().default(false).describe('read unit files anew where systemd says that they changed'),
});

export const service = defineModule({
  name: 'service',
  summary: 'a systemd unit, or without systemd an init script: running or not, at boot or not',
  schema,
  facts: (args) => [fact(unitFact, unitName(args.name))],
  decide: (args, facts) => decide(args, facts.get(unitFact, unitName(args.name))),
});

function decide(args: z.output<typeof schema>, seen: UnitFact): Decision {
  const unit = shellQuote(unitName(args.name));
  if (!seen.exists && args.masked !== true) {
    if (args.state === 'stopped' && args.enabled !== true) return { outcome: 'ok' };
    const message = `Cannot have "${args.name}" ${args.state ?? 'enabled'} as systemd must know the unit: there is none`;
    return { outcome: 'failed', message };
  }
  const commands: string[] = [];
  const before: string[] = [];
  const after: string[] = [];
  const note = (was: string, is: string): void => {
    before.push(`${was}\n`);
    after.push(`${is}\n`);
  };
  if (args.daemon_reload && seen.needsReload) {
    commands.push('systemctl daemon-reload');
    note('unit file changed', 'unit file loaded');
  }
  if (args.masked !== undefined && args.masked !== (seen.enabled === 'masked')) {
    commands.push(`systemctl -q ${args.masked ? 'mask' : 'unmask'} -- ${unit}`);
    note(seen.enabled, args.masked ? 'masked' : 'unmasked');
  }
  const enabled = ['enabled', 'enabled-runtime', 'static', 'alias', 'indirect', 'generated'].includes(seen.enabled);
  if (args.enabled !== undefined && args.enabled !== enabled) {
    commands.push(`systemctl -q ${args.enabled ? 'enable' : 'disable'} -- ${unit}`);
    note(seen.enabled, args.enabled ? 'enabled' : 'disabled');
  }
  const running = ['active', 'activating', 'reloading'].includes(seen.active);
  const verb = stateVerb(args.state, running);
  if (verb !== undefined) {
    // What a unit says about its own failure is worth more than systemctl's sentence.
    const says = `journalctl -q -n 5 --no-pager -o cat -u ${unit} >&2 2>/dev/null`;
    commands.push(`{ systemctl ${verb} -- ${unit} || { ${says}; false; }; }`);
    note(seen.active, verb === 'stop' ? 'inactive' : verb === 'start' ? 'active' : `active (${verb}ed)`);
  }
  if (commands.length === 0) return { outcome: 'ok', result: { state: seen.active } };
  return {
    outcome: 'changed',
    steps: [{ kind: 'program', program: systemctlAnywhere + commands.join(' && ') }],
    diff: [{ title: unitName(args.name), before: before.join(''), after: after.join('') }],
    touches: ['unit:*', 'process:*', 'program:*'],
  };
}

function stateVerb(state: string | undefined, running: boolean): 'start' | 'stop' | 'restart' | 'reload' | undefined {
  if (state === 'started') return running ? undefined : 'start';
  if (state === 'stopped') return running ? 'stop' : undefined;
  if (state === 'restarted') return 'restart';
  return state === 'reloaded' ? (running ? 'reload' : 'start') : undefined;
}
