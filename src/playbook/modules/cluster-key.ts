import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { Problem } from '../../base/problem.ts';
import { type Authkeys, parseAuthkeys } from '../../linux-ha/authkeys.ts';
import type { Value } from '../../model/inventory.ts';
import { isLate, LateValue } from '../late.ts';
import { type Controller, defineModule } from '../module.ts';
import { readSecret, secretsDirectory, writeSecret } from '../secrets.ts';

const schema = z.strictObject({
  cluster: z.string().describe("the cluster's name: its keys are kept under it"),
  found: z.string().describe("the name under which every node's own authkeys were registered (slurp)"),
  method: z.enum(['sha256', 'sha1']).default('sha256').describe('for a new key'),
});

/**
 * The key that authenticates the cluster's messages. What the nodes have already wins and is never replaced; else this
 * operator's own, kept outside of any clone; else a new one. Registered as `active` and `keys`.
 */
export const clusterKey = defineModule({
  name: 'cluster_key',
  summary: "the cluster's authentication key: the nodes' own, or this operator's, or a new one",
  schema,
  prepare: (args, controller) => {
    const own = (controller.scope[args.found] ?? null) as object | null;
    if (own === null || isLate(own)) throw new LateValue();
    return controller.once(`cluster-key ${args.cluster}`, () => agree(args, controller));
  },
  facts: () => [],
  decide: (agreed) =>
    'message' in agreed ? { outcome: 'failed', ...agreed } : { outcome: 'ok', result: agreed.value },
});

type Agreed = { readonly value: Value } | { readonly message: string; readonly hint: string };

async function agree(args: z.output<typeof schema>, controller: Controller): Promise<Agreed> {
  const hosts = controller.scope.hostvars as Record<string, Record<string, unknown>>;
  const found = new Map<string, { readonly hosts: string[]; readonly authkeys: Authkeys }>();
  for (const [name, variables] of Object.entries(hosts)) {
    const registered = variables[args.found] as { content?: string | null } | undefined;
    if (registered === undefined || isLate(registered) || typeof registered.content !== 'string') continue;
    const text = Buffer.from(registered.content, 'base64').toString('utf8');
    controller.keepSecret(text);
    let authkeys: Authkeys;
    try {
      authkeys = parseAuthkeys(text, `${name}:/etc/ha.d/authkeys`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { message: error.message, hint: `mend or remove /etc/ha.d/authkeys on ${name}` };
    }
    const key = JSON.stringify(authkeys);
    const same = found.get(key);
    if (same === undefined) found.set(key, { hosts: [name], authkeys });
    else same.hosts.push(name);
  }
  const file = join(secretsDirectory(args.cluster), 'authkeys.json');
  if (found.size > 1) {
    const sides = [...found.values()].map((side) => side.hosts.join(', ')).join(' / ');
    return {
      message: `Cannot choose the key of cluster "${args.cluster}" as all its nodes must have the same one: they differ (${sides})`,
      hint: 'copy /etc/ha.d/authkeys from the side that is right to the other',
    };
  }
  const kept = await readSecret(file);
  const existing = [...found.values()][0]?.authkeys;
  const authkeys = existing ?? (kept === undefined ? newKey(args.method) : (JSON.parse(kept) as Authkeys));
  for (const key of authkeys.keys) controller.keepSecret(key.secret);
  const text = `${JSON.stringify(authkeys)}\n`;
  if (kept !== text && !controller.check) await writeSecret(file, text);
  return { value: authkeys as unknown as Value };
}

function newKey(method: 'sha256' | 'sha1'): Authkeys {
  return { active: 1, keys: [{ id: 1, method, secret: randomBytes(32).toString('hex') }] };
}
