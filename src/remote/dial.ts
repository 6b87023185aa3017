import { spawn } from 'node:child_process';
import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { readsIntoShared } from './lent-reads.ts';
import type { Target } from './types.ts';

/** How a stream through the target's jump host is opened. */
export type DialJump = (target: Target) => Promise<Duplex>;

/**
 * Opens the byte stream to sshd. Without Nagle's algorithm: it makes every exchange wait for a delayed ACK (40 ms).
 * Rejects with the system's error, or with a `Problem`; `signal` gives up and leaves no socket behind.
 */
export async function dial(target: Target, signal: AbortSignal, dialJump: DialJump): Promise<Duplex> {
  const through = otherWay(target, dialJump);
  if (through !== undefined) {
    const stream = await through();
    if ('setNoDelay' in stream && typeof stream.setNoDelay === 'function') stream.setNoDelay(true);
    if (signal.aborted) stream.destroy();
    return stream;
  }
  return await new Promise((resolve, reject) => {
    const socket: Socket = connectTcp({
      onread: readsIntoShared(() => socket),
      host: target.address,
      port: target.port,
      noDelay: true,
      ...(target.addressFamily !== undefined && { family: target.addressFamily }),
      ...(target.bindAddress !== undefined && { localAddress: target.bindAddress }),
    });
    // Nothing is read before ssh2 listens and lets it flow.
    socket.pause();
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function otherWay(target: Target, dialJump: DialJump): (() => Promise<Duplex>) | undefined {
  if (target.dial !== undefined) return target.dial;
  if (target.proxyCommand !== undefined) return proxyCommand(target.proxyCommand);
  return target.jump === undefined ? undefined : () => dialJump(target);
}

/** The standard streams of a command as one stream, as ssh_config's ProxyCommand has it; it dies with the stream. */
export function proxyCommand(command: string): () => Promise<Duplex> {
  return async () => {
    // `exec` as OpenSSH does, so that ending the child ends the command and not only a shell around it. Ctrl-C is not for
    // it: what runs on the host is ended through it. A session of its own would take away the terminal that it may ask at.
    const child = spawn('/bin/sh', ['-c', `trap '' INT; exec ${command}`], { stdio: ['pipe', 'pipe', 'pipe'] });
    const said: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    const stream = new Duplex({
      read: () => child.stdout.resume(),
      // A command that reads no more is about to end, and its end says why.
      write: (chunk, _encoding, done) => void child.stdin.write(chunk, () => done()),
      final: (done) => void child.stdin.end(() => done()),
      destroy: (error, done) => {
        child.kill();
        done(error);
      },
    });
    child.stdin.on('error', () => {});
    child.stdout.on('data', (chunk: Buffer) => {
      if (!stream.push(chunk)) child.stdout.pause();
    });
    child.on('error', (error) => stream.destroy(error));
    // The end comes with the command's, not with its output's: only then is it known whether it was a failure.
    child.on('close', (code) => {
      if (stream.destroyed) return;
      if (code === 0) return void stream.push(null);
      const last = Buffer.concat(said).toString().trim().split('\n').at(-1);
      stream.destroy(new Error(`ProxyCommand ended with ${code ?? 'a signal'}${last ? `: ${last}` : ''}`));
    });
    return stream;
  };
}
