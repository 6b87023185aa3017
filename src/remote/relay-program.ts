/** How hosts pass a parcel on to each other, so that the controller sends it only a few times. Pure. */
import { launch } from './launch.ts';
import { shellQuote } from './quote.ts';

/** One host of a delivery, and those that it passes the parcel on to. */
export interface RelayNode<T> {
  readonly host: T;
  readonly children: readonly RelayNode<T>[];
}

/** What a host has to know of another to reach it. */
export interface RelayHost {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Lines `TYPE KEY` of its host keys; undefined: any key will do, as host keys are not checked. */
  readonly hostKeys: readonly string[] | undefined;
  /** What it does with the parcel on its standard input. */
  readonly program: string;
}

/** Hosts that one host sends to at once: twice its uplink, and half the depth of a chain of pairs. */
const width = 2;

/** At most `roots` hosts get it from the controller, every host passes it on to two; the order stays. */
export function relayTree<T>(hosts: readonly T[], roots: number): RelayNode<T>[] {
  const count = Math.min(roots, hosts.length);
  return Array.from({ length: count }, (_, index) => {
    const from = Math.ceil((index * hosts.length) / count);
    const [host, ...others] = hosts.slice(from, Math.ceil(((index + 1) * hosts.length) / count));
    return { host: host as T, children: relayTree(others, width) };
  });
}

/** What every line on standard error that tells of a host begins with; then its name, encoded, and an exit code. */
const word = 'muster-relay';

/**
 * Text for `sh`: keeps the parcel by the host's own program and sends it on at the same time. Each host below says by a
 * line on standard error how it ended; a host that cannot be reached, or fails, keeps the others from nothing.
 */
export function relayProgram({ host, children }: RelayNode<RelayHost>): string {
  const says = (name: string): string => `echo "${word} ${Buffer.from(name).toString('base64url')} $?" >&2`;
  if (children.length === 0) return `(\n${host.program}\n)\n${says(host.name)}`;
  const branches = children.map((child, index) => {
    const { command, preamble } = launch(relayProgram(child));
    const known = child.host.hostKeys?.map((key) => `echo ${shellQuote(`muster ${key}`)}`).join('; ');
    return [
      ...(known === undefined ? [] : [`{ ${known}; } >"$r/known${index}"`]),
      `mkfifo "$r/pipe${index}" || exit 1`,
      `{ printf '%s\\n' ${shellQuote(preamble.trimEnd())}; cat "$r/pipe${index}"; } 2>/dev/null | ${sshTo(child, index)} ${shellQuote(command)} >/dev/null &`,
    ].join('\n');
  });
  const pipes = children.map((_, index) => `"$r/pipe${index}"`).join(' ');
  return [
    `r=$(umask 077; mktemp -d "\${TMPDIR:-/tmp}/muster-relay.XXXXXX") || exit 1`,
    `trap 'rm -rf "$r"' EXIT`,
    `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; trap 'exit 141' PIPE`,
    ...branches,
    // A branch that breaks must not end the others.
    `tee --output-error=warn-nopipe ${pipes} | (\n${host.program}\n)`,
    says(host.name),
    'wait',
  ].join('\n');
}

function sshTo({ host, children }: RelayNode<RelayHost>, index: number): string {
  const checked = host.hostKeys !== undefined;
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=10',
    'LogLevel=ERROR',
    'HostKeyAlias=muster',
    'GlobalKnownHostsFile=/dev/null',
    `StrictHostKeyChecking=${checked ? 'yes' : 'no'}`,
  ];
  const words = [
    ...['ssh', '-T', '-F', 'none', children.length > 0 ? '-A' : '-a', '-p', String(host.port), '-l', host.user],
    ...options.flatMap((option) => ['-o', option]),
  ].map(shellQuote);
  const known = checked ? `"UserKnownHostsFile=$r/known${index}"` : 'UserKnownHostsFile=/dev/null';
  return `${words.join(' ')} -o ${known} -- ${shellQuote(host.address)}`;
}

/** The hosts that have said that all went well, by name. */
export function relayed(stderr: string): Set<string> {
  const lines = stderr.matchAll(new RegExp(`^${word} ([\\w-]+) 0$`, 'gm'));
  return new Set([...lines].map((match) => Buffer.from(match[1]!, 'base64url').toString()));
}
