import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../base/duration.ts';
import type { Host } from '../model/inventory.ts';
import type { Access, Secret } from '../remote/secret.ts';
import type { HostKeyChecking, Persist, TransportName } from '../remote/types.ts';
import { askingAt } from './ask.ts';

/** What a person says about SSH on the command line; the same for every host of the run. */
export interface SshOptions {
  readonly hostKeyChecking?: HostKeyChecking;
  readonly sshConfig?: string;
  readonly transport?: TransportName | 'auto';
  readonly askPass?: boolean;
  readonly askBecomePass?: boolean;
  readonly askPerGroup?: boolean;
  /** How long connections stay open after their last use, in milliseconds. */
  readonly persist?: number | 'off';
}

let said: SshOptions = {};

/** What was said on the command line; nothing where the command has none of these options. */
export function sshOptions(): SshOptions {
  return said;
}

/** The options of every command that reaches hosts over SSH; `targetsOf` obeys them. */
export function withSshOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--host-key-checking <how>', 'what to do about unknown host keys (default: accept-new)').choices([
        'strict',
        'accept-new',
        'ask',
        'off',
      ]),
    )
    .option('-F, --ssh-config <file>', "the only ssh_config to read; none: no file (default: the user's, the system's)")
    .option('-k, --ask-pass', 'ask once for the password that logs in, where no key does')
    .option('-K, --ask-become-pass', "ask once for sudo's password")
    .option('--ask-per-group', 'with -k and -K: one question for each group of hosts')
    .addOption(
      new Option('--transport <which>', 'who speaks SSH; auto: ssh2, or OpenSSH where ssh_config needs it')
        .choices(['auto', 'ssh2', 'openssh'])
        .default('auto'),
    )
    .addOption(
      new Option(
        '--persist <duration>',
        'keep connections open for so long after their last use (default: ControlPersist of ssh_config; off: not)',
      )
        .env('MUSTER_PERSIST')
        .argParser(persistMs),
    )
    .hook('preAction', (_command, action) => {
      said = action.opts<SshOptions>();
    });
}

function persistMs(text: string): number | 'off' {
  if (text === 'off') return text;
  const value = parseDuration(text);
  if (value === undefined || value <= 0)
    throw new InvalidArgumentError('It must be a duration like 60s or 10m, or off.');
  return value;
}

/** How connections are kept open: as the command line says, or as ssh_config does, by a process of this same program. */
export function persistence(): { persist: Persist | undefined; persistStart: readonly string[] | undefined } {
  const start = [process.execPath, ...process.execArgv, process.argv[1]!, 'agent', 'serve'];
  if (said.persist === 'off') return { persist: undefined, persistStart: undefined };
  return { persist: said.persist === undefined ? undefined : { idleMs: said.persist, start }, persistStart: start };
}

/** Passwords by group of hosts (or one for all), each asked for once. */
const accesses = new Map<string, Promise<Access>>();

/** What the host's login may use beyond keys; asks for the passwords that the command line wants. */
export function accessTo(host: Host): Promise<Access> {
  // The last group is the one nearest to the host.
  const group = said.askPerGroup ? (host.groups.at(-1) ?? 'all') : 'all';
  let access = accesses.get(group);
  if (access === undefined) {
    const previous = [...accesses.values()].at(-1) ?? Promise.resolve();
    access = previous.then(() => ask(group));
    accesses.set(group, access);
  }
  return access;
}

async function ask(group: string): Promise<Access> {
  const questions = askingAt();
  const of = said.askPerGroup ? ` of ${group}` : '';
  const secret = async (wanted: boolean | undefined, question: string): Promise<Secret | undefined> =>
    wanted ? await questions.secret(question) : undefined;
  const password = await secret(said.askPass, `SSH password${of}: `);
  return { questions, password, sudoPassword: await secret(said.askBecomePass, `sudo password${of}: `) };
}
