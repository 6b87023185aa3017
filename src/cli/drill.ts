import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../base/duration.ts';
import { exitCodes, Problem } from '../base/problem.ts';
import { Drill, type DrillRecord } from '../drill/drill.ts';
import { guardHealing } from '../drill/heal-guard.ts';
import { labInjector } from '../drill/lab-injector.ts';
import { reportHtml } from '../drill/report-html.ts';
import { reportJson } from '../drill/report-json.ts';
import { summary } from '../drill/report-summary.ts';
import { listScenarios, scenarioNamed } from '../drill/scenarios.ts';
import { drillTarget } from '../drill/target.ts';
import { victimsOf } from '../drill/victims.ts';
import { makeFolder } from '../files/make-folder.ts';
import { openLab } from '../lab/lab.ts';
import type { Host } from '../model/inventory.ts';
import { connect } from '../remote/connection.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { loadClusterInventory } from './require-cluster.ts';
import { runTasks } from './run-tasks.ts';
import { selectHosts } from './select-hosts.ts';
import { withSshOptions } from './ssh-options.ts';
import { targetsOf } from './targets.ts';
import { version } from './version.ts';

export interface DrillOptions {
  readonly inventory: string;
  readonly scenario: string;
  /** Milliseconds. */
  readonly bound: number;
  /** Nodes to break, as a node set; undefined: all. */
  readonly nodes?: string | undefined;
  readonly group?: string | undefined;
  readonly json?: string | undefined;
  readonly html?: string | undefined;
  readonly lab?: string | undefined;
}

export interface DrillOutcome extends DrillRecord {
  readonly jsonFile: string;
  readonly htmlFile: string;
}

function requireLab(nodes: readonly Host[]): void {
  const real = nodes.find((host) => host.connection !== 'lab');
  if (real === undefined) return;
  throw new Problem(
    'drillRefused',
    `Cannot drill node "${real.name}" as its plug must be within reach: only nodes with "connection: lab" have one`,
  );
}

/** Calls `abort` on Ctrl-C and SIGTERM; further ones are ignored, as healing must not be interrupted. */
function onInterrupt(abort: () => void): () => void {
  process.on('SIGINT', abort).on('SIGTERM', abort);
  return () => process.off('SIGINT', abort).off('SIGTERM', abort);
}

/**
 * Drills the cluster of an inventory, shows the progress, and writes both reports. Heals whatever happens.
 * Throws `Problem('drillRefused')` where it may not start or a fault did not take effect, and `interrupted` on Ctrl-C.
 */
