/** Load that a node's own processes make: busy processors, and memory that is all but used up. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../base/problem.ts';
import { groupOf, labGroup, parseHierarchies } from './cgroup.ts';
import { waitUntil } from './wait.ts';

/** Ends by itself, should nobody heal it. */
const longestSeconds = '1800';
const busyProgram = 'while :; do :; done';
/** Takes memory until the kernel kills it, and again. A killed `perl` is no error of the loop's. */
const hungryProgram = `while :; do perl -e 'my @all; push @all, "x" x 1048576 while 1' 2>/dev/null; done`;
/** What is left to the node beside what it cannot give back. Its page cache lives in that, too. */
const headroomBytes = 48 * 1024 * 1024;

type Kind = 'busy' | 'hungry';
const groupOfLoad = (lab: string, node: string, kind: Kind): string => join(groupOf(lab, node), kind);

/** Starts a shell program in the node's own groups, so that it is frozen, squeezed and killed with it. */
async function start(lab: string, node: string, kind: Kind): Promise<void> {
  const group = groupOfLoad(lab, node, kind);
  const program = kind === 'busy' ? busyProgram : hungryProgram;
  await mkdir(group, { recursive: true });
  const memory = memoryFiles(lab, node)?.procs;
  const script = 'for file; do echo $$ > "$file"; done; exec timeout "$seconds" sh -c "$program"';
  const child = spawn(
    'sh',
    ['-ec', script, 'sh', join(group, 'cgroup.procs'), ...(memory === undefined ? [] : [memory])],
    {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
      env: { PATH: process.env.PATH, seconds: longestSeconds, program },
    },
  );
  child.unref();
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
}

/** Ends the load of that kind; nothing where there is none. */
async function end(lab: string, node: string, kind: Kind): Promise<void> {
  const kill = join(groupOfLoad(lab, node, kind), 'cgroup.kill');
  if (existsSync(kill)) await writeFile(kill, '1');
}

/** As many busy processes as asked for, in place of those that there are; 0 ends them. */
export async function setBusy(lab: string, node: string, processes: number): Promise<void> {
  await end(lab, node, 'busy');
  for (let count = 0; count < processes; count++) await start(lab, node, 'busy');
  if (processes === 0 || (await waitUntil(() => has(lab, node, 'busy'), { timeoutMs: 10_000, everyMs: 5 }))) return;
  throw new Problem('hostFailed', `Cannot keep "${node}" busy as the processes must start: none has after 10 s`);
}

interface MemoryFiles {
  readonly limit: string;
  readonly noLimit: string;
  readonly stat: string;
  /** Where a process has to be put to be charged to the node, beside the unified group; undefined: nowhere else. */
  readonly procs: string | undefined;
  /** Fields of `stat` that cannot be reclaimed without swap. */
  readonly kept: readonly string[];
  /** Where kills are counted, as `oom_kill N`. */
  readonly kills: string;
}

/** The node's files of the memory controller, which lives in a version 1 hierarchy of its own or in the unified one. */
function memoryFiles(lab: string, node: string): MemoryFiles | undefined {
  const { unified, legacy } = parseHierarchies(readFileSync('/proc/self/mounts', 'utf8')) ?? {};
  const old = legacy
    ?.map((root) => join(root, labGroup(lab), node))
    .find((group) => existsSync(join(group, 'memory.limit_in_bytes')));
  if (old !== undefined) {
    return {
      limit: join(old, 'memory.limit_in_bytes'),
      noLimit: '-1',
      stat: join(old, 'memory.stat'),
      procs: join(old, 'cgroup.procs'),
      kept: ['total_rss', 'total_shmem'],
      kills: join(old, 'memory.oom_control'),
    };
  }
  if (unified === undefined) return undefined;
  const group = groupOf(lab, node);
  const files = {
    limit: join(group, 'memory.max'),
    stat: join(group, 'memory.stat'),
    kills: join(group, 'memory.events'),
  };
  return { ...files, noLimit: 'max', procs: undefined, kept: ['anon', 'shmem'] };
}

async function fields(file: string): Promise<Map<string, number>> {
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.split(' '));
  return new Map(lines.map(([name, value]) => [name!, Number(value)]));
}

/**
 * Gives the node no more memory than it cannot give back and a little, and starts a process in it that wants all of
 * it: the kernel takes the node's page cache away and kills in it again and again. Resolves after the first kill.
 */
export async function squeezeMemory(lab: string, node: string): Promise<void> {
  const files = memoryFiles(lab, node);
  if (files !== undefined && !existsSync(files.limit)) {
    // The unified hierarchy hands controllers down group by group.
    for (const group of [join(groupOf(lab, node), '../..'), join(groupOf(lab, node), '..')])
      await writeFile(join(group, 'cgroup.subtree_control'), '+memory').catch(() => undefined);
  }
  if (files === undefined || !existsSync(files.limit)) {
    throw new Problem(
      'hostFailed',
      `Cannot squeeze "${node}" as its cgroup must have the memory controller: it has not`,
    );
  }
  const used = await fields(files.stat);
  const kept = files.kept.reduce((sum, name) => sum + (used.get(name) ?? 0), 0);
  await writeFile(files.limit, String(kept + headroomBytes));
  const killed = async (): Promise<number> => (await fields(files.kills)).get('oom_kill') ?? 0;
  const before = await killed();
  await start(lab, node, 'hungry');
  if (await waitUntil(async () => (await killed()) > before, { timeoutMs: 20_000, everyMs: 20 })) return;
  throw new Problem('hostFailed', `Cannot squeeze "${node}" as it must run out of memory: nothing was killed in 20 s`);
}

/** Gives the node its memory again. */
export async function relieveMemory(lab: string, node: string): Promise<void> {
  await end(lab, node, 'hungry');
  const files = memoryFiles(lab, node);
  if (files !== undefined && existsSync(files.limit)) await writeFile(files.limit, files.noLimit);
}

async function has(lab: string, node: string, kind: Kind): Promise<boolean> {
  const events = await readFile(join(groupOfLoad(lab, node, kind), 'cgroup.events'), 'utf8').catch(() => '');
  return /^populated 1$/m.test(events);
}

/** Whether the node has busy processes of ours, and whether its memory is limited. */
export async function readLoad(lab: string, node: string): Promise<{ busy: boolean; squeezed: boolean }> {
  const files = memoryFiles(lab, node);
  const limit = files === undefined ? '' : await readFile(files.limit, 'utf8').catch(() => '');
  // Version 1 says "no limit" as the largest multiple of a page.
  const squeezed = limit !== '' && limit.trim() !== 'max' && Number(limit) < 2 ** 62;
  return { busy: await has(lab, node, 'busy'), squeezed };
}
