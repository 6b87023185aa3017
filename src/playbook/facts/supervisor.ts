import type { Value } from '../../model/inventory.ts';
import { type FactKind, single } from './fact.ts';

/** The part of `musterd status --json` that a playbook decides by; the whole contract is `wire/status.ts`. */
export interface SupervisorStatus {
  readonly node: string;
  readonly bundleHash: string;
  readonly configHash: string;
  readonly store?: { readonly where: string } | null;
  readonly quorum: {
    readonly quorate: boolean;
    /** Left out by a musterd that knows no epochs. */
    readonly epoch?: number | undefined;
    readonly voters?: readonly string[] | undefined;
  };
  readonly nodes: readonly { readonly name: string; readonly state: string }[];
  /** `problem`: why it cannot be asked; null while there is a connection, whether or not the arbiter has let this node in. */
  readonly arbiters?:
    | readonly { readonly name: string; readonly state: string; readonly problem: string | null }[]
    | undefined;
  readonly groups: readonly {
    readonly name: string;
    readonly holder: string | null;
    readonly gateOpen: boolean;
    readonly reason?: string | undefined;
    /** Left out by a musterd that runs no resources. */
    readonly barredOn?: readonly { readonly node: string; readonly why: string }[] | undefined;
  }[];
  readonly services: readonly {
    readonly key: string;
    readonly realServers: readonly {
      readonly alive: boolean | null;
      readonly address: string;
      readonly lastCheck: string;
    }[];
  }[];
}

/** What the node's musterd says about itself and the cluster; undefined where none answers. The key is its program. */
export const supervisorFact: FactKind<SupervisorStatus | undefined> = {
  name: 'supervisor',
  volatile: true,
  script: ([program = 'musterd']) =>
    `if command -v ${program} >/dev/null; then ${program} status --json 2>/dev/null; fi; true`,
  parse: single((output) => {
    try {
      const status = JSON.parse(output.toString('utf8')) as Value;
      return typeof status === 'object' && status !== null && 'quorum' in status ? (status as never) : undefined;
    } catch {
      return undefined;
    }
  }),
};
