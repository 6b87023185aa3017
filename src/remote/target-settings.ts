import { kinds } from './algorithms.ts';
import { matchesPattern } from './known-hosts.ts';
import type { SshHostConfig } from './ssh-config.ts';
import type { Authentication } from './types.ts';

const all: readonly Authentication[] = ['publickey', 'keyboard-interactive', 'password'];

const switches: Readonly<Record<Authentication, string>> = {
  publickey: 'pubkeyauthentication',
  'keyboard-interactive': 'kbdinteractiveauthentication',
  password: 'passwordauthentication',
};

/** Which ways to log in are tried, in which order: PreferredAuthentications, less what is switched off. */
export function authentications(settings: SshHostConfig): readonly Authentication[] {
  const preferred = settings.first('preferredauthentications')?.split(',');
  const order = preferred === undefined ? all : all.filter((name) => preferred.includes(name));
  const wanted =
    preferred === undefined ? order : order.toSorted((a, b) => preferred.indexOf(a) - preferred.indexOf(b));
  return wanted.filter((name) => settings.first(switches[name])?.toLowerCase() !== 'no');
}

/** Our variables that SendEnv names (`-PATTERN` takes names back), then SetEnv's; the first line of SetEnv counts. */
export function environment(
  settings: SshHostConfig,
  own: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> | undefined {
  const names = new Set<string>();
  for (const word of settings.all('sendenv')) {
    const pattern = word.startsWith('-') ? word.slice(1) : word;
    for (const name of word.startsWith('-') ? names : Object.keys(own)) {
      if (!matchesPattern(pattern, name)) continue;
      if (word.startsWith('-')) names.delete(name);
      else names.add(name);
    }
  }
  const values: Record<string, string> = {};
  for (const name of names) values[name] = own[name] ?? '';
  for (const word of settings.words('setenv') ?? []) {
    const at = word.indexOf('=');
    if (at > 0) values[word.slice(0, at)] = word.slice(at + 1);
  }
  return Object.keys(values).length > 0 ? values : undefined;
}

/** Settings that ssh2 has nothing for, with the values that ask for nothing. */
const beyond: Readonly<Record<string, RegExp>> = {
  certificatefile: /^none$/i,
  pkcs11provider: /^none$/i,
  canonicalizehostname: /^no$/i,
  knownhostscommand: /^none$/i,
  revokedhostkeys: /^none$/i,
  verifyhostkeydns: /^(no|ask)$/i,
  hostbasedauthentication: /^no$/i,
  proxyusefdpass: /^no$/i,
};

/** Whether PubkeyAcceptedAlgorithms rules a signature out that ssh2 might make; Fedora's own list, for one, does not. */
function restrictsSignatures(setting: string): boolean {
  const { usual } = kinds.hostKey;
  if (/^[+^]/.test(setting)) return false;
  const without = setting.startsWith('-');
  const patterns = setting.slice(without ? 1 : 0).split(',');
  const listed = (name: string): boolean => patterns.some((pattern) => matchesPattern(pattern, name));
  return without ? usual.some(listed) : !usual.every(listed);
}

/** The first setting that only OpenSSH can obey, in words. */
export function onlyOpenSsh(settings: SshHostConfig): string | undefined {
  const signatures = settings.first('pubkeyacceptedalgorithms');
  if (signatures !== undefined && restrictsSignatures(signatures)) return `pubkeyacceptedalgorithms ${signatures}`;
  for (const [keyword, nothing] of Object.entries(beyond)) {
    const value = settings.first(keyword);
    if (value !== undefined && !nothing.test(value)) return `${keyword} ${value}`;
  }
  const preferred = settings.first('preferredauthentications');
  if (preferred !== undefined && !preferred.split(',').some((name) => (all as readonly string[]).includes(name))) {
    return `preferredauthentications ${preferred}`;
  }
  return undefined;
}
