import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * The known_hosts format of OpenSSH (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): plain and hashed names, `[host]:port`,
 * wildcards and negation, `@revoked`. `@cert-authority` lines are kept apart: host certificates are not ours to check.
 */
export interface KnownHost {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly marker: 'revoked' | 'cert-authority' | undefined;
  readonly patterns: string;
  readonly keyType: string;
  /** The key as on the wire, in base64. */
  readonly key: string;
}

/** The entries of one file; lines that are none are left out, as OpenSSH does. */
export function parseKnownHosts(file: string, text: string): KnownHost[] {
  const entries: KnownHost[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const words = raw.trim().split(/[ \t]+/);
    if (words[0] === undefined || words[0] === '' || words[0].startsWith('#')) continue;
    let marker: KnownHost['marker'];
    if (words[0].startsWith('@')) {
      const name = words.shift()!.slice(1);
      if (name !== 'revoked' && name !== 'cert-authority') continue;
      marker = name;
    }
    const [patterns, keyType, key] = words;
    if (patterns === undefined || keyType === undefined || key === undefined) continue;
    entries.push({ file, line: index + 1, marker, patterns, keyType, key });
  }
  return entries;
}

/** The name that a host key is filed under: bare at port 22, `[host]:port` elsewhere; lower case as OpenSSH does. */
export function knownHostName(address: string, port: number): string {
  return port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;
}

function hashedName(name: string, salt: Buffer): Buffer {
  return createHmac('sha1', salt).update(name).digest();
}

function matchesHashed(pattern: string, name: string): boolean {
  const [, version, salt, hash] = pattern.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  const wanted = Buffer.from(hash, 'base64');
  const seen = hashedName(name, Buffer.from(salt, 'base64'));
  return wanted.length === seen.length && timingSafeEqual(wanted, seen);
}

/** `*` and `?` as in OpenSSH's patterns, without backtracking that could blow up. */
export function matchesPattern(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let mark = 0;
  let index = 0;
  while (index < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      mark = index;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[index])) {
      at++;
      index++;
    } else if (star !== -1) {
      at = star + 1;
      index = ++mark;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** True where a comma-separated list of patterns names the host; one negated match excludes it. */
export function namesHost(patterns: string, name: string): boolean {
  if (patterns.startsWith('|')) return matchesHashed(patterns, name);
  let found = false;
  for (const pattern of patterns.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), name)) return false;
    } else if (matchesPattern(pattern, name)) {
      found = true;
    }
  }
  return found;
}

export type KeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'new' }
  | { readonly kind: 'revoked'; readonly entry: KnownHost }
  | { readonly kind: 'changed'; readonly entry: KnownHost };

/** The host key's type, which its wire form begins with. */
export function keyType(key: Buffer): string {
  return key.length < 4 ? '' : key.toString('latin1', 4, 4 + key.readUInt32BE(0));
}

/**
 * What the files say about a key. A host that is known by keys of other types only counts as changed as well:
 * else somebody in between could pass by offering the one type that is not on file.
 */
export function judgeKey(entries: readonly KnownHost[], address: string, port: number, key: Buffer): KeyVerdict {
  const seen = key.toString('base64');
  const name = knownHostName(address, port);
  const bare = address.toLowerCase();
  // By the key first: a thousand hosts in a thousand hashed lines would take a million hashes by the name.
  const same = entries.filter((entry) => entry.key === seen);
  const revoked = same.find((entry) => entry.marker === 'revoked' && namesEither(entry.patterns, name, bare));
  if (revoked !== undefined) return { kind: 'revoked', entry: revoked };
  if (same.some((entry) => entry.marker === undefined && namesHost(entry.patterns, name))) return { kind: 'known' };
  const own = entries.filter((entry) => entry.marker === undefined && namesHost(entry.patterns, name));
  const type = keyType(key);
  const changed = own.find((entry) => entry.keyType === type) ?? own[0];
  if (changed !== undefined) return { kind: 'changed', entry: changed };
  // As OpenSSH: an entry without the port vouches for the same key at another port, and says nothing against others.
  const vouched = same.some((entry) => entry.marker === undefined && namesHost(entry.patterns, bare));
  return vouched ? { kind: 'known' } : { kind: 'new' };
}

function namesEither(patterns: string, name: string, bare: string): boolean {
  return namesHost(patterns, name) || namesHost(patterns, bare);
}

/** Whether a certificate authority is trusted for the host: then it may show a certificate, which OpenSSH can check. */
export function hasAuthority(entries: readonly KnownHost[], address: string, port: number): boolean {
  const name = knownHostName(address, port);
  return entries.some((entry) => entry.marker === 'cert-authority' && namesHost(entry.patterns, name));
}

/** The types of the keys on file for a host: the ones that are asked for first. */
export function knownKeyTypes(entries: readonly KnownHost[], address: string, port: number): string[] {
  const name = knownHostName(address, port);
  const own = entries.filter((entry) => entry.marker === undefined && namesHost(entry.patterns, name));
  return [...new Set(own.map((entry) => entry.keyType))];
}

/** The line that makes a key known, without a line end. */
export function knownHostLine(address: string, port: number, key: Buffer, hash: boolean): string {
  let name = knownHostName(address, port);
  if (hash) {
    const salt = randomBytes(20);
    name = `|1|${salt.toString('base64')}|${hashedName(name, salt).toString('base64')}`;
  }
  return `${name} ${keyType(key)} ${key.toString('base64')}`;
}

/** `SHA256:...` as `ssh-keygen -l` shows it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}
