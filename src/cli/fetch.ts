import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command } from 'commander';
import { showBytes } from '../base/bytes.ts';
import { Problem } from '../base/problem.ts';
import { renderWord } from './fan-out/command-template.ts';
import { type FanOutOptions, type RollingOptions, withFanOutOptions, withRollingOptions } from './fan-out/options.ts';
import { reach } from './fan-out/reach.ts';
import { receive } from './fan-out/receive.ts';
import { Screen } from './fan-out/screen.ts';
import { concludeTransfer, plainJson, workOnHosts } from './fan-out/work.ts';

interface Options extends FanOutOptions, RollingOptions {
  readonly sudo?: boolean;
  readonly template?: boolean;
}

interface Fetched {
  readonly bytes: number;
  readonly warning: string;
}

async function fetch(pattern: string, paths: string[], options: Options): Promise<void> {
  const folder = paths.at(-1);
  const remote = paths.slice(0, -1);
  const nameless = remote.find((path) => ['', '.', '..', '/', '~'].includes(basename(path)));
  if (folder === undefined || remote.length === 0 || nameless !== undefined) {
    const seen = nameless === undefined ? 'one is missing' : `"${nameless}" has no name of its own`;
    throw new Problem('usage', `Cannot fetch as files there and a folder here must be named: ${seen}`, {
      hint: 'muster fetch PATTERN FILE... FOLDER',
    });
  }
  const there = await stat(folder).catch(() => undefined);
  if (there?.isDirectory() === false) {
    throw new Problem('badInput', `Cannot fetch into "${folder}" as it must be a folder here: it is none`);
  }
  const hosts = await reach(pattern, options);
  const pathsOf = new Map(
    hosts.hosts.map((host) => [host.name, remote.map((path) => (options.template ? renderWord(path, host) : path))]),
  );
  let done = 0;
  const screen = new Screen([...pathsOf.keys()], () => showBytes(done));
  const outcomes = await workOnHosts<Fetched>(
    hosts,
    options,
    screen,
    async (connection, { name }, signal) => {
      let bytes = 0;
      const received = (count: number): void => {
        bytes += count;
        done += count;
      };
      const request = { paths: pathsOf.get(name)!, folder, sudo: options.sudo === true, signal, received };
      const warning = await receive(connection, request);
      return { bytes, warning };
    },
    (outcome) => {
      const value = outcome.state === 'ok' ? outcome.value : { bytes: 0, warning: '' };
      if (options.json) screen.out(`${plainJson(outcome, { ...value, folder: `${folder}/${outcome.target.name}` })}\n`);
      else if (value.warning !== '') screen.error(`${outcome.target.name}: ${value.warning}\n`);
    },
  );
  process.exitCode = concludeTransfer(hosts, outcomes, options, `${showBytes(done)} into ${folder}/HOST`);
}

/** `muster fetch PATTERN FILE... FOLDER`. */
export function fetchCommand(): Command {
  const command = new Command('fetch')
    .description(
      "Get files and folders of many hosts, each host's into a folder of its own; checksums compared (SHA-256).",
    )
    .argument('<pattern>', 'hosts as node[1-3], @group, all, a,b!c')
    .argument('<paths...>', 'files and folders there, and at the end the folder here: FOLDER/HOST/NAME');
  return withRollingOptions(withFanOutOptions(command))
    .option('--sudo', 'as root through sudo')
    .option('--template', 'the paths may hold {{ host }} and any variable of the inventory')
    .addHelpText(
      'after',
      `
Examples:
  muster fetch -i inventory/lab.yml all /etc/fstab found        found/node1/fstab, found/node2/fstab, ...
  muster fetch -i inventory/lab.yml @web /etc/ha.d /var/log/syslog backup --sudo`,
    )
    .action(fetch);
}
