import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Listr } from 'listr2';
import { exitCodes, Problem } from '../base/problem.ts';
import { baseCache, dropCache, listCache } from '../lab/base-tree.ts';
import { dialAddress, requireNode } from '../lab/dial.ts';
import { sshConfigFile } from '../lab/keys.ts';
import { type LabStatus, labStatus, labUp, openLab } from '../lab/lab.ts';
import { resolveLabName } from '../lab/names.ts';

export interface LabOption {
  readonly lab?: string;
}

/** One line for the reader. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs `work` with a signal that Ctrl-C aborts, so that it can clean up; then it ends as "interrupted". */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  process.on('SIGINT', abort).on('SIGTERM', abort);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) throw new Problem('interrupted', 'interrupted; what was half done is cleaned up');
    throw error;
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}

/** One task with its latest line beside it on a terminal; plain lines elsewhere. */
export async function withProgress<T>(title: string, work: (tell: (line: string) => void) => Promise<T>): Promise<T> {
  if (!process.stdout.isTTY || !process.stdout.columns) return work((line) => say(`${title}: ${line}`));
  let result: { value: T } | undefined;
  const tasks = new Listr(
    [
      {
        title,
        task: async (_, task) => {
          result = {
            value: await work((line) => {
              task.output = line;
            }),
          };
        },
      },
    ],
    // Ctrl-C is ours: listr2 would end the process before the lab is cleaned up. Errors are shown by `present`, once.
    { registerSignalListeners: false, rendererOptions: { showErrorMessage: false } },
  );
  await tasks.run();
  return result!.value;
}

/** The lab for people: a line a node, a line a cut. */
export function showStatus({ name, up, gateway, links, nodes, cuts, slow }: LabStatus): void {
  if (!up) {
    say(`lab ${name} is down`);
    return;
  }
  say(`lab ${name} is up${gateway ? '' : ' (its gateway is not: muster lab up)'}`);
  for (const node of nodes) {
    const marks = [
      node.power === 'off' ? 'power off' : 'on',
      ...(node.frozen ? ['frozen'] : []),
      ...(node.busy ? ['busy'] : []),
      ...(node.squeezed ? ['short of memory'] : []),
      ...(node.diskFull ? ['disk full'] : []),
      ...(node.power === 'on' && !node.link ? ['cable pulled'] : []),
      ...(node.power === 'on' && links > 1 && !node.link2 ? ['second cable pulled'] : []),
      ...(node.power === 'on' && node.link && !node.ssh ? ['ssh silent'] : []),
    ];
    say(`  ${node.name.padEnd(7)} ${node.address.padEnd(11)} ${node.address6.padEnd(9)} ${marks.join(', ')}`);
  }
  for (const { from, to } of cuts) say(`  cut: ${from} -> ${to}`);
  for (const { from, to, delayMs, jitterMs, loss } of slow) {
    const delay = jitterMs > 0 ? `${delayMs} to ${delayMs + jitterMs}` : String(delayMs);
    say(`  slow: ${from} -> ${to}, ${delay} ms, ${Math.round(loss * 1000) / 10} % lost`);
  }
}

/** `muster lab up` */
export async function up(options: LabOption & { nodes?: number; links?: number; volume?: number }): Promise<void> {
  const name = resolveLabName(options.lab);
  const { changed } = await interruptible((signal) =>
    withProgress(`lab ${name}`, (onProgress) =>
      labUp({ name, nodes: options.nodes, links: options.links, volume: options.volume, onProgress, signal }),
    ),
  );
  if (!changed) say(`lab ${name} is up already`);
  showStatus(await labStatus(name));
}

/** `muster lab ssh`: OpenSSH in the foreground, with its exit code. */
export async function ssh(node: string, command: string[], { lab }: LabOption): Promise<void> {
  const { paths } = await openLab(lab);
  await requireNode(paths, node);
  const child = spawn('ssh', ['-F', sshConfigFile(paths), node, ...command], { stdio: 'inherit' });
  const ignore = (): void => {};
  // Ctrl-C belongs to the remote program; this process only waits for ssh to end.
  process.on('SIGINT', ignore);
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Problem('hostFailed', `Cannot reach "${node}" as the ssh client must run: ${error.message}`)),
    );
    child.once('close', (code) => resolve(code ?? exitCodes.interrupted));
  });
  process.off('SIGINT', ignore);
}

/** `muster lab browse`: a loopback port of this machine that is a place in the lab, until Ctrl-C. */
export async function browse({ lab, port, to }: LabOption & { port: number; to: string }): Promise<void> {
  const { paths } = await openLab(lab);
  const match = /^\[?([0-9a-f.:]+?)\]?:(\d{1,5})$/i.exec(to);
  if (match === null) throw new Problem('usage', `Cannot offer "${to}" as it must read ADDRESS:PORT: it does not`);
  const server = createServer({ allowHalfOpen: true }, (near) => {
    near.on('error', () => near.destroy());
    dialAddress(paths, match[1]!, Number(match[2])).then(
      (far) => {
        far.on('error', () => near.destroy()).on('close', () => near.destroy());
        near.on('close', () => far.destroy());
        near.pipe(far).pipe(near);
      },
      () => near.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Problem('hostFailed', `Cannot listen on 127.0.0.1:${port} as it must be free: ${error.message}`)),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  say(
    `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}/ is ${to} of the lab; Ctrl-C ends it`,
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
  });
  server.close();
  process.exit(exitCodes.ok);
}

/** `muster lab cache` */
export async function cache({ drop }: { drop?: boolean }): Promise<void> {
  if (drop) {
    const dropped = await dropCache();
    say(dropped.length === 0 ? `${baseCache()} is empty` : `dropped ${dropped.join(' ')}`);
    return;
  }
  const trees = await listCache();
  if (trees.length === 0) say(`${baseCache()} is empty`);
  for (const { path, bytes } of trees) say(`${path}  ${Math.round(bytes / 1e6)} MB`);
}
