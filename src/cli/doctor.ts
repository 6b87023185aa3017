import { Command } from 'commander';
import { foldHosts } from '../base/host-range.ts';
import { Problem } from '../base/problem.ts';
import type { ClusterDescription } from '../model/inventory.ts';
import { forEachHost, type HostOutcome } from '../remote/pool.ts';
import type { Connection } from '../remote/types.ts';
import { type KernelFacts, kernelProbe, readKernelProbe } from '../wire/kernel-probe.ts';
import { type Diagnosis, diagnose, namedDevices } from '../wire/kernel-verdict.ts';
import { showDiagnosis } from '../wire/show-diagnosis.ts';
import { exitCodeOf } from './fan-out/host-record.ts';
import { withInterrupt } from './fan-out/interrupt.ts';
import { type FanOutOptions, withFanOutOptions } from './fan-out/options.ts';
import { loadClusterInventory } from './require-cluster.ts';
import { selectHosts } from './select-hosts.ts';
import { targetsOf } from './targets.ts';

interface Examined {
  readonly facts: KernelFacts;
  readonly diagnosis: Diagnosis;
}

/** The trial needs nothing of ours on the host, so that it can be asked before it is provisioned. */
async function examine(connection: Connection, cluster: ClusterDescription, signal: AbortSignal): Promise<Examined> {
  const worker = await connection.worker({ become: true });
  const result = await worker.run(kernelProbe(namedDevices(cluster)), { signal, timeoutMs: 20_000 });
  const text = result.stdout.toString();
  if (!text.includes('kernel=')) {
    const seen = result.stderr.toString().trim() || `exit code ${result.rc}`;
    const { name } = connection.target;
    throw new Problem('hostFailed', `Cannot examine host "${name}" as its shell must run the trial: ${seen}`);
  }
  const facts = readKernelProbe(text);
  return { facts, diagnosis: diagnose(facts, cluster) };
}

const isIll = ({ findings }: Diagnosis): boolean => findings.some(({ level }) => level === 'problem');

/** Nodes that say the same share their lines, in the order of the first of each. */
export function foldDiagnoses(
  nodes: readonly { readonly name: string; readonly lines: readonly string[] }[],
): string[] {
  const folded = new Map<string, string[]>();
  for (const { name, lines } of nodes) {
    const text = lines.join('\n');
    folded.set(text, [...(folded.get(text) ?? []), name]);
  }
  return [...folded].map(([text, names]) => `${foldHosts(names)}\n${text}`);
}

function show(outcomes: readonly HostOutcome<Examined>[], json: boolean): void {
  if (json) {
    const nodes = outcomes.map((outcome) =>
      outcome.state === 'ok'
        ? { node: outcome.target.name, state: 'ok', ...outcome.value.diagnosis, facts: outcome.value.facts }
        : { node: outcome.target.name, state: outcome.state, error: outcome.problem.message },
    );
    process.stdout.write(`${JSON.stringify({ nodes }, undefined, 2)}\n`);
    return;
  }
  const blocks = outcomes.map((outcome) => ({
    name: outcome.target.name,
    lines:
      outcome.state === 'ok'
        ? showDiagnosis(outcome.value.facts, outcome.value.diagnosis)
        : [`  * ${outcome.state}: ${outcome.problem.message}`],
  }));
  const ill = outcomes.filter((outcome) => outcome.state === 'ok' && isIll(outcome.value.diagnosis));
  const verdict =
    ill.length > 0
      ? `${foldHosts(ill.map(({ target }) => target.name))} must be looked after`
      : outcomes.every(({ state }) => state === 'ok')
        ? 'Every address is protected on every node'
        : 'Not every node could be examined';
  process.stdout.write(`${foldDiagnoses(blocks).join('\n\n')}\n\n${verdict}\n`);
}

async function doctor(pattern: string, options: FanOutOptions): Promise<void> {
  const { inventory, cluster, nodes } = await loadClusterInventory(options.inventory, options.lab);
  const selected = selectHosts(inventory, pattern, options.pattern);
  const hosts = nodes.filter((node) => selected.includes(node));
  if (hosts.length === 0) {
    throw new Problem(
      'usage',
      `Cannot examine "${pattern}" as it must name nodes of cluster "${cluster.name}": it has ${foldHosts(cluster.nodes)}`,
    );
  }
  const targets = await targetsOf(hosts, {
    lab: options.lab,
    connectTimeoutMs: options.connectTimeout,
  });
  const missing = new Set(targets.map((target) => target.name));
  const outcomes = await withInterrupt(
    () => [...missing],
    (signal) =>
      forEachHost<Examined>(
        targets,
        { forks: options.forks, signal, onOutcome: (outcome) => missing.delete(outcome.target.name) },
        (connection) => examine(connection, cluster, signal),
      ),
  );
  show(outcomes, options.json === true);
  process.exitCode = exitCodeOf(
    outcomes.map((outcome) =>
      outcome.state === 'ok' && isIll(outcome.value.diagnosis) ? { state: 'failed' } : outcome,
    ),
  );
}

/** `muster doctor [PATTERN]`: what each node's kernel can do, and which layer protects each virtual IP there. */
export function doctorCommand(): Command {
  return withFanOutOptions(
    new Command('doctor')
      .description(
        "What each node's kernel can do for the cluster, tried in a network namespace of its own, and which layer protects\n" +
          'each virtual IP there. Nothing of the node is changed. Exit code 2 where a node lacks protection.',
      )
      .argument('[pattern]', 'nodes as node[1-3], @group, all, a,b!c', 'all'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  muster doctor -i inventory/lab.yml\n  muster doctor -i inventory/lab.yml node1 --json',
    )
    .action(doctor);
}
