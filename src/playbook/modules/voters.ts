import * as z from 'zod';
import { fact } from '../facts/fact.ts';
import { type SupervisorStatus, supervisorFact } from '../facts/supervisor.ts';
import { type Decision, defineModule } from '../module.ts';
import { shellQuote } from '../shell-text.ts';

const schema = z.strictObject({
  voters: z.array(z.string()).describe('who votes by the inventory: nodes and arbiters'),
  state: z
    .enum(['recorded', 'joined'])
    .describe('recorded: a new configuration may come, it changes no votes. joined: those that run by now vote'),
});

type Args = z.output<typeof schema>;

/**
 * Keeps a new configuration from changing two voters at once: while nobody has recorded the voters, each node counts by its
 * own files, and half of the nodes with new files could be one majority, those with the old ones another. So before files
 * that name other voters reach a node, the running voters are recorded; and who is new votes only afterwards, one at a time.
 */
export const voters = defineModule({
  name: 'voters',
  summary: 'records the running voters before the configuration names others, or lets new ones vote, one at a time',
  schema,
  facts: () => [fact(supervisorFact, 'musterd')],
  decide: (args, facts): Decision => {
    const status = facts.get(supervisorFact, 'musterd');
    // With a store nobody votes, and a node whose musterd does not run has no vote that it could give twice.
    if (status?.quorum.voters === undefined || (status.store ?? null) !== null) return { outcome: 'ok' };
    return args.state === 'recorded' ? recorded(args, status) : joined(args, status);
  },
});

function recorded({ voters: wanted }: Args, { quorum }: SupervisorStatus): Decision {
  const running = quorum.voters ?? [];
  const leaving = running.filter((name) => !wanted.includes(name));
  if (leaving.length > 0) {
    return {
      outcome: 'failed',
      message: `Cannot leave "${leaving.join(', ')}" out of the configuration as it must not vote any more: ${running.join(', ')} vote`,
      hint: 'muster reconfigure takes votes one at a time, after what is held was handed over; then provision again',
    };
  }
  const joining = wanted.filter((name) => !running.includes(name));
  if (joining.length === 0 || (quorum.epoch ?? 0) > 0) return { outcome: 'ok' };
  if (quorum.epoch === undefined) {
    return {
      outcome: 'failed',
      message: `Cannot add "${joining.join(', ')}" as the running voters must be recorded first: this musterd is too old for that`,
      hint: 'provision the cluster as it was, which brings a newer musterd; then add to it',
    };
  }
  const after = `${running.join(', ')}, until the others have joined\n`;
  return {
    outcome: 'changed',
    steps: [{ kind: 'program', program: 'musterd reconfigure' }],
    diff: [{ title: 'voters', before: 'those of the configuration\n', after }],
    touches: ['supervisor:*'],
  };
}

function joined({ voters: wanted }: Args, { quorum, nodes, arbiters = [] }: SupervisorStatus): Decision {
  const running = quorum.voters ?? [];
  const up = [...nodes, ...arbiters].filter(({ state }) => state === 'self' || state === 'up').map(({ name }) => name);
  const joining = wanted.filter((name) => !running.includes(name) && up.includes(name));
  if (joining.length === 0) return { outcome: 'ok' };
  const program = joining.map((name) => `musterd reconfigure --add ${shellQuote(name)}`).join(' && ');
  const [before, after] = [running, [...running, ...joining]].map((names) => `${names.join(', ')}\n`);
  return {
    outcome: 'changed',
    steps: [{ kind: 'program', program }],
    diff: [{ title: 'voters', before: before!, after: after! }],
    touches: ['supervisor:*'],
  };
}
