import { matchesPattern } from './known-hosts.ts';
import type { SshHostConfig } from './ssh-config.ts';

/** Names of algorithms in the order in which they are offered; what is missing is ours to choose. */
export interface AlgorithmLists {
  readonly kex?: readonly string[] | undefined;
  readonly cipher?: readonly string[] | undefined;
  readonly hmac?: readonly string[] | undefined;
  readonly hostKey?: readonly string[] | undefined;
}

interface Kind {
  readonly keyword: string;
  /** Cheap ones first; a subset of what OpenSSH's own defaults offer. */
  readonly usual: readonly string[];
  /** What else ssh2 can do, for who asks for it by name. */
  readonly more: readonly string[];
}

export const kinds: Readonly<Record<keyof AlgorithmLists, Kind>> = {
  kex: {
    keyword: 'kexalgorithms',
    usual: [
      'curve25519-sha256',
      'curve25519-sha256@libssh.org',
      'ecdh-sha2-nistp256',
      'ecdh-sha2-nistp384',
      'ecdh-sha2-nistp521',
      'diffie-hellman-group16-sha512',
      'diffie-hellman-group18-sha512',
      'diffie-hellman-group14-sha256',
    ],
    more: [
      'diffie-hellman-group-exchange-sha256',
      'diffie-hellman-group15-sha512',
      'diffie-hellman-group17-sha512',
      'diffie-hellman-group-exchange-sha1',
      'diffie-hellman-group14-sha1',
      'diffie-hellman-group1-sha1',
    ],
  },
  cipher: {
    keyword: 'ciphers',
    usual: [
      'aes128-gcm@openssh.com',
      'aes256-gcm@openssh.com',
      'chacha20-poly1305@openssh.com',
      'aes128-ctr',
      'aes192-ctr',
      'aes256-ctr',
    ],
    more: ['aes128-cbc', 'aes192-cbc', 'aes256-cbc', '3des-cbc'],
  },
  hmac: {
    keyword: 'macs',
    usual: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
    more: ['hmac-sha1-etm@openssh.com', 'hmac-sha1'],
  },
  hostKey: {
    keyword: 'hostkeyalgorithms',
    // RSA only with SHA-2, as OpenSSH.
    usual: [
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
      'rsa-sha2-512',
      'rsa-sha2-256',
    ],
    more: ['ssh-rsa'],
  },
};

/**
 * One list as ssh_config writes it: `a,b` instead of the usual ones, `+a` behind them, `^a` before them, `-a*` without.
 * Undefined where ssh2 cannot do what is asked for first: then it has to be OpenSSH.
 */
export function chooseAlgorithms(kind: Kind, setting: string): readonly string[] | undefined {
  const can = (name: string): boolean => kind.usual.includes(name) || kind.more.includes(name);
  const sign = /^[+^-]/.exec(setting)?.[0];
  const names = setting
    .slice(sign === undefined ? 0 : 1)
    .split(',')
    .filter((name) => name !== '');
  const left = kind.usual.filter((name) => !names.includes(name));
  switch (sign) {
    case '+':
      return [...kind.usual, ...names.filter((name) => can(name) && !kind.usual.includes(name))];
    case '-': {
      const kept = kind.usual.filter((name) => !names.some((pattern) => matchesPattern(pattern, name)));
      return kept.length > 0 ? kept : undefined;
    }
    case '^':
      return names[0] !== undefined && can(names[0]) ? [...names.filter(can), ...left] : undefined;
    default:
      return names[0] !== undefined && can(names[0]) ? names.filter(can) : undefined;
  }
}

/** The lists that ssh_config asks for, and the first line that ssh2 cannot obey. */
export function algorithmLists(settings: SshHostConfig): { lists: AlgorithmLists; beyond: string | undefined } {
  const lists: { -readonly [Key in keyof AlgorithmLists]: AlgorithmLists[Key] } = {};
  let beyond: string | undefined;
  for (const name of Object.keys(kinds) as (keyof AlgorithmLists)[]) {
    const kind = kinds[name];
    const setting = settings.first(kind.keyword);
    if (setting === undefined) continue;
    lists[name] = chooseAlgorithms(kind, setting);
    if (lists[name] === undefined) beyond ??= `${kind.keyword} ${setting}`;
  }
  return { lists, beyond };
}