export async function runDrill(options: DrillOptions): Promise<DrillOutcome> {
  const scenario = scenarioNamed(options.scenario);
  const { inventory, cluster, nodes } = await loadClusterInventory(options.inventory, options.lab);
  const possible = victimsOf(scenario, cluster, inventory.hosts);
  const chosen = options.nodes === undefined ? possible : selectHosts(inventory, options.nodes);
  const target = drillTarget(cluster, options.group);
  const involved = [...new Set([...nodes, ...possible])];
  requireLab(involved);
  const lab = await openLab(options.lab);
  const machines = await lab.nodes();
  const macs = Object.fromEntries(machines.map((machine) => [machine.name, machine.mac]));
  const missing = involved.find((host) => macs[host.name] === undefined);
  if (missing !== undefined) {
    throw new Problem(
      'drillRefused',
      `Cannot drill node "${missing.name}" as lab "${lab.paths.name}" must have it: it has ${Object.keys(macs).join(', ')}`,
    );
  }
  const targets = new Map((await targetsOf(nodes, { lab: options.lab })).map((one) => [one.name, one]));
  const victims = possible.filter((host) => chosen.includes(host)).map((host) => host.name);
  if (victims.length === 0) {
    throw new Problem(
      'usage',
      `Cannot drill "${options.nodes}" as scenario "${scenario.name}" must be able to break one of them: it breaks ${possible.map((host) => host.name).join(', ')}`,
    );
  }

  const interrupt = new AbortController();
  const release = onInterrupt(() => interrupt.abort());
  const cli = process.argv[1] ?? 'muster';
  const stopGuard = guardHealing([process.execPath, ...process.execArgv, cli, 'lab', 'heal', '--lab', lab.paths.name]);
  const drill = new Drill({
    target,
    nodes: cluster.nodes,
    leaseMs: cluster.timings.lease,
    victims,
    macs,
    scenario,
    boundMs: options.bound,
    connect: (node) => connect(targets.get(node)!),
    inClient: (argv) => lab.inClient(argv),
    injector: labInjector(lab.faults, () => lab.nodes()),
    signal: interrupt.signal,
  });
  const startedAt = new Date().toISOString();
  let record: DrillRecord | undefined;
  let recovered = true;
  try {
    await runTasks([
      { title: `Check that ${cluster.name} is whole, start the probes`, work: () => drill.prepare() },
      ...victims.map((_, index) => ({
        title: `Step ${index + 1} of ${victims.length}`,
        work: async (tell: { say(line: string): void; title(text: string): void }) => {
          if (!recovered) {
            tell.say('left out, as the cluster is not whole');
            return;
          }
          const step = await drill.step({
            started: (node, holder) => {
              tell.title(`${scenario.title(node)}${node === holder ? ', which holds the address' : ''}`);
            },
          });
          recovered = step.stillWrong.length === 0;
          const seconds = ((step.endMs - step.healedMs) / 1000).toFixed(1);
          const whole = recovered ? 'whole again' : 'still not whole';
          tell.say(`held by ${step.holderAfter ?? 'nobody'} then; ${whole} ${seconds} s after the fault was undone`);
        },
      })),
      {
        title: 'Judge',
        work: async () => {
          record = await drill.finish();
        },
      },
    ]);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw new Problem('interrupted', 'The drill was interrupted; every fault is undone');
  } finally {
    await drill.close().finally(() => {
      stopGuard();
      release();
    });
  }
  const { result, seen } = record!;
  const nodeOfMac = Object.fromEntries(Object.entries(macs).map(([node, mac]) => [mac, node]));
  const { address } = target;
  const facts = { cluster: cluster.name, address, startedAt, version, nodes: cluster.nodes, nodeOfMac };
  const directory = join('.muster', 'drills', startedAt.replaceAll(':', '').replace(/\.\d+Z$/, 'Z'));
  const jsonFile = resolve(options.json ?? join(directory, 'result.json'));
  const htmlFile = resolve(options.html ?? join(directory, 'report.html'));
  await write(jsonFile, reportJson(result, facts));
  await write(htmlFile, reportHtml(result, seen, facts));
  return { result, seen, jsonFile, htmlFile };
}

async function write(file: string, text: string): Promise<void> {
  try {
    await makeFolder(dirname(file));
    await writeFile(file, text);
  } catch (error) {
    throw new Problem(
      'usage',
      `Cannot write report "${file}" as its folder must be writable: ${(error as Error).message}`,
    );
  }
}

function duration(text: string): number {
  const ms = parseDuration(text, 'ms');
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('It must read 500ms or 2s.');
  return ms;
}

const examples = `
Scenarios:
${listScenarios()}

It refuses to start where the cluster is not whole, breaks the nodes that hold nothing first, waits for full recovery
after each, and undoes every fault at its end, also after Ctrl-C.
Exit code 5: the verdict is "failed"; 7: it refused to start, or a fault did not take effect.

Examples:
  muster drill -i inventory/lab.yml                           pull every plug once
  muster drill -i inventory/lab.yml --bound 500ms             fail where users were out for longer
  muster drill -i inventory/lab.yml --scenario partition      part each node from the others once
  muster drill -i pair.yml --scenario arbiter-loss            pull each arbiter's plug: nobody may feel it
  muster drill -i inventory/lab.yml --nodes node1 --json r.json`;

/** `muster drill`: fails every node over in turn, and says how long users would have been down. */
export function drillCommand(): Command {
  return withSshOptions(new Command('drill'))
    .description('Fail every node over in turn, and say how long users would have been down.')
    .addOption(inventoryOption())
    .option('--scenario <name>', 'what goes wrong (list below)', 'plug-pull')
    .option('--bound <duration>', 'longest outage that passes', duration, 1000)
    .option('--nodes <set>', 'only these nodes (or arbiters), as node[1-2]')
    .option('--group <name>', 'the resource group whose address is watched (default: the first)')
    .option('--json <file>', 'where the result goes (default: .muster/drills/<time>/result.json)')
    .option('--html <file>', 'where the report goes (default: .muster/drills/<time>/report.html)')
    .addOption(labOption())
    .addHelpText('after', examples)
    .action(async (options: DrillOptions) => {
      const { result, jsonFile, htmlFile } = await runDrill(options);
      process.stdout.write(`\n${summary(result)}\n\nreport: ${htmlFile}\nresult: ${jsonFile}\n`);
      if (result.verdict === 'failed') process.exitCode = exitCodes.drillFailed;
    });
}
