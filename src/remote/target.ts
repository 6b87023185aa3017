import { homedir } from 'node:os';
import { resolve as absolute, join } from 'node:path';
import { Problem } from '../base/problem.ts';
import type { Host } from '../model/inventory.ts';
import { algorithmLists } from './algorithms.ts';
import type { Access } from './secret.ts';
import { hostTokens, type SshConfig, type SshHostConfig, sshConfigFor } from './ssh-config.ts';
import { expandEnvironment, expandHome, expandTokens, localUser, sshSeconds } from './ssh-config-words.ts';
import { authentications, environment, onlyOpenSsh } from './target-settings.ts';
import type { HostKeyChecking, OpenSshName, Persist, Target, TransportName } from './types.ts';

/** Those that need a token come last: they only count where there is no other. */
const defaultIdentities = ['id_ed25519', 'id_ecdsa', 'id_rsa', 'id_ed25519_sk', 'id_ecdsa_sk'];
const defaultConnectTimeoutMs = 10_000;
/** The longest that a timer can wait is 24 days; that is ControlPersist without a time. */
const longestIdleMs = 24 * 86_400_000;
/** More hops than this are a loop. */
const mostHops = 16;

/** ssh_config's words. Who never said anything gets `accept-new`. */
const checkings: Readonly<Record<string, HostKeyChecking>> = {
  yes: 'strict',
  'accept-new': 'accept-new',
  ask: 'ask',
  no: 'off',
  off: 'off',
};

/** What the command line says about SSH; it wins over inventory and ssh_config. */
export interface TargetOptions {
  readonly hostKeyChecking?: HostKeyChecking | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly transport?: TransportName | undefined;
  readonly access?: Access | undefined;
  readonly persist?: Persist | undefined;
  /** The command that starts the background process, for hosts whose ssh_config wants connections kept open. */
  readonly persistStart?: readonly string[] | undefined;
}

/** What is known of a host before ssh_config is asked. */
interface Wanted {
  /** For messages: as the inventory or a ProxyJump names it. */
  readonly title: string;
  /** As ssh_config's patterns see it. */
  readonly name: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  readonly identityFile?: string | undefined;
  readonly proxyCommand?: string | undefined;
  /** The hops before it, where somebody else's ProxyJump names them; `none`: none. */
  readonly proxyJump?: string | undefined;
}

/**
 * Where and how a host is reached: the inventory first, then ssh_config under the address that the inventory gives,
 * then OpenSSH's defaults. Throws `Problem('badInput')` for a name that a shell could take for something else.
 */
export function targetOf(host: Host, config: SshConfig, options: TargetOptions = {}): Target {
  const { address: name, persist, ...ssh } = host.ssh;
  return resolve({ title: host.name, name, ...ssh }, config, { ...options, ...persistBy(persist, options) }, 0);
}

/** What the inventory says about open connections, where the command line says nothing. */
function persistBy(
  said: Host['ssh']['persist'],
  { persist, persistStart }: TargetOptions,
): Pick<TargetOptions, 'persist' | 'persistStart'> {
  if (said === undefined || persist !== undefined || persistStart === undefined) return { persist, persistStart };
  if (said === 'off') return { persist, persistStart: undefined };
  return { persist: { idleMs: Math.min(said, longestIdleMs), start: persistStart }, persistStart };
}

function resolve(wanted: Wanted, config: SshConfig, options: TargetOptions, hops: number): Target {
  const { title, name } = wanted;
  // Before ssh_config is asked: its `Match exec` gives them to a shell.
  for (const word of [name, wanted.user ?? '']) requireHarmless(title, word);
  const settings = sshConfigFor(config, name, wanted);
  const address = expandTokens(settings.first('hostname') ?? '%h', { h: name, '%': '%' });
  const user = wanted.user ?? settings.first('user') ?? localUser();
  const port = wanted.port ?? portOf(title, settings) ?? 22;
  for (const word of [address, user]) requireHarmless(title, word);
  const hostKeyAlias = settings.first('hostkeyalias');
  const tokens = hostTokens({ name, address, user, port, hostKeyAlias, jump: settings.first('proxyjump') });
  // Whole paths, as the background process of --persist is somewhere else.
  const path = (text: string): string => absolute(expandHome(expandEnvironment(expandTokens(text, tokens))));
  const files = [...(wanted.identityFile === undefined ? [] : [wanted.identityFile]), ...settings.all('identityfile')];
  const { lists, beyond } = algorithmLists(settings);
  const seconds = time(title, settings, 'connecttimeout');
  const said = options.hostKeyChecking ?? checkings[settings.first('stricthostkeychecking')?.toLowerCase() ?? ''];
  const agent = settings.first('identityagent');
  return {
    name: title,
    address,
    port,
    user,
    identityFiles: files.filter((file) => file !== 'none').map(path),
    ...(files.length === 0 && { identityFiles: defaultIdentities.map((file) => join(homedir(), '.ssh', file)) }),
    identitiesOnly: isYes(settings, 'identitiesonly'),
    knownHostsFiles: knownHostsFiles(settings).map(path),
    hostKeyChecking: said ?? (settings.first('stricthostkeychecking') === undefined ? 'accept-new' : 'strict'),
    hashKnownHosts: isYes(settings, 'hashknownhosts'),
    hostKeyAlias,
    connectTimeoutMs: options.connectTimeoutMs ?? (seconds === undefined ? defaultConnectTimeoutMs : seconds * 1000),
    keepAlive: keepAliveOf(title, settings),
    dial: undefined,
    ...way(wanted, settings, config, options, tokens, hops),
    addressFamily: ({ inet: 4, inet6: 6 } as const)[settings.first('addressfamily')?.toLowerCase() as 'inet'],
    bindAddress: settings.first('bindaddress'),
    algorithms: lists,
    authentications: authentications(settings),
    environment: environment(settings, process.env),
    forwardAgent: isYes(settings, 'forwardagent'),
    identityAgent: agent === undefined || agent === 'SSH_AUTH_SOCK' ? undefined : agentPath(agent, path),
    // Somebody who asked for BatchMode is not to be asked anything.
    access: isYes(settings, 'batchmode') ? { ...options.access, questions: undefined } : options.access,
    transport: options.transport,
    persist: options.persist ?? persistOf(title, settings, options.persistStart),
    needsOpenSsh: beyond ?? onlyOpenSsh(settings),
    openSsh: { ...ownWords(wanted), configFile: configFileOf(config) },
  };
}

