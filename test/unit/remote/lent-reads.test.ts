import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import type { Client } from 'ssh2';
import type { Channel } from '../../../src/remote/channel.ts';
import { lendReads, readsIntoShared } from '../../../src/remote/lent-reads.ts';

/** What ssh2 has inside and does not name in its types. */
interface Cipher {
  allocPacket(length: number): Buffer;
  encrypt(packet: Buffer): void;
}
interface Decipher {
  decrypt(data: Buffer, from: number, to: number): unknown;
}

const crypto = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js') as {
  CIPHER_INFO: Record<string, object>;
  createCipher(config: object): Cipher;
  createDecipher(config: object): Decipher;
  init: Promise<void>;
};

describe('output that is lent, however the network cuts it', () => {
  before(() => crypto.init);

  /** A socket that is read from as `dial` has it, and the decipher of ssh2 behind it; both ends of one cipher. */
  function pair(): { send: (payload: Buffer) => Buffer; receive: (bytes: Buffer) => void; got: Buffer[] } {
    const [key, iv] = [randomBytes(16), randomBytes(12)];
    const written: Buffer[] = [];
    const got: Buffer[] = [];
    const info = crypto.CIPHER_INFO['aes128-gcm@openssh.com'];
    const cipher = crypto.createCipher({
      outbound: {
        onWrite: (bytes: Buffer) => written.push(bytes),
        cipherInfo: info,
        cipherKey: key,
        cipherIV: Buffer.from(iv),
        seqno: 0,
      },
    });
    const protocol = {
      _onPayload: (payload: Buffer) => void got.push(Buffer.from(payload)),
      _decipher: undefined as unknown as Decipher,
      _handlers: { CHANNEL_DATA: () => {} },
    };
    protocol._decipher = crypto.createDecipher({
      inbound: {
        onPayload: protocol._onPayload,
        decipherInfo: info,
        decipherKey: key,
        decipherIV: Buffer.from(iv),
        seqno: 0,
      },
    });
    const socket = new Socket();
    socket.on('data', (piece: Buffer) => void protocol._decipher.decrypt(piece, 0, piece.length));
    const { buffer, callback } = readsIntoShared(() => socket);
    lendReads(
      { _protocol: protocol, _chanMgr: { get: (): Channel | undefined => undefined } } as unknown as Client,
      socket,
    );
    return {
      got,
      send: (payload) => {
        const packet = cipher.allocPacket(payload.length);
        payload.copy(packet, 5);
        cipher.encrypt(packet);
        return Buffer.concat(written.splice(0));
      },
      receive: (bytes) => {
        bytes.copy(buffer as Buffer);
        callback(bytes.length, buffer as Buffer);
      },
    };
  }

  it('is what was sent, wherever one read ends and the next begins, of this host or of another', () => {
    const payloads = [
      Buffer.concat([Buffer.from([94]), randomBytes(60)]),
      Buffer.concat([Buffer.from([94]), randomBytes(90)]),
    ];
    const other = pair();
    const length = payloads.reduce((sum, payload) => sum + pair().send(payload).length, 0);
    for (let cut = 1; cut < length; cut++) {
      const { send, receive, got } = pair();
      const bytes = Buffer.concat(payloads.map(send));
      receive(bytes.subarray(0, cut));
      other.receive(other.send(Buffer.concat([Buffer.from([94]), randomBytes(300)])));
      receive(bytes.subarray(cut));
      assert.deepEqual(got, payloads, `cut after ${cut} of ${length} bytes`);
    }
  });
});
