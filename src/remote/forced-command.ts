import type { Client } from 'ssh2';

/** What we use of ssh2's inside; the version is pinned, and `test/loopback/remote-ahead.test.ts` holds what it does. */
interface Inside {
  readonly _protocol: { readonly _handlers: { DEBUG?: (protocol: unknown, display: boolean, text: string) => void } };
}

/**
 * Listens, after `client.connect` and before the first packet, for what sshd says of the key that lets us in (`ssh -v` shows
 * it as well). Returns whether that key has a `command=` of its own, which runs instead of whatever is asked for.
 */
export function hearForcedCommand(client: Client): () => boolean {
  let forced = false;
  (client as unknown as Inside)._protocol._handlers.DEBUG = (_protocol, _display, text) => {
    if (/: key options:(?: \S+)*? command(?: |$)/.test(text)) forced = true;
  };
  return () => forced;
}