function ownWords({
  name,
  user,
  port,
  identityFile,
  proxyCommand,
  proxyJump,
}: Wanted): Omit<OpenSshName, 'configFile'> {
  return { name, user, port, identityFile, proxyCommand, proxyJump };
}

function configFileOf({ file }: SshConfig): string | undefined {
  return file === undefined || file === 'none' ? file : absolute(file);
}

function agentPath(setting: string, path: (text: string) => string): string {
  if (setting === 'none') return setting;
  return setting.startsWith('$') && !setting.startsWith('${')
    ? (process.env[setting.slice(1)] ?? 'none')
    : path(setting);
}

function isYes(settings: SshHostConfig, keyword: string): boolean {
  return /^(yes|true)$/i.test(settings.first(keyword) ?? '');
}

/** ProxyCommand or ProxyJump, of the inventory or of ssh_config. */
function way(
  wanted: Wanted,
  settings: SshHostConfig,
  config: SshConfig,
  options: TargetOptions,
  tokens: Readonly<Record<string, string>>,
  hops: number,
): Pick<Target, 'proxyCommand' | 'jump'> {
  const own = wanted.proxyCommand ?? (wanted.proxyJump === undefined ? settings.line('proxycommand') : undefined);
  if (own !== undefined) return own === 'none' ? {} : { proxyCommand: expandTokens(own, tokens) };
  const jump = wanted.proxyJump ?? settings.first('proxyjump');
  if (jump === undefined || jump === 'none') return {};
  if (hops >= mostHops) throw bad(wanted.title, 'jump hosts must not lead in circles', `"${jump}" does`);
  const list = jump.split(',').map((hop) => hop.trim());
  const last = list.pop()!;
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:@]+)(?::(\d+))?$/.exec(expandTokens(last, tokens));
  if (match === null) throw bad(wanted.title, 'ProxyJump must read user@host:port', `"${jump}"`);
  const [, user, bracketed, port] = match;
  const name = bracketed!.replace(/^\[|\]$/g, '');
  const before = list.length > 0 ? list.join(',') : undefined;
  const hop = { title: name, name, user, port: port === undefined ? undefined : Number(port), proxyJump: before };
  // What the command line says about the transport and --persist is about the host itself; a hop takes what it needs.
  return {
    jump: resolve(
      hop,
      config,
      { ...options, transport: undefined, persist: undefined, persistStart: undefined },
      hops + 1,
    ),
  };
}

/** ControlPersist, where ControlMaster shares connections at all. */
function persistOf(title: string, settings: SshHostConfig, start: readonly string[] | undefined): Persist | undefined {
  const master = settings.first('controlmaster')?.toLowerCase() ?? 'no';
  const wanted = settings.first('controlpersist')?.toLowerCase() ?? 'no';
  const shares = master !== 'no' && settings.first('controlpath')?.toLowerCase() !== 'none';
  if (start === undefined || !shares || wanted === 'no') return undefined;
  const seconds = wanted === 'yes' ? 0 : (time(title, settings, 'controlpersist') ?? 0);
  return { start, idleMs: seconds === 0 ? longestIdleMs : Math.min(seconds * 1000, longestIdleMs) };
}

function knownHostsFiles(settings: SshHostConfig): string[] {
  const own = settings.words('userknownhostsfile') ?? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
  const shared = settings.words('globalknownhostsfile') ?? ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];
  return [...own, ...shared].filter((file) => file !== 'none');
}

function keepAliveOf(title: string, settings: SshHostConfig): Target['keepAlive'] {
  const seconds = time(title, settings, 'serveraliveinterval');
  if (seconds === undefined) return undefined;
  return { intervalMs: seconds * 1000, count: Number(settings.first('serveralivecountmax') ?? 3) || 3 };
}

function time(title: string, settings: SshHostConfig, keyword: string): number | undefined {
  const text = settings.first(keyword);
  if (text === undefined || text === 'none') return undefined;
  const seconds = sshSeconds(text);
  if (seconds === undefined) throw bad(title, `${keyword} in ssh_config must be a time`, `"${text}"`);
  return keyword === 'connecttimeout' && seconds === 0 ? undefined : seconds;
}

function portOf(title: string, settings: SshHostConfig): number | undefined {
  const text = settings.first('port');
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw bad(title, 'port in ssh_config must be a number', `"${text}"`);
}

/** Names end up in a ProxyCommand's shell; as OpenSSH does, what could be an option or shell syntax is refused. */
function requireHarmless(title: string, word: string): void {
  if (!/^-|[\s'"`$\\;&<>|(){}\0]/.test(word)) return;
  throw bad(title, 'names must not look like options or shell syntax', `"${word}" does`);
}

function bad(title: string, must: string, seen: string): Problem {
  return new Problem('badInput', `Cannot reach host "${title}" as ${must}: ${seen}`);
}
