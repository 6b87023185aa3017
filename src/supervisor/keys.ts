import { type Authkeys, weakness } from '../linux-ha/authkeys.ts';
import type { Keyring } from '../wire/authentication.ts';

/** Keys as the wire wants them: all that prove who speaks are accepted, the active one signs. */
export function keyringOf({ active, keys }: Authkeys): Keyring {
  const strong = keys.filter(({ method }) => weakness(method) === undefined);
  return {
    signWith: active,
    secrets: new Map(strong.map(({ id, secret }) => [id, secret])),
    sha1: new Set(strong.filter(({ method }) => method === 'sha1').map(({ id }) => id)),
  };
}

/** A sentence for each key that is in the file and is not accepted. */
export function refusedKeys({ keys }: Authkeys): string[] {
  return keys.flatMap(({ id, method }) => {
    const why = weakness(method);
    return why === undefined ? [] : [`authkeys: what key ${id} signs is not accepted: ${why}`];
  });
}

/** `accepts keys 1 (sha1) and 2 (sha256), signs with 2`. */
export function describeKeys(authkeys: Authkeys): string {
  const strong = authkeys.keys.filter(({ method }) => weakness(method) === undefined);
  const named = strong.map(({ id, method }) => `${id} (${method})`).join(', ');
  return `accepts ${strong.length === 1 ? 'key' : 'keys'} ${named}, signs with ${authkeys.active}`;
}
