import { parseArgs } from 'node:util';
import { parseDuration, showDuration } from '../base/duration.ts';
import { exitCodes, Problem } from '../base/problem.ts';
import { readConfiguration } from '../linux-ha/cluster.ts';
import { describeDirectives } from '../linux-ha/ha-cf-directives.ts';
import { type Fencing, longestFencingOf } from '../model/fencing.ts';
import { addressesOf } from '../model/resource-group.ts';
import { serviceKey } from '../model/virtual-service.ts';
import { showAlertTarget } from '../wire/alerts.ts';
import type { ControlRequest } from '../wire/control.ts';
import { showFencing } from '../wire/fencing.ts';
import { showJournalLine } from '../wire/journal.ts';
import { showMonitor } from '../wire/monitors.ts';
import { showStatus } from '../wire/show-status.ts';
import { askMusterd } from './control-client.ts';
import { startDaemon } from './daemon.ts';
import { examine } from './doctor.ts';
import { showHistory } from './history.ts';
import { controlSocket, defaultSettings, onlyArbiterRuns, type Settings } from './settings.ts';
import { configurationWarnings } from './startup-checks.ts';
import { formatDisk } from './stores/format.ts';

const help = `Usage: musterd COMMAND [OPTIONS]

The supervisor of a node: holds virtual IPs by lease behind the kernel's gate, and sends traffic to the real servers
that are alive. It reads /etc/ha.d: ha.cf, authkeys, haresources, ldirectord.cf, muster.yml.

Commands:
  run               run in the foreground, as the unit musterd.service does
  status [--json]   nodes, quorum, who holds what and why, real servers and their checks
  explain [GROUP]   why a group is where it is, and what was decided about it lately
  journal [GROUP] [--json]
                    the latest decisions with their reasons; with --json a line each, as \`journalctl -u musterd -o cat\`
  standby [NODE]    hand everything over and take nothing until \`online\`, also after a restart; this node, or another one
  online [NODE]     take part again
  move GROUP NODE [--for 1h]
                    a group is to run there, whatever its weights say: for so long, or until \`clear\`
  clear [GROUP] [--failures]
                    the end of \`move\`, and failures are forgotten; or only these
  maintenance on|off [NODE]
                    whatever runs is let alone and nobody takes over, everywhere or on a node; musterd may restart
  alerts [--test] [--json]
                    who is told of what, and what came of it; --test tells all of them that this is a test
  monitors [--json] what is looked at beyond resources, and how it is
  history [GROUP] [--since 1h] [--json]
                    what moved here, when and why, also before the last restart
  reload            take up a changed authkeys, as SIGHUP does; anything else needs a restart
  reconfigure [--add NODE | --remove NODE]
                    one voter more or less while the cluster runs; without either the voters are written down as they
                    are, so that another ha.cf does not change them
  fence NODE [--confirmed]
                    make sure by its devices that a node does nothing any more; with --confirmed nothing is done, as you
                    have made sure of it
  fence --history [--json]
                    who was fenced from here, and why
  check             read the configuration and say what it means
  doctor [--json]   what this kernel can do, tried in a namespace of its own, and what protects each address;
                    exit code 2 where something lacks
  directives        every directive of ha.cf, and what it does here
  format-disk [--force]
                    make the device that muster.yml names the cluster's quorum disk; run again it only gives new nodes a
                    place. With --force whatever was on it is lost, leases too: no musterd of the cluster may run then
  --arbiter         run as an arbiter, which only votes: it reads quorumd.conf and quorumd.d/*.conf, and serves many
                    clusters; \`musterd --arbiter status\` and \`check\` are about it

Options:
  --config-dir DIR  where the configuration is (default: ${defaultSettings.configDir})
  --run-dir DIR     where the control socket is (default: ${defaultSettings.runDir})
  --state-dir DIR   where the count of starts is kept (default: ${defaultSettings.stateDir})
  --node NAME       which node of ha.cf this is (default: what \`uname -n\` says)
  --no-realtime     do not ask for SCHED_FIFO
  --without-nftables
                    protect addresses by their lifetime (whole seconds; the lease must be 3 s or more), not by the gate
  --for, --since    a time like 30m or 2h
  --add, --remove   for reconfigure: which node or arbiter
  --confirmed, --history
                    see fence
  --json            status as JSON
  --force           see format-disk
  --version, --help

Examples:
  musterd check --config-dir ./ha.d
  musterd status --json
  musterd explain web
  musterd standby node2
  musterd move web node2 --for 1h
  musterd --arbiter status --json
`;

