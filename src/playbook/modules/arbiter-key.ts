import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import type { Value } from '../../model/inventory.ts';
import { contentFact } from '../facts/content.ts';
import { type FactReader, fact } from '../facts/fact.ts';
import { fileFact } from '../facts/file.ts';
import { type Decision, defineModule } from '../module.ts';
import { shellQuote } from '../shell-text.ts';
import { absolutePath } from './arguments.ts';

const day = 86_400_000;

const schema = z.strictObject({
  cluster: z.string().describe('the common name of the certificate'),
  directory: absolutePath.describe('where own.key and own.pem are'),
  days: z.number().int().min(1).default(400).describe('how long a new certificate is good'),
  renew_before: z.number().int().min(0).default(30).describe('days before its end at which there is a new one'),
  state: z
    .enum(['present', 'active'])
    .default('present')
    .describe('active: a new pair, which the others know by now, takes the place of the old one'),
});

type Ready = z.output<typeof schema> & { readonly now: number };

/**
 * The key pair with which a node and its arbiter prove who they are, made on the host itself: no private key ever leaves
 * it. A renewal takes two steps, so that nobody is refused on the way: `present` makes a new pair beside the old one and
 * registers both certificates (`pems`); when the other side has them, `active` puts the new pair in its place.
 */
export const arbiterKey = defineModule({
  name: 'arbiter_key',
  summary: 'the key pair of this host for its arbiters or nodes, made here and renewed in time; registers `pems`',
  schema,
  prepare: async (args): Promise<Ready> => ({ ...args, now: Date.now() }),
  facts: ({ directory }) => [
    fact(fileFact, `${directory}/own.key`),
    fact(fileFact, `${directory}/next.key`),
    ...['own', 'next', 'previous'].map((name) => fact(contentFact, `${directory}/${name}.pem`)),
  ],
  decide: (ready, facts) => (ready.state === 'active' ? activate(ready, facts) : present(ready, facts)),
});

function present(ready: Ready, facts: FactReader): Decision {
  const { directory, now } = ready;
  const [own, next, previous] = ['own', 'next', 'previous'].map((name) => read(ready, facts, name));
  const hasKey = (name: string): boolean => facts.get(fileFact, `${directory}/${name}.key`).type === 'file';
  const known = [own, next, previous].flatMap((found) => (found !== undefined && now < found.until ? [found.pem] : []));
  if (own === undefined || !hasKey('own')) return make(ready, 'own', []);
  if (own.until - now < ready.renew_before * day && (next === undefined || !hasKey('next')))
    return make(ready, 'next', known);
  return { outcome: 'ok', result: { pems: inOrder(known) } };
}

function activate(ready: Ready, facts: FactReader): Decision {
  const d = shellQuote(ready.directory);
  if (read(ready, facts, 'next') === undefined) return { outcome: 'ok' };
  // The key first: until the certificate follows, whoever reads them sees that they do not match, and keeps the old ones.
  const program = `cd ${d} && cp -p own.pem previous.pem && mv -f next.key own.key && mv -f next.pem own.pem`;
  return changed(ready, program, 'the new key and certificate are in use', undefined);
}

interface Known {
  readonly pem: string;
  /** Unix milliseconds. */
  readonly until: number;
}

/** A certificate of this cluster, or undefined where there is none, or none that can be used. */
function read({ directory, cluster }: Ready, facts: FactReader, name: string): Known | undefined {
  const text = facts.get(contentFact, `${directory}/${name}.pem`)?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    const certificate = new X509Certificate(text);
    if (certificate.subject !== `CN=${cluster}`) return undefined;
    return { pem: certificate.toString(), until: Date.parse(certificate.validTo) };
  } catch {
    return undefined;
  }
}

function make(ready: Ready, name: 'own' | 'next', known: readonly string[]): Decision {
  const subject = shellQuote(`/CN=${ready.cluster.replaceAll(/[\\/+=]/g, '\\$&')}`);
  const program = `umask 077
install -d -m 0700 -- ${shellQuote(ready.directory)} && cd ${shellQuote(ready.directory)} || exit 1
trap 'rm -f .new.key .new.pem' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days ${ready.days} -subj ${subject} \\
  -addext basicConstraints=critical,CA:FALSE -keyout .new.key -out .new.pem 2>/dev/null || {
  echo "openssl could not make a certificate" >&2; exit 1; }
mv -f .new.key ${name}.key && mv -f .new.pem ${name}.pem && cat ${name}.pem`;
  return changed(
    ready,
    program,
    name === 'own' ? 'a key and a certificate' : 'a new key and certificate beside the old',
    known,
  );
}

function changed({ directory }: Ready, program: string, after: string, known: readonly string[] | undefined): Decision {
  return {
    outcome: 'changed',
    steps: [{ kind: 'program', program }],
    diff: [{ title: directory, before: '', after: `${after}\n` }],
    touches: ['file:*', 'content:*'],
    result: (outputs): Value => (known === undefined ? {} : { pems: inOrder([...known, outputs[0]!.stdout]) }),
  };
}

/** In one order whichever of them is the newest, so that a renewal changes the pins once. */
function inOrder(pems: readonly string[]): string[] {
  return [...new Set(pems.map((pem) => `${pem.trim()}\n`))].sort();
}
