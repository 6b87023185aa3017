import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../base/problem.ts';
import type { Host } from '../model/inventory.ts';
import { proxyCommand } from './dial.ts';
import { expandHome, type SshConfig, type SshHostConfig, splitWords, sshConfigFor } from './ssh-config.ts';
import type { HostKeyChecking, Target } from './types.ts';

const defaultIdentities = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const defaultConnectTimeoutMs = 10_000;

/** ssh_config's words; who never said anything gets `accept-new`, and so does who is to be asked. */
const checkings: Readonly<Record<string, HostKeyChecking>> = {
  yes: 'strict',
  'accept-new': 'accept-new',
  ask: 'accept-new',
  no: 'off',
  off: 'off',
};

/** What the command line says about SSH; it wins over inventory and ssh_config. */
export interface TargetOptions {
  readonly hostKeyChecking?: HostKeyChecking | undefined;
  readonly connectTimeoutMs?: number | undefined;
}

/**
 * Where and how a host is reached: the inventory first, then ssh_config under the address that the inventory gives,
 * then OpenSSH's defaults. Throws `Problem('badInput')` for a name that a shell could take for something else.
 */
export function targetOf(host: Host, config: SshConfig, options: TargetOptions = {}): Target {
  const { ssh } = host;
  const settings = sshConfigFor(config, ssh.address, ssh.user);
  const address = settings.first('hostname')?.replaceAll('%h', ssh.address).replaceAll('%%', '%') ?? ssh.address;
  const user = ssh.user ?? settings.first('user') ?? userInfo().username;
  const port = ssh.port ?? numberOf(host, settings, 'port') ?? 22;
  for (const word of [address, user]) requireHarmless(host, word);
  const tokens = {
    '%': '%',
    h: address,
    n: ssh.address,
    p: String(port),
    r: user,
    d: homedir(),
    u: userInfo().username,
  };
  const command = ssh.proxyCommand ?? settings.first('proxycommand') ?? jumpCommand(host, settings.first('proxyjump'));
  const seconds = numberOf(host, settings, 'connecttimeout');
  const files = [...(ssh.identityFile === undefined ? [] : [ssh.identityFile]), ...settings.all('identityfile')];
  return {
    name: host.name,
    address,
    port,
    user,
    identityFiles:
      files.length > 0
        ? files.map((file) => expandHome(expandTokens(splitWords(file)[0] ?? file, tokens)))
        : defaultIdentities.map((name) => join(homedir(), '.ssh', name)),
    identitiesOnly: settings.first('identitiesonly')?.toLowerCase() === 'yes',
    knownHostsFiles: knownHostsFiles(settings).map((file) => expandHome(expandTokens(file, tokens))),
    hostKeyChecking:
      options.hostKeyChecking ?? checkings[settings.first('stricthostkeychecking')?.toLowerCase() ?? 'ask'] ?? 'strict',
    hashKnownHosts: settings.first('hashknownhosts')?.toLowerCase() === 'yes',
    hostKeyAlias: settings.first('hostkeyalias'),
    connectTimeoutMs: options.connectTimeoutMs ?? (seconds === undefined ? defaultConnectTimeoutMs : seconds * 1000),
    dial: command === undefined || command === 'none' ? undefined : proxyCommand(expandTokens(command, tokens)),
  };
}

/** `%h` and its like; a token that is not in the list stays as it is. */
function expandTokens(text: string, tokens: Readonly<Record<string, string>>): string {
  return text.replace(/%(.)/g, (whole, token: string) => tokens[token] ?? whole);
}

function knownHostsFiles(settings: SshHostConfig): string[] {
  const own = settings.first('userknownhostsfile') ?? '~/.ssh/known_hosts ~/.ssh/known_hosts2';
  const shared = settings.first('globalknownhostsfile') ?? '/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2';
  return [...splitWords(own), ...splitWords(shared)].filter((file) => file !== 'none');
}

function numberOf(host: Host, settings: SshHostConfig, keyword: string): number | undefined {
  const text = settings.first(keyword);
  if (text === undefined || text === 'none') return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw new Problem(
    'badInput',
    `Cannot reach host "${host.name}" as ${keyword} in ssh_config must be a number: "${text}"`,
  );
}

/** A jump host is a ProxyCommand of the system's ssh, which knows keys and further hops by itself. */
function jumpCommand(host: Host, jump: string | undefined): string | undefined {
  if (jump === undefined || jump === 'none') return undefined;
  const hops = jump.split(',').map((hop) => hop.trim().replace(/^ssh:\/\//, ''));
  for (const hop of hops) requireHarmless(host, hop);
  const last = /^(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(hops.pop()!);
  if (last === null) {
    throw new Problem('badInput', `Cannot reach host "${host.name}" as ProxyJump must read user@host:port: "${jump}"`);
  }
  const [, user, name, port] = last;
  const words = [
    ...(hops.length === 0 ? [] : ['-J', hops.join(',')]),
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', port]),
  ];
  return `ssh ${words.join(' ')} -W '[%h]:%p' -- ${name!.replace(/^\[|\]$/g, '')}`;
}

/** Names end up in a ProxyCommand's shell; as OpenSSH does, what could be an option or shell syntax is refused. */
function requireHarmless(host: Host, word: string): void {
  if (!/^-|[\s'"`$\\;&<>|(){}\0]/.test(word)) return;
  throw new Problem(
    'badInput',
    `Cannot reach host "${host.name}" as names must not look like options or shell syntax: "${word}" does`,
  );
}
