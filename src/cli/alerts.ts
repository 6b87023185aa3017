import { Command } from 'commander';
import { exitCodes } from '../base/problem.ts';
import { type AlertTargetStatus, showAlertTarget } from '../wire/alerts.ts';
import { type MonitorStatus, mergeMonitors, showMonitor } from '../wire/monitors.ts';
import { askNodes } from './ask-nodes.ts';
import { exitCodeFor, showSilent } from './cluster-views.ts';
import { inventoryOption, labOption } from './host-options.ts';
import { withSshOptions } from './ssh-options.ts';

interface Options {
  readonly inventory: string;
  readonly lab?: string;
  readonly json?: boolean;
  readonly test?: boolean;
}

/** A target has some tries, each with its time-out; milliseconds. */
const testPatience = 130_000;
const patience = 10_000;

const print = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`);

async function alerts(options: Options): Promise<void> {
  if (options.test && !options.json) process.stderr.write('every node tells every target that this is a test\n');
  const words = ['alerts', ...(options.test ? ['--test'] : []), '--json'];
  const doing = options.test ? 'test the alerts' : 'show the alerts';
  const read = (text: string): AlertTargetStatus[] => JSON.parse(text) as AlertTargetStatus[];
  const { answers, silent } = await askNodes(options, doing, words, options.test ? testPatience : patience, read);
  const failed = answers.some(({ value }) => value.some((target) => target.failed > 0));
  process.exitCode = options.test && failed ? exitCodes.hostFailed : exitCodeFor(silent);
  if (options.json) {
    const nodes = answers.map(({ node, value }) => ({ node, targets: value }));
    print([JSON.stringify({ unreachable: silent, nodes }, undefined, 2)]);
    return;
  }
  const lines = answers.flatMap(({ node, value }) => value.map((target) => `${node}: ${showAlertTarget(target)}`));
  print([
    ...(lines.length === 0 ? ['nobody is told of anything: "alerts:" of the inventory says who is'] : lines),
    ...showSilent(silent).map((line) => `not reached: ${line}`),
  ]);
}

async function monitors(options: Options): Promise<void> {
  const read = (text: string): MonitorStatus[] => JSON.parse(text) as MonitorStatus[];
  const { answers, silent } = await askNodes(options, 'show the monitors', ['monitors', '--json'], patience, read);
  const merged = mergeMonitors(answers.map(({ node, value }) => ({ node, monitors: value })));
  process.exitCode = exitCodeFor(silent);
  if (options.json) {
    print([JSON.stringify({ unreachable: silent, monitors: merged }, undefined, 2)]);
    return;
  }
  const lines = merged.map(showMonitor);
  print([
    ...(lines.length === 0 ? ['nothing is monitored: "monitors:" of the inventory says what is'] : lines),
    ...showSilent(silent).map((line) => `not reached: ${line}`),
  ]);
}

/** `muster alerts`: who is told, and whether they were. */
export function alertsCommand(): Command {
  return withSshOptions(new Command('alerts'))
    .description(
      'Who is told of failovers, dead nodes, lost quorum, failed resources, fencing, links and monitors, and how often each\n' +
        'node told them. With --test every node tells every target that this is a test; exit code 2 where one was not told.',
    )
    .addOption(inventoryOption())
    .option('--test', 'tell them now')
    .option('--json', 'one object: each node with its targets')
    .addOption(labOption())
    .addHelpText('after', '\nExamples:\n  muster alerts -i inventory/lab.yml\n  muster alerts --test')
    .action(alerts);
}

/** `muster monitors`: checks beyond resources. */
export function monitorsCommand(): Command {
  return withSshOptions(new Command('monitors'))
    .description('What is looked at beyond resources, by which node, how it is, and whether anybody was told.')
    .addOption(inventoryOption())
    .option('--json', 'one object: each monitor as the node that looks sees it')
    .addOption(labOption())
    .addHelpText('after', '\nExamples:\n  muster monitors -i inventory/lab.yml\n  muster monitors --json')
    .action(monitors);
}
