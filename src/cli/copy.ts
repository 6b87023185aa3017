import { Readable } from 'node:stream';
import { Command } from 'commander';
import { showBytes } from '../base/bytes.ts';
import { Problem } from '../base/problem.ts';
import type { Host } from '../model/inventory.ts';
import { type Parcel, packParcel, parcelStream } from '../remote/parcel.ts';
import type { HostOutcome } from '../remote/pool.ts';
import { shellQuote } from '../remote/quote.ts';
import type { Connection } from '../remote/types.ts';
import { unpackProgram } from '../remote/unpack-program.ts';
import { renderWord } from './fan-out/command-template.ts';
import { withInterrupt } from './fan-out/interrupt.ts';
import { type FanOutOptions, type RollingOptions, withFanOutOptions, withRollingOptions } from './fan-out/options.ts';
import { reach } from './fan-out/reach.ts';
import { relay } from './fan-out/relay.ts';
import { Screen } from './fan-out/screen.ts';
import { concludeTransfer, plainJson, workOnHosts } from './fan-out/work.ts';

interface Options extends FanOutOptions, RollingOptions {
  readonly sudo?: boolean;
  readonly template?: boolean;
  readonly tree?: boolean;
}

/** Who sent it: we, or another host. */
interface Copied {
  readonly by: 'controller' | 'tree';
}

/** Sends the parcel to one host; `sent` is told of every piece on its way. */
async function send(
  connection: Connection,
  parcel: Parcel,
  destination: string,
  options: Options,
  signal: AbortSignal,
  sent: (bytes: number) => void,
): Promise<void> {
  const source = (async function* () {
    for await (const piece of parcelStream(parcel)) {
      yield piece;
      sent(piece.length);
    }
  })();
  const result = await connection.exec(unpackProgram({ tops: parcel.tops, destination }), {
    as: options.sudo ? 'root' : 'user',
    stdin: Readable.from(source, { objectMode: false }),
    signal,
  });
  if (result.rc === 0) return;
  const said = result.stderr.toString().trim();
  const changed = /: FAILED$/m.test(said);
  const seen = said.split('\n').at(-1) || `exit code ${result.rc ?? result.signal}`;
  const { name } = connection.target;
  const message = `Cannot copy to "${destination}" on host "${name}" as everything must be in place there: ${seen}`;
  throw new Problem('hostFailed', message, {
    hint: changed ? 'a file whose checksum fails has changed here while it was copied' : undefined,
  });
}

async function copy(pattern: string, paths: string[], options: Options): Promise<void> {
  const destination = paths.at(-1);
  const sources = paths.slice(0, -1);
  if (destination === undefined || destination === '' || sources.length === 0) {
    throw new Problem('usage', 'Cannot copy as a source here and a destination there must be named: one is missing', {
      hint: 'muster copy PATTERN FILE... DESTINATION',
    });
  }
  const hosts = await reach(pattern, options);
  const place = (host: Host): string => (options.template ? renderWord(destination, host) : destination);
  const places = new Map(hosts.hosts.map((host) => [host.name, place(host)]));
  const parcel = await packParcel(sources);
  const whole = parcel.bytes * hosts.targets.length;
  let done = 0;
  const names = hosts.targets.map((target) => target.name);
  const screen = new Screen(names, () => `${showBytes(Math.min(done, whole))} of ${showBytes(whole)}`);
  const tell = (outcome: HostOutcome<Copied>): void => {
    if (!options.json) return;
    const value = outcome.state === 'ok' ? outcome.value : {};
    screen.out(
      `${plainJson(outcome, { destination: places.get(outcome.target.name), bytes: parcel.bytes, ...value })}\n`,
    );
  };
  const outcomes = new Map<string, HostOutcome<Copied>>();
  if (options.tree) {
    const started = performance.now();
    const byName = new Map(hosts.targets.map((target) => [target.name, target]));
    const has = (host: string): void => {
      const seconds = (performance.now() - started) / 1000;
      const outcome = { target: byName.get(host)!, state: 'ok', seconds, value: { by: 'tree' } } as const;
      outcomes.set(host, outcome);
      done += parcel.bytes;
      screen.ended(host);
      tell(outcome);
    };
    const programOf = (host: string): string => {
      const program = unpackProgram({ tops: parcel.tops, destination: places.get(host)! });
      return options.sudo && byName.get(host)!.user !== 'root'
        ? `sudo -n -H -- /bin/sh -c ${shellQuote(program)}`
        : program;
    };
    const request = { targets: hosts.targets, programOf, parcel: () => parcelStream(parcel), has };
    await withInterrupt(
      () => screen.missing(),
      (signal) => relay({ ...request, signal }),
    );
  }
  const left = { ...hosts, targets: hosts.targets.filter(({ name }) => !outcomes.has(name)) };
  const direct = await workOnHosts<Copied>(
    left,
    options,
    screen,
    async (connection, { name }, signal) => {
      await send(connection, parcel, places.get(name)!, options, signal, (bytes) => {
        done += bytes;
      });
      return { by: 'controller' };
    },
    tell,
  );
  for (const outcome of direct) outcomes.set(outcome.target.name, outcome);
  const all = names.map((name) => outcomes.get(name)!);
  const files = parcel.files === 1 ? 'one file' : `${parcel.files} files`;
  process.exitCode = concludeTransfer(hosts, all, options, `${files}, ${showBytes(parcel.bytes)}`);
}

/** `muster copy PATTERN FILE... DESTINATION`. */
export function copyCommand(): Command {
  const command = new Command('copy')
    .description(
      'Copy files and folders to many hosts: checksums compared (SHA-256), mode and times kept, each file replaced at once.',
    )
    .argument('<pattern>', 'hosts as node[1-3], @group, all, a,b!c')
    .argument(
      '<paths...>',
      'files and folders here, and at the end the destination there; in a folder if it ends with /',
    );
  return withRollingOptions(withFanOutOptions(command))
    .option('--sudo', 'as root through sudo')
    .option(
      '--tree',
      'from host to host: three get it from here, each sends it to two more; lends them our keys meanwhile',
    )
    .option('--template', 'the destination may hold {{ host }} and any variable of the inventory')
    .addHelpText(
      'after',
      `
Examples:
  muster copy -i inventory/lab.yml all motd /etc/motd
  muster copy -i inventory/lab.yml @web site/ /srv/www          what is in site/ into /srv/www; other files there stay
  muster copy -i inventory/lab.yml @web a.conf b.conf /etc/app/  into the folder /etc/app
  muster copy -i inventory/lab.yml all key.pem '/etc/app/{{ host }}.pem' --template --sudo`,
    )
    .action(copy);
}
