import { access } from 'node:fs/promises';
import { agentSocket } from './agent-socket.ts';
import { knownEntries } from './host-key.ts';
import { identityIn, isBeyond } from './identities.ts';
import { agentKeyTypes } from './key-agents.ts';
import { hasAuthority } from './known-hosts.ts';
import { LoginRefused, NoCommonAlgorithm, unreachable } from './problems.ts';
import type { Target, TransportName } from './types.ts';

/**
 * Who speaks SSH to a host: what the command line says, else ssh2, else OpenSSH where ssh_config, a key or known_hosts
 * asks for something that only OpenSSH can do. Rejects where that is impossible.
 */
export async function chooseTransport(target: Target): Promise<TransportName> {
  const chosen = target.transport ?? ((await onlyOpenSsh(target)) === undefined ? 'ssh2' : 'openssh');
  if (chosen === 'openssh' && target.dial !== undefined) {
    const seen = "its stream is the lab's";
    throw unreachable(target, 'OpenSSH must find the way to it by itself', seen, 'leave --transport openssh out');
  }
  return chosen;
}

/**
 * Whether OpenSSH may get in where ssh2 did not, if nobody chose between them: it knows more algorithms, and has keys that
 * ssh2 could not even try.
 */
export async function mayBeForOpenSsh(target: Target, error: unknown): Promise<boolean> {
  if (target.transport !== undefined || target.dial !== undefined) return false;
  if (error instanceof NoCommonAlgorithm) return true;
  if (!(error instanceof LoginRefused) || target.authentications?.includes('publickey') === false) return false;
  const files = await Promise.all(target.identityFiles.map(identityIn));
  if (files.some(({ kind }) => kind === 'beyond')) return true;
  const socket = agentSocket(target);
  return socket !== undefined && target.identitiesOnly !== true && (await agentKeyTypes(socket)).some(isBeyond);
}

/** What only OpenSSH can do for this host, in words; undefined: nothing. */
async function onlyOpenSsh(target: Target): Promise<string | undefined> {
  if (target.dial !== undefined) return undefined;
  if (target.needsOpenSsh !== undefined) return target.needsOpenSsh;
  const [authority, files] = await Promise.all([
    trustsAuthority(target),
    Promise.all(
      target.identityFiles.map(async (file) => {
        const [certified, identity] = await Promise.all([exists(`${file}-cert.pub`), identityIn(file)]);
        return { file, certified, identity };
      }),
    ),
  ]);
  const certificate = files.find(({ certified }) => certified);
  if (certificate !== undefined) return `the certificate ${certificate.file}-cert.pub`;
  const plain = files.some(({ identity }) => identity.kind === 'key' || identity.kind === 'locked');
  for (const { file, identity } of files) {
    if (identity.kind === 'beyond' && !plain) return `the key ${file} (${identity.type})`;
  }
  return authority ? 'a certificate authority for hosts' : undefined;
}

async function trustsAuthority(target: Target): Promise<boolean> {
  if (target.hostKeyChecking === 'off') return false;
  const name = target.hostKeyAlias ?? target.address;
  return hasAuthority(await knownEntries(target), name, target.port);
}

const existing = new Map<string, { readonly at: number; readonly looking: Promise<boolean> }>();
/** For how long a look counts; a background process lives longer than a run. In milliseconds. */
const freshMs = 10_000;

/** Looked up once for all hosts. */
function exists(file: string): Promise<boolean> {
  const known = existing.get(file);
  if (known !== undefined && performance.now() - known.at < freshMs) return known.looking;
  const looking = access(file).then(
    () => true,
    () => false,
  );
  existing.set(file, { at: performance.now(), looking });
  return looking;
}
