import type { Problem } from '../base/problem.ts';
import { endpoint, unreachable } from './problems.ts';
import type { Target } from './types.ts';

/** The connection was closed before sshd said who it is (MaxStartups); worth another try. */
export function isDroppedEarly(said: string): boolean {
  return /kex_exchange_identification: .*(closed|reset)/i.test(said);
}

/** Puts what `ssh` said before it ended into our words; the last line where we know none. */
export function explainSsh(target: Target, said: string): Problem {
  const at = endpoint(target);
  const lines = said.trim().split(/\r?\n/);
  const seen = (pattern: RegExp): RegExpExecArray | null => pattern.exec(said);
  const offending = seen(/Offending (?:\S+ )?key in (.+:\d+)/);
  const shown = seen(/(SHA256:[A-Za-z0-9+/]+)/)?.[1] ?? 'another';
  if (offending !== null) {
    const hint = 'somebody may be in between; if the host was reinstalled: ssh-keygen -R removes the old key';
    return unreachable(target, `its host key must be the one in ${offending[1]}`, `it shows ${shown} instead`, hint);
  }
  if (seen(/revoked/i) !== null) return unreachable(target, 'its host key must not be revoked', lines.at(-1)!);
  if (seen(/Host key verification failed/) !== null) {
    const files = target.knownHostsFiles.join(' or ') || 'a known_hosts file';
    return unreachable(target, `its host key must stand in ${files}`, 'no entry is for it');
  }
  const denied = seen(/Permission denied(?: \((.*)\))?/);
  if (denied !== null) {
    const ways = denied[1] === undefined ? '' : ` (${denied[1]})`;
    // A token that is not plugged in, a key that cannot be read: that is why, more often than the host.
    const own = [...said.matchAll(/^(?:sign_and_send_pubkey: (signing failed .+)|(Load key .+))$/gm)];
    const why = own.map((match) => `; ${(match[1] ?? match[2])!.trim()}`).join('');
    return unreachable(target, `"${target.user}" must be let in`, `OpenSSH was refused${ways}${why}`);
  }
  if (seen(/Could not resolve hostname/) !== null) {
    return unreachable(target, 'its address must resolve', `"${target.address}" does not`);
  }
  if (seen(/Connection refused/) !== null)
    return unreachable(target, `sshd must answer on ${at}`, 'connection refused');
  if (seen(/No route to host|Network is unreachable/) !== null) {
    return unreachable(target, `sshd must answer on ${at}`, 'no route to it');
  }
  if (seen(/timed out/i) !== null) {
    return unreachable(target, `sshd must answer on ${at}`, `no answer within ${target.connectTimeoutMs / 1000} s`);
  }
  return unreachable(target, 'OpenSSH must get through to it', lines.at(-1) || 'it ended without a word');
}
