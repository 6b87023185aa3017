import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Drill } from '../../src/drill/drill.ts';
import type { StepResult } from '../../src/drill/judge.ts';
import { labInjector } from '../../src/drill/lab-injector.ts';
import { type Scenario, scenarioNamed } from '../../src/drill/scenarios.ts';
import { drillTarget } from '../../src/drill/target.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { labTarget } from '../../src/lab/dial.ts';
import { connect } from '../../src/remote/connection.ts';
import { useLab } from './support.ts';

const muster = fileURLToPath(new URL('../../dist/muster.js', import.meta.url));

/** Both versions of IP, two networks, and timings that a slow machine keeps as well. */
const inventory = `
defaults: { user: root, connection: lab }
hosts:
  node[1-3]: { address: '10.77.0.[11-13]', cluster_addresses: ['10.77.0.[11-13]', '10.78.0.[11-13]'] }
groups:
  directors: node[1-3]
  web: node1
cluster:
  name: faults
  nodes: directors
  links: [ucast eth0, ucast eth1]
  timings: { keepalive: 200ms, warntime: 600ms, deadtime: 1s, initdead: 1s, lease: 1s }
  auto_failback: false
  groups:
    web: { preferred: node1, resources: [10.77.0.100/24/eth0, 'IPv6addr::fd77::100/64/eth0'] }
`;

type Plan = readonly (readonly [scenario: string, victim: 'holder' | 'standby'])[];

/** Real musterds on machines of the lab, under the faults that the simulation draws; the witness on the switch judges. */
describe('faults of a provisioned lab', function () {
  this.timeout(300_000);
  let folder: string;
  let file: string;
  /** The drill whose probes watch all tests, as long as none fails. */
  let watching: Drill | undefined;
  // Before the lab's own, which takes the machines away.
  after(async () => {
    await watching?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const lab = useLab({ nodes: 3, links: 2, prepared: true });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-faults-'));
    file = join(folder, 'inventory.yml');
    writeFileSync(file, inventory);
    const env = { ...process.env, MUSTER_LAB: lab().paths.name, XDG_STATE_HOME: join(folder, 'state') };
    const run = spawnSync(process.execPath, [muster, 'provision', '-y', '-i', file], { encoding: 'utf8', env });
    assert.equal(run.status, 0, run.stdout + run.stderr);
  });

  async function newDrill(scenario: Scenario): Promise<Drill> {
    const { cluster } = await loadInventory(file);
    const machines = await lab().nodes();
    const drill = new Drill({
      target: drillTarget(cluster!, undefined),
      nodes: cluster!.nodes,
      leaseMs: cluster!.timings.lease,
      victims: cluster!.nodes,
      macs: Object.fromEntries(machines.map(({ name, mac }) => [name, mac])),
      scenario,
      boundMs: 20_000,
      connect: (node) => connect(labTarget(lab().paths, machines.find(({ name }) => name === node)!)),
      inClient: (argv) => lab().inClient(argv),
      injector: labInjector(lab().faults, () => lab().nodes()),
      signal: new AbortController().signal,
    });
    await drill.prepare().catch((error) => drill.close().then(() => Promise.reject(error)));
    return drill;
  }

  /** These steps, one after the other. Of each holds: never two holders, for neither version of IP, and service after it. */
  async function suffer(plan: Plan): Promise<readonly StepResult[]> {
    const scenarios = plan.map(([name]) => scenarioNamed(name));
    // Clocks are prepared before a drill: they need one of their own.
    const own = plan.some(([name]) => name.startsWith('clock'));
    if (own || watching === undefined) {
      await watching?.close();
      watching = undefined;
      watching = await newDrill(scenarios[0]!);
    }
    let isWell = false;
    try {
      for (const [index, [, victim]] of plan.entries()) await watching.step({ victim, scenario: scenarios[index] });
      const steps = (await watching.judgeSoFar()).steps.slice(-plan.length);
      for (const step of steps) {
        assert.deepEqual(step.stillWrong, [], step.scenario);
        assert.deepEqual(Object.keys(step.outageMs).sort(), ['udp', 'udp6'], 'both versions were probed');
      }
      isWell = true;
      return steps;
    } finally {
      if (own || !isWell) {
        await watching.close();
        watching = undefined;
      }
    }
  }

  const neverTwo = (steps: readonly StepResult[]): void => {
    for (const step of steps) assert.deepEqual(step.doubleHoldings, [], `${step.scenario} of ${step.node}`);
  };
  const moved = (steps: readonly StepResult[]): void => {
    for (const { scenario, node, holderAfter } of steps) assert.notEqual(holderAfter, node, `${scenario}: it went on`);
  };
  const stayed = (steps: readonly StepResult[]): void => {
    for (const step of steps) {
      assert.equal(step.holderAfter, step.holderBefore, step.scenario);
      assert.equal(step.phases.silent, null, `${step.scenario}: the holder fell silent`);
    }
  };
  const calmAfterHeal = (steps: readonly StepResult[]): void => {
    for (const step of steps)
      for (const ms of Object.values(step.outageAfterHealMs)) assert.ok(ms < 1000, `${step.scenario}: ${ms} ms`);
  };

  it('partition of the holder, both ways and each way: another takes over when the lease is over', async () => {
    const steps = await suffer([
      ['partition', 'holder'],
      ['deaf', 'holder'],
      ['mute', 'holder'],
      ['partition', 'standby'],
    ]);
    neverTwo(steps);
    moved(steps.slice(0, 3));
    stayed(steps.slice(3));
    calmAfterHeal(steps);
  });

  it('freeze and thaw of the holder, and SIGSTOP of its musterd alone: it accepts nothing after it thawed', async () => {
    const steps = await suffer([
      ['freeze', 'holder'],
      ['stop', 'holder'],
    ]);
    neverTwo(steps);
    moved(steps);
    calmAfterHeal(steps);
  });

  it('flush of the ruleset and restart of nftables on the holder: silent until it has a fresh grant', async () => {
    neverTwo(
      await suffer([
        ['flush', 'holder'],
        ['nftables-restart', 'holder'],
      ]),
    );
  });

  it('flush of the ruleset and restart of nftables on a standby: it stays shut', async () => {
    const steps = await suffer([
      ['flush', 'standby'],
      ['nftables-restart', 'standby'],
    ]);
    stayed(steps);
    neverTwo(steps);
  });

  it('link loss: one of two networks is none to anybody; the cable of the holder out and in again', async () => {
    const steps = await suffer([
      ['one-link', 'holder'],
      ['cable-pull', 'holder'],
    ]);
    neverTwo(steps);
    stayed(steps.slice(0, 1));
    moved(steps.slice(1));
    calmAfterHeal(steps);
  });

  it('full disk, memory pressure, four busy processes: never two holders', async () => {
    const steps = await suffer([
      ['disk-full', 'holder'],
      ['memory', 'holder'],
      ['busy', 'holder'],
    ]);
    neverTwo(steps);
    stayed(steps.slice(0, 1));
  });

  it('latency and loss between the holder and the others: never two holders', async () => {
    const steps = await suffer([
      ['latency', 'holder'],
      ['loss', 'holder'],
    ]);
    neverTwo(steps);
    stayed(steps.slice(0, 1));
  });

  it('clock steps of an hour forward and back move nothing', async () => {
    const steps = await suffer([
      ['clock-forward', 'holder'],
      ['clock-back', 'holder'],
    ]);
    neverTwo(steps);
    stayed(steps);
  });
});
