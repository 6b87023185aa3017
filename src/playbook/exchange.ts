import { randomBytes } from 'node:crypto';
import type { FactRequest } from './facts/fact.ts';
import { factId } from './facts/fact.ts';
import type { StepOutput } from './module.ts';
import { shellQuote } from './shell-text.ts';

/** A step as it goes out: shell text, and the bytes that it reads. */
export interface ProgramStep {
  readonly program: string;
  readonly stdin?: Buffer | undefined;
}

/** One round trip: changes in their order, and the facts that come after them. */
export interface Exchange {
  readonly program: string;
  readonly stdin: Buffer | undefined;
  readonly marker: string;
  readonly steps: number;
  readonly requests: readonly FactRequest[];
}

export interface ExchangeAnswer {
  /** Outputs of the steps that ran; fewer than were sent where one failed, or where the run was stopped. */
  readonly outputs: readonly StepOutput[];
  /** By `factId`; empty where the steps did not all succeed. */
  readonly facts: ReadonlyMap<string, unknown>;
  /** True where the node stopped between two steps as it was told to. */
  readonly stopped: boolean;
}

/**
 * Builds the text of one exchange. Steps run in order, each in a subshell; after the first that fails nothing more runs.
 * Where `stopFile` appears on the node, it stops before the next step. All facts of one kind are asked for at once.
 */
export function buildExchange(
  steps: readonly ProgramStep[],
  requests: readonly FactRequest[],
  options: { readonly stopFile: string },
): Exchange {
  const marker = `muster-${randomBytes(12).toString('hex')}`;
  const lines = [
    'LC_ALL=C; export LC_ALL',
    `says() { printf '\\n%s %s %s\\n' ${marker} "$1" "$2"; printf '\\n%s %s %s\\n' ${marker} "$1" "$2" >&2; }`,
  ];
  for (const step of steps) {
    lines.push(`[ -e ${shellQuote(options.stopFile)} ] && { says stopped 0; exit 0; }`);
    // A program that is not fed must not eat what is meant for the next one.
    const input = step.stdin === undefined ? '</dev/null' : '';
    lines.push(`(\n${step.program}\n) ${input}\nrc=$?; says step "$rc"; [ "$rc" = 0 ] || exit 0`);
  }
  for (const kind of kindsOf(requests)) {
    const keys = requests.filter((request) => request.kind === kind).map((request) => request.key);
    lines.push(`(\n${kind.script(keys)}\n) </dev/null; says fact "$?"`);
  }
  const inputs = steps.flatMap((step) => step.stdin ?? []);
  return {
    program: lines.join('\n'),
    stdin: inputs.length === 0 ? undefined : Buffer.concat(inputs),
    marker,
    steps: steps.length,
    requests,
  };
}

/** Reads the answer to an exchange apart again. */
export function readExchange(exchange: Exchange, stdout: Buffer, stderr: Buffer): ExchangeAnswer {
  const out = split(stdout, exchange.marker);
  const err = split(stderr, exchange.marker);
  const outputs: StepOutput[] = [];
  const facts = new Map<string, unknown>();
  const kinds = kindsOf(exchange.requests);
  let kindIndex = 0;
  out.forEach((section, index) => {
    if (section.word === 'step') {
      outputs.push({
        rc: section.rc,
        stdout: section.content.toString('utf8'),
        stderr: err[index]?.content.toString('utf8') ?? '',
      });
    } else if (section.word === 'fact') {
      const kind = kinds[kindIndex++]!;
      const keys = exchange.requests.filter((request) => request.kind === kind).map((request) => request.key);
      for (const [key, value] of kind.parse(section.content, keys)) facts.set(factId({ kind, key }), value);
    }
  });
  return { outputs, facts, stopped: out.some((section) => section.word === 'stopped') };
}

function kindsOf(requests: readonly FactRequest[]): readonly FactRequest['kind'][] {
  return [...new Set(requests.map((request) => request.kind))];
}

interface Section {
  readonly word: string;
  readonly rc: number;
  readonly content: Buffer;
}

function split(output: Buffer, marker: string): readonly Section[] {
  const sections: Section[] = [];
  const begin = Buffer.from(`\n${marker} `);
  let at = 0;
  for (;;) {
    const found = output.indexOf(begin, at);
    if (found === -1) return sections;
    const end = output.indexOf(10, found + begin.length);
    if (end === -1) return sections;
    const [word, rc] = output.toString('latin1', found + begin.length, end).split(' ');
    sections.push({ word: word!, rc: Number(rc), content: output.subarray(at, found) });
    at = end + 1;
  }
}
