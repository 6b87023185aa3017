import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { nearest } from '../base/nearest.ts';
import { Problem } from '../base/problem.ts';
import type { Target } from '../remote/types.ts';
import { isPopulated } from './cgroup.ts';
import { dialSocket } from './gateway.ts';
import { keyFile, knownHostsFile } from './keys.ts';
import { nodePaths } from './names.ts';
import { readState } from './state.ts';
import type { LabPaths } from './types.ts';
import { waitUntil } from './wait.ts';

function open(path: string, what: string, lab: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) =>
      reject(
        new Problem('hostUnreachable', `Cannot reach ${what} as lab "${lab}" must be up: ${error.message}`, {
          hint: `muster lab up --lab ${lab}`,
        }),
      ),
    );
  });
}

/** The name if the lab has such a node; else a Problem('usage') with the nearest one. */
export async function requireNode(paths: LabPaths, name: string): Promise<string> {
  const known = ((await readState(paths))?.nodes ?? []).map((node) => node.name);
  if (known.includes(name)) return name;
  if (known.length === 0) {
    throw new Problem('hostUnreachable', `Cannot reach "${name}" as lab "${paths.name}" must be up: it is not`, {
      hint: `muster lab up --lab ${paths.name}`,
    });
  }
  const close = nearest(name, known);
  throw new Problem(
    'usage',
    `Cannot find node "${name}" as it must be in lab "${paths.name}": it has ${known.join(', ')}`,
    {
      hint: close === undefined ? undefined : `did you mean ${close}?`,
    },
  );
}

/** A stream to the node's sshd. It ends at once where the node refuses, and hangs as a dead machine's would where it is off. */
export async function dialNode(paths: LabPaths, node: string): Promise<Duplex> {
  return open(nodePaths(paths, await requireNode(paths, node)).sshSocket, `"${node}"`, paths.name);
}

/** A stream to an address and port in the lab's network, as its client would open it. */
export async function dialAddress(paths: LabPaths, address: string, port: number): Promise<Duplex> {
  const socket = await open(dialSocket(paths), `${address}:${port}`, paths.name);
  socket.write(`${address} ${port}\n`);
  return socket;
}

/** How the controller reaches the node: root, the lab's key and known hosts, checked strictly. */
export function labTarget(paths: LabPaths, node: { name: string; address: string }): Target {
  return {
    name: node.name,
    address: node.address,
    port: 22,
    user: 'root',
    identityFiles: [keyFile(paths)],
    knownHostsFiles: [knownHostsFile(paths)],
    hostKeyChecking: 'strict',
    connectTimeoutMs: 10_000,
    dial: () => dialNode(paths, node.name),
  };
}

/** Standard input and output as one stream to the node's sshd: what OpenSSH's ProxyCommand runs. */
export async function connectStdio(paths: LabPaths, node: string): Promise<void> {
  const stream = await dialNode(paths, node);
  process.stdin.pipe(stream).pipe(process.stdout);
  await new Promise<void>((resolve) => {
    stream.once('error', () => resolve());
    stream.once('close', () => resolve());
    process.stdout.once('error', () => resolve());
  });
  stream.destroy();
  process.stdin.destroy();
}

function greets(path: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => done(false), timeoutMs);
    socket.once('data', (chunk) => done(chunk.toString('latin1').startsWith('SSH-')));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
}

/** Whether sshd on the node greets within `timeoutMs`. */
export const answersSsh = (paths: LabPaths, node: string, timeoutMs = 3000): Promise<boolean> =>
  greets(nodePaths(paths, node).sshSocket, timeoutMs);

/** Resolves when sshd greets; a Problem('hostUnreachable') names the console log where it does not in time. */
export async function waitForSsh(
  paths: LabPaths,
  node: string,
  { timeoutMs = 60_000, signal }: { timeoutMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  let answers = false;
  const answersOrIsOff = async (): Promise<boolean> => {
    answers = await answersSsh(paths, node, 400);
    return answers || !(await isPopulated(paths.name, node));
  };
  const known = await waitUntil(answersOrIsOff, { timeoutMs, everyMs: 50, signal });
  if (answers) return;
  const seen = known ? 'its machine has ended' : `it is silent for ${timeoutMs / 1000} s`;
  const hint = `its console: ${nodePaths(paths, node).console}`;
  throw new Problem('hostUnreachable', `Cannot reach "${node}" as its sshd must answer: ${seen}`, { hint });
}
