import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { nodePaths } from './names.ts';
import { readState } from './state.ts';
import type { LabPaths } from './types.ts';

/** Socket that takes one line `ADDRESS PORT` and then is a stream to that place in the lab's network. */
export const dialSocket = (paths: LabPaths): string => join(paths.stateDir, 'ssh', 'dial.sock');

/** Joins the two streams until both have ended; what breaks one breaks the other. */
function join2(near: Socket, far: Socket): void {
  near.pipe(far);
  far.pipe(near);
  const end = (): void => {
    near.destroy();
    far.destroy();
  };
  near.on('error', end).on('close', () => far.destroy());
  far.on('error', end).on('close', () => near.destroy());
}

function reach(near: Socket, host: string, port: number): void {
  const far = connect({ host, port, allowHalfOpen: true, noDelay: true });
  join2(near, far);
}

/** Reads the first line byte-exactly: what follows it already belongs to the stream. */
function withFirstLine(near: Socket, then: (line: string) => void): void {
  let seen = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    const end = seen.indexOf(0x0a);
    if (end < 0 && seen.length <= 100) return;
    near.off('data', read);
    near.pause();
    if (end < 0) {
      near.destroy();
      return;
    }
    if (end + 1 < seen.length) near.unshift(seen.subarray(end + 1));
    then(seen.subarray(0, end).toString());
  };
  near.on('data', read);
  near.on('error', () => near.destroy());
}

async function listen(path: string, accept: (socket: Socket) => void): Promise<void> {
  await rm(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

/**
 * Runs in the client's network namespace for as long as the lab is up. Unix sockets are reached by path from every
 * network namespace, so this process is the only bridge between the host and the lab, and no route is needed.
 */
export async function serveGateway(paths: LabPaths): Promise<void> {
  const state = await readState(paths);
  if (state === undefined) throw new Error(`no lab in ${paths.stateDir}`);
  for (const { name, address } of state.nodes) {
    await listen(nodePaths(paths, name).sshSocket, (near) => reach(near, address, 22));
  }
  await listen(dialSocket(paths), (near) =>
    withFirstLine(near, (line) => {
      const match = /^([0-9a-fA-F.:]+) (\d{1,5})$/.exec(line);
      if (match === null) near.destroy();
      else reach(near, match[1]!, Number(match[2]));
    }),
  );
}
