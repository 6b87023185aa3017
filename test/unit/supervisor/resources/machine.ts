import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Action, Outcome } from '../../../../src/core/resources/event.ts';
import { agentOf } from '../../../../src/model/agent.ts';
import { defaultResourceSettings, type ResourceSettings } from '../../../../src/model/resource-settings.ts';
import type { AgentPlaces } from '../../../../src/supervisor/resources/locate.ts';
import { ResourceOperations } from '../../../../src/supervisor/resources/operations.ts';
import type { RunnableResource } from '../../../../src/supervisor/resources/runnable.ts';

/** A folder that has what a machine has for agents, with scripts of the test's own. */
export class AgentMachine {
  readonly root = mkdtempSync(join(tmpdir(), 'muster-agents-'));
  readonly places: AgentPlaces = {
    heartbeat: join(this.root, 'ha.d/resource.d'),
    init: join(this.root, 'init.d'),
    ocf: join(this.root, 'ocf'),
    state: join(this.root, 'state'),
    units: [join(this.root, 'units')],
    systemd: join(this.root, 'systemd'),
  };
  readonly #made: ResourceOperations[] = [];

  path(name: string): string {
    return join(this.root, name);
  }

  /** A script that is there from now on; `$ROOT` in it is the machine's folder. */
  script(name: string, body: string): void {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\nROOT=${this.root}\n${body}\n`);
    chmodSync(path, 0o755);
  }

  /** One group, `shop`, of these resources in haresources' notation; `act` resolves when the action has ended. */
  operations(
    resources: readonly string[],
    settings: Partial<ResourceSettings> = {},
    parameters: Readonly<Record<string, string>> = {},
  ): Acting {
    const runnable = resources.map((text, index): RunnableResource => {
      const [agent, ...args] = text.split('::') as [string, ...string[]];
      const meant = agentOf({ kind: 'agent', agent, args });
      if (!('kind' in meant)) throw new Error(`${text}: ${meant.wanted}`);
      const all = { ...defaultResourceSettings, ...settings };
      return { name: agent, instance: `shop.${index}`, agent: meant, parameters, settings: all };
    });
    const waiting = new Map<number, (outcome: Outcome) => void>();
    const operations = new ResourceOperations({
      groups: new Map([['shop', runnable]]),
      node: 'node1',
      environment: { SITE: 'here' },
      directory: join(this.root, 'run'),
      places: this.places,
      onDone: (id, outcome) => waiting.get(id)?.(outcome),
    });
    this.#made.push(operations);
    let id = 0;
    const act: Acting['act'] = (index, action, timeout = 20_000) =>
      new Promise((resolve) => {
        waiting.set(++id, resolve);
        operations.run({ type: 'run', id, group: 'shop', index, action, timeout });
      });
    return { operations, act, lastId: () => id };
  }

  remove(): void {
    for (const operations of this.#made) operations.stop();
    rmSync(this.root, { recursive: true, force: true });
  }
}

export interface Acting {
  readonly operations: ResourceOperations;
  readonly act: (index: number, action: Action, timeout?: number) => Promise<Outcome>;
  readonly lastId: () => number;
}