const options = {
  'config-dir': { type: 'string' },
  'run-dir': { type: 'string' },
  'state-dir': { type: 'string' },
  node: { type: 'string' },
  'no-realtime': { type: 'boolean' },
  'without-nftables': { type: 'boolean' },
  arbiter: { type: 'boolean' },
  json: { type: 'boolean' },
  for: { type: 'string' },
  since: { type: 'string' },
  failures: { type: 'boolean' },
  test: { type: 'boolean' },
  add: { type: 'string' },
  confirmed: { type: 'boolean' },
  history: { type: 'boolean' },
  remove: { type: 'string' },
  force: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** How many words may follow a command; none where it is not here. */
const operands: Readonly<Record<string, number>> = {
  explain: 1,
  journal: 1,
  standby: 1,
  online: 1,
  move: 2,
  clear: 1,
  maintenance: 2,
  history: 1,
  fence: 1,
};

/** Milliseconds of an option that is a time. */
function time(text: string | undefined, option: string): number | undefined {
  const ms = text === undefined ? undefined : parseDuration(text);
  if (text !== undefined && (ms === undefined || ms <= 0))
    throw new Problem('usage', `Cannot use ${option} as it must be a time like 30m or 2h: "${text}"`);
  return ms;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const [seen] = (error as Error).message.split('. ');
    throw new Problem('usage', `Cannot read the command line as musterd must know all of it: ${seen}`, {
      hint: 'musterd --help',
    });
  }
}

/** Runs one command; resolves to the exit code, for \`run\` when it was stopped. Throws a Problem. */
export async function main(args: readonly string[], program: { version: string; file: string }): Promise<number> {
  const { values, positionals } = parse(args);
  const [command, operand, second] = positionals;
  const settings: Settings = {
    configDir: values['config-dir'] ?? defaultSettings.configDir,
    runDir: values['run-dir'] ?? defaultSettings.runDir,
    stateDir: values['state-dir'] ?? defaultSettings.stateDir,
    node: values.node,
    realtime: values['no-realtime'] !== true,
    withoutNftables: values['without-nftables'] === true,
  };
  if (values.version) return say(`musterd ${program.version}`);
  if (values.help || command === 'help') return say(help.trimEnd());
  if (positionals.length - 1 > (operands[command ?? ''] ?? 0)) {
    throw new Problem(
      'usage',
      `Cannot read the command line as "${command}" must be all: "${positionals[1 + (operands[command ?? ''] ?? 0)]}" follows`,
    );
  }
  if (values.force === true && command !== 'format-disk')
    throw new Problem('usage', 'Cannot use --force as only format-disk knows it: another command is asked for');
  if (values.arbiter || (command === 'status' && onlyArbiterRuns(settings))) {
    const { arbiterCommand } = await import('./arbiter/cli.ts');
    const text = await arbiterCommand(command, settings, program, values.json === true);
    return text === undefined ? exitCodes.ok : say(text);
  }
  switch (command) {
    case 'run':
      return run(settings, program);
    case 'check':
      return say(describeConfiguration(settings.configDir));
    case 'doctor': {
      const { text, code } = await examine(settings.configDir, values.json === true);
      say(text);
      return code;
    }
    case 'directives':
      return say(describeDirectives().join('\n'));
    case 'format-disk':
      return say(await formatDisk(readConfiguration(settings.configDir).cluster, values.force === true));
    case 'status':
      return ask(settings, { request: 'status' }, values.json === true);
    case 'explain':
      return ask(settings, { request: 'explain', group: operand }, false);
    case 'journal':
      return ask(settings, { request: 'journal', group: operand }, values.json === true);
    case 'fence': {
      if (values.history === true) return ask(settings, { request: 'fence-history' }, values.json === true);
      if (operand === undefined) throw new Problem('usage', 'Cannot fence as a node must be named: none is');
      const { cluster } = readConfiguration(settings.configDir);
      const patience = longestFencingOf(cluster.fencing, operand) + changePatience;
      return ask(
        settings,
        { request: command, target: operand, confirmed: values.confirmed === true },
        false,
        patience,
      );
    }
    case 'reconfigure': {
      const { add, remove } = values;
      if (add !== undefined && remove !== undefined)
        throw new Problem(
          'usage',
          'Cannot change two voters as one must follow the other: --add and --remove are both there',
        );
      return ask(settings, { request: command, add, remove }, false, changePatience);
    }
    case 'standby':
    case 'online':
      return ask(settings, { request: command, node: operand }, false);
    case 'reload':
      return ask(settings, { request: command }, false);
    case 'move':
      return ask(settings, { request: command, group: operand, node: second, forMs: time(values.for, '--for') }, false);
    case 'clear':
      return ask(settings, { request: command, group: operand, failures: values.failures }, false);
    case 'maintenance': {
      if (operand !== 'on' && operand !== 'off')
        throw new Problem(
          'usage',
          `Cannot set maintenance as it must be "on" or "off": ${operand ?? 'nothing'} follows`,
        );
      return ask(settings, { request: command, on: operand === 'on', node: second }, false);
    }
    case 'alerts':
      return ask(settings, { request: command, test: values.test === true }, values.json === true, testPatience);
    case 'monitors':
      return ask(settings, { request: command }, values.json === true);
    case 'history':
      return say(showHistory(settings.stateDir, operand, time(values.since, '--since'), values.json === true));
    default:
      throw new Problem(
        'usage',
        `Cannot run command "${command ?? ''}" as it must be one that musterd knows: it is not`,
        {
          hint: 'musterd --help',
        },
      );
  }
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.ok;
}

