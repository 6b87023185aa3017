import type { Duplex } from 'node:stream';
import type { Client, ParsedKey } from 'ssh2';

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void;

/** What we use of ssh2's inside; the version is pinned, and `test/loopback/remote-economy.test.ts` holds what it does. */
interface Inside {
  readonly _protocol: {
    authPK(user: string, key: ParsedKey, algorithm?: string, sign?: Sign): void;
    readonly _handlers: {
      GLOBAL_REQUEST(protocol: unknown, name: string, wantsReply: boolean, data: unknown): void;
    };
  };
}

/**
 * Leaves out what ssh2 does and nobody needs, after `client.connect` and before the first packet: a question whether the
 * host would take a key that is signed with at once in any case (a turn, and a look into authorized_keys), and the proof
 * of the host's other keys, which nobody keeps (a signature there and its check here).
 */
export function economize(client: Client): void {
  const { _protocol: protocol } = client as unknown as Inside;
  const authPK = protocol.authPK.bind(protocol);
  protocol.authPK = (user, key, algorithm, sign) => {
    if (sign !== undefined || key.type !== 'ssh-ed25519' || !key.isPrivateKey()) {
      return authPK(user, key, algorithm, sign);
    }
    // A key of another kind is cheaper to ask about than to sign with.
    authPK(user, key, algorithm, (data, done) => done(key.sign(data) as Buffer));
  };
  const handlers = protocol._handlers;
  const onGlobalRequest = handlers.GLOBAL_REQUEST;
  handlers.GLOBAL_REQUEST = (self, name, wantsReply, data) => {
    if (name === 'hostkeys-00@openssh.com' && !wantsReply) return;
    onGlobalRequest(self, name, wantsReply, data);
  };
}

/** What is written in one turn of the event loop leaves in one system call: a login has some ten packets, most in pairs. */
export function gatherWrites(stream: Duplex): void {
  let gathering = false;
  const write = stream.write;
  const gathered = (...words: Parameters<typeof write>): boolean => {
    if (!gathering) {
      gathering = true;
      stream.cork();
      setImmediate(() => {
        gathering = false;
        stream.uncork();
      });
    }
    return Reflect.apply(write, stream, words) as boolean;
  };
  stream.write = gathered as typeof write;
}
