import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './command.ts';
import { labHosts } from './names.ts';
import { entryCommand } from './self.ts';
import type { LabPaths } from './types.ts';

export interface KeyPair {
  /** OpenSSH's private key format. */
  readonly privateKey: string;
  /** One line, as in `authorized_keys`. */
  readonly publicKey: string;
}

/** All keys of one lab: the operator's, and one host key a node. */
export interface LabKeys {
  readonly client: KeyPair;
  readonly hosts: Readonly<Record<string, KeyPair>>;
}

export const keyFile = (paths: LabPaths): string => join(paths.stateDir, 'keys', 'lab');
export const knownHostsFile = (paths: LabPaths): string => join(paths.stateDir, 'known_hosts');
/** `ssh -F` this file reaches every node by its name, with any program that calls OpenSSH. */
export const sshConfigFile = (paths: LabPaths): string => join(paths.stateDir, 'ssh_config');

async function keyPair(file: string, comment: string): Promise<KeyPair> {
  await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
  return { privateKey: await readFile(file, 'utf8'), publicKey: await readFile(`${file}.pub`, 'utf8') };
}

/** Makes the lab's keys, and with them `known_hosts` (strict from the first login) and `ssh_config`. */
export async function createKeys(paths: LabPaths, count: number): Promise<LabKeys> {
  const hosts = labHosts(count);
  await mkdir(join(paths.stateDir, 'keys'), { mode: 0o700 });
  const [client, ...pairs] = await Promise.all([
    keyPair(keyFile(paths), `muster lab ${paths.name}`),
    ...hosts.map(({ name }) => keyPair(join(paths.stateDir, 'keys', `host-${name}`), name)),
  ]);
  const known = hosts.map(({ name, address, address6 }, index) => {
    const [type, key] = pairs[index]!.publicKey.split(' ');
    return `${name},${address},${address6} ${type} ${key}\n`;
  });
  await writeFile(knownHostsFile(paths), known.join(''));
  // ssh_config(5): %n is the name that was asked for, and any other percent sign is doubled.
  const words = entryCommand('connect', ['NODE', '--lab', paths.name]).map((word) => word.replaceAll('%', '%%'));
  const proxy = words.map((word) => (word === 'NODE' ? "'%n'" : `'${word}'`));
  await writeFile(
    sshConfigFile(paths),
    `Host ${hosts.map(({ name }) => name).join(' ')}
  User root
  IdentityFile ${keyFile(paths)}
  IdentitiesOnly yes
  UserKnownHostsFile ${knownHostsFile(paths)}
  StrictHostKeyChecking yes
  LogLevel ERROR
  ProxyCommand ${proxy.join(' ')}
`,
  );
  return { client: client!, hosts: Object.fromEntries(hosts.map(({ name }, index) => [name, pairs[index]!])) };
}
