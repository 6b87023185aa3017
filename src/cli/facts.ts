import { Command } from 'commander';
import { showBytes } from '../base/bytes.ts';
import { Problem } from '../base/problem.ts';
import type { Connection } from '../remote/types.ts';
import { factsProgram, type HostFacts, readFacts } from './fan-out/host-facts.ts';
import { type FanOutOptions, withFanOutOptions } from './fan-out/options.ts';
import { reach } from './fan-out/reach.ts';
import { Screen } from './fan-out/screen.ts';
import { alignedTable } from './fan-out/table-view.ts';
import { conclude, plainJson, workOnHosts } from './fan-out/work.ts';

async function ask(connection: Connection, signal: AbortSignal): Promise<HostFacts> {
  const result = await connection.exec(factsProgram, { as: 'user', signal, timeoutMs: 30_000 });
  if (result.rc === 0) return readFacts(result.stdout.toString());
  const { name } = connection.target;
  const seen = result.timedOut ? 'no end within 30 s' : result.stderr.toString().trim() || `exit code ${result.rc}`;
  throw new Problem('hostFailed', `Cannot ask host "${name}" what it is as sh must run there: ${seen}`);
}

function days(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  return hours >= 48
    ? `${Math.floor(hours / 24)} d`
    : `${hours}:${String(Math.floor(seconds / 60) % 60).padStart(2, '0')} h`;
}

function row(host: string, facts: HostFacts): string[] {
  return [
    host,
    facts.osName || facts.os,
    `${facts.kernel} ${facts.architecture}`,
    String(facts.cpus),
    showBytes(facts.memoryBytes),
    showBytes(facts.diskAvailableBytes),
    facts.load[0]?.toFixed(2) ?? '',
    days(facts.uptimeSeconds),
    Object.values(facts.addresses).flat().join(' '),
  ];
}

async function facts(pattern: string, options: FanOutOptions): Promise<void> {
  const hosts = await reach(pattern, options);
  const screen = new Screen(hosts.targets.map((target) => target.name));
  const outcomes = await workOnHosts<HostFacts>(
    hosts,
    options,
    screen,
    (connection, _target, signal) => ask(connection, signal),
    (outcome) => {
      if (options.json) screen.out(`${plainJson(outcome, outcome.state === 'ok' ? { facts: outcome.value } : {})}\n`);
    },
  );
  const rows = outcomes.flatMap((outcome) => (outcome.state === 'ok' ? [row(outcome.target.name, outcome.value)] : []));
  if (!options.json && rows.length > 0) {
    const head = ['HOST', 'SYSTEM', 'KERNEL', 'CPUS', 'MEMORY', 'FREE ON /', 'LOAD', 'UP', 'ADDRESSES'];
    await screen.out(`${alignedTable(head, rows, process.stdout.columns).join('\n')}\n`);
  }
  process.exitCode = conclude(hosts, outcomes, options.json);
}

/** `muster facts [PATTERN]`: what the hosts are. */
export function factsCommand(): Command {
  return withFanOutOptions(
    new Command('facts')
      .description(
        'Say what hosts are: system, kernel, processors, memory, disk, load, uptime, addresses. Needs only sh there.',
      )
      .argument('[pattern]', 'hosts as node[1-3], @group, all, a,b!c', 'all'),
  )
    .addHelpText(
      'after',
      `
Examples:
  muster facts -i inventory/lab.yml
  muster facts -i inventory/lab.yml @web --json | jq -r '[.host, .facts.kernel] | @tsv'`,
    )
    .action(facts);
}