async function run(settings: Settings, program: { version: string; file: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    // Without the helper nothing can be closed or handed over: the kernel's clock does it, and systemd starts us again.
    const fatal = (why: string): void => {
      process.stderr.write(`musterd: ${why}\n`);
      process.exit(exitCodes.defect);
    };
    let asked = '';
    let stop = (why: string): void => {
      asked = why;
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
    // Until there is somebody to reload, what is on the disk is about to be read anyway.
    let reload = (_: string): void => {};
    process.on('SIGHUP', () => reload('SIGHUP'));
    startDaemon(settings, program, fatal).then((daemon) => {
      stop = (why) => {
        daemon.stop(why).then(() => resolve(exitCodes.ok), reject);
      };
      reload = (why) => daemon.reload(why);
      if (asked !== '') stop(asked);
    }, reject);
  });
}

/** Milliseconds: who is told has some tries. */
const testPatience = 120_000;
/** Milliseconds: a change of the voters waits for leases and disks. */
const changePatience = 80_000;

async function ask(settings: Settings, request: ControlRequest, json: boolean, patience?: number): Promise<number> {
  const answer = await askMusterd(controlSocket(settings), request, patience);
  if ('status' in answer)
    return say(json ? JSON.stringify(answer.status, null, 2) : showStatus(answer.status, Date.now()));
  if ('journal' in answer)
    return say(answer.journal.map((line) => (json ? JSON.stringify(line) : showJournalLine(line))).join('\n'));
  if ('fencings' in answer)
    return say(json ? JSON.stringify(answer.fencings) : answer.fencings.map(showFencing).join('\n'));
  if ('alerts' in answer) {
    if (json) return say(JSON.stringify(answer.alerts));
    say(answer.alerts.map(showAlertTarget).join('\n') || 'nobody is told of anything');
    if (request.test !== true || answer.alerts.every(({ failed }) => failed === 0)) return exitCodes.ok;
    return exitCodes.hostFailed;
  }
  if ('monitors' in answer)
    return say(
      json ? JSON.stringify(answer.monitors) : answer.monitors.map(showMonitor).join('\n') || 'nothing is monitored',
    );
  if ('arbiter' in answer) throw new Problem('hostFailed', 'an arbiter answers, and no node');
  if (answer.ok) return say(answer.text);
  throw new Problem(answer.usage === true ? 'usage' : 'hostFailed', answer.text);
}

function describeFencing(fencing: Fencing | undefined): string[] {
  if (fencing === undefined) return [];
  const devices = fencing.devices.map(
    ({ name, agent, nodes }) => `${name} (${agent}) of ${Object.keys(nodes).join(', ')}`,
  );
  const lines = fencing.lines.map(({ directive, type }) => `${directive} ${type}`);
  return [`  * fencing: ${[...devices, ...lines].join('; ')}`];
}

function describeConfiguration(directory: string): string {
  const configuration = readConfiguration(directory);
  const { cluster, notes, hash } = configuration;
  const { keepalive, warntime, deadtime, initdead, lease } = cluster.timings;
  const links = cluster.links.map((link) =>
    link.method === 'ucast' ? `ucast ${link.device} ${link.peer}` : `${link.method} ${link.device}`,
  );
  const groups = cluster.groups.map(
    (group) =>
      `  * ${group.name}: ${
        addressesOf(group)
          .map(({ address }) => address)
          .join(', ') || 'no address'
      }, rather on ${group.preferred}`,
  );
  const services = cluster.services.map(
    (service) =>
      `  * ${serviceKey(service)} ${service.scheduler}: ${service.realServers.map(({ address, port }) => `${address}:${port}`).join(', ')}`,
  );
  return [
    `Cluster ${cluster.name} of ${cluster.nodes.join(', ')}, configuration ${hash}`,
    `  * links: ${links.join('; ')}; port ${cluster.udpPort}`,
    `  * keepalive ${showDuration(keepalive)}, warntime ${showDuration(warntime)}, deadtime ${showDuration(deadtime)}, initdead ${showDuration(initdead)}, lease ${showDuration(lease)}`,
    ...describeFencing(cluster.fencing),
    'Resource groups:',
    ...groups,
    ...(services.length === 0 ? [] : ['Virtual services:', ...services]),
    ...[...notes, ...configurationWarnings(configuration, directory)].map((note) => `note: ${note}`),
  ].join('\n');
}
