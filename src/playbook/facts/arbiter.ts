import { type FactKind, single } from './fact.ts';

/** The part of `musterd --arbiter status --json` that a playbook decides by; the whole contract is `wire/arbiter-status.ts`. */
export interface ArbiterFact {
  readonly bundleHash: string;
  readonly clusters: readonly {
    readonly name: string;
    readonly problem: string | null;
    readonly longestLeaseMs: number;
  }[];
}

/** What the arbiter on this host says about itself; undefined where none answers. The key is its program. */
export const arbiterFact: FactKind<ArbiterFact | undefined> = {
  name: 'arbiter',
  volatile: true,
  script: ([program = 'musterd']) =>
    `if command -v ${program} >/dev/null; then ${program} --arbiter status --json 2>/dev/null; fi; true`,
  parse: single((output) => {
    try {
      const status: unknown = JSON.parse(output.toString('utf8'));
      return typeof status === 'object' && status !== null && 'clusters' in status ? (status as never) : undefined;
    } catch {
      return undefined;
    }
  }),
};
