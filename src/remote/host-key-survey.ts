import ssh2 from 'ssh2';
import { kinds } from './algorithms.ts';
import { dial } from './dial.ts';
import { addKnownHost, knownEntries } from './host-key.ts';
import { fingerprint, judgeKey, keyType, knownHostLine } from './known-hosts.ts';
import { dialJump } from './open-session.ts';
import { endpoint } from './problems.ts';
import type { Target } from './types.ts';

/** Hosts that are looked at at once. */
const forks = 32;

/** Hosts that were looked at in this process: nobody is asked twice. */
const surveyed = new Set<string>();

/**
 * Asks one question about all hosts with `hostKeyChecking: ask` whose keys are not known, with their fingerprints, and keeps
 * those that are trusted. What is not answered with yes, or cannot be asked, stays unknown, and its login is refused.
 */
export async function surveyHostKeys(targets: readonly Target[]): Promise<void> {
  const asked = targets.filter(
    (target) =>
      target.hostKeyChecking === 'ask' && target.access?.questions !== undefined && !surveyed.has(place(target)),
  );
  const unknown: { target: Target; key: Buffer }[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let target = asked[next++]; target !== undefined; target = asked[next++]) {
      surveyed.add(place(target));
      const entries = await knownEntries(target);
      const key = await shownKey(target);
      // A host that is not there is told of by the login that follows.
      if (key === undefined) continue;
      if (judgeKey(entries, target.hostKeyAlias ?? target.address, target.port, key).kind === 'new')
        unknown.push({ target, key });
    }
  };
  await Promise.all(Array.from({ length: Math.min(forks, asked.length) }, lane));
  if (unknown.length === 0) return;
  unknown.sort((a, b) => asked.indexOf(a.target) - asked.indexOf(b.target));
  const lines = unknown.map(({ target, key }) => {
    return `  ${target.name} (${endpoint(target)}) ${keyType(key)} ${fingerprint(key)}\n`;
  });
  const question = `Not known yet:\n${lines.join('')}Trust ${lines.length === 1 ? 'it' : `all ${lines.length}`}? [yes/no] `;
  const answer = await unknown[0]!.target.access!.questions!.line(question);
  if (!/^y(es)?$/i.test(answer.trim())) return;
  for (const { target, key } of unknown) {
    const file = target.knownHostsFiles[0];
    if (file === undefined) continue;
    const line = knownHostLine(target.hostKeyAlias ?? target.address, target.port, key, target.hashKnownHosts ?? false);
    await addKnownHost(file, line);
  }
}

function place(target: Target): string {
  return `${target.hostKeyAlias ?? target.address} ${target.port}`;
}

/** The key that a host shows, by a connection that goes no further than that; undefined where it shows none in time. */
async function shownKey(target: Target): Promise<Buffer | undefined> {
  const client = new ssh2.Client();
  const giveUp = AbortSignal.timeout(target.connectTimeoutMs);
  try {
    return await new Promise<Buffer | undefined>((resolve) => {
      giveUp.addEventListener('abort', () => resolve(undefined), { once: true });
      client.on('error', () => resolve(undefined)).on('close', () => resolve(undefined));
      dial(target, giveUp, dialJump).then(
        (stream) => {
          stream.on('error', () => {});
          client.connect({
            sock: stream,
            username: target.user,
            algorithms: { serverHostKey: [...kinds.hostKey.usual] as never },
            hostVerifier: (key: Buffer) => {
              resolve(key);
              return false;
            },
          });
        },
        () => resolve(undefined),
      );
    });
  } finally {
    client.destroy();
  }
}
