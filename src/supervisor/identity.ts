import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { Problem } from '../base/problem.ts';
import type { Cluster } from '../model/cluster.ts';
import type { NodeName } from '../model/names.ts';

/**
 * Which of the cluster's nodes this machine is: `uname -n`, or what stands before its first dot, as heartbeat has it.
 * `name` overrides. Throws a Problem where ha.cf does not know it.
 */
export function ownName(cluster: Cluster, name: string = hostname()): NodeName {
  const wanted = [name, name.split('.')[0]!].map((text) => text.toLowerCase());
  const found = cluster.nodes.find((node) => wanted.includes(node.toLowerCase()));
  if (found !== undefined) return found;
  throw new Problem(
    'badInput',
    `Cannot run node "${name}" as ha.cf must have it in a "node" line: it has ${cluster.nodes.join(', ')}`,
    {
      hint: 'ha.cf wants the names that `uname -n` says',
    },
  );
}

/** SHA-256 of a program's own file, its first 12 hex digits. */
export function bundleHash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12);
}

/**
 * A number of at most 16 digits that outlives us, kept in a file of fixed size that is overwritten in place: so that it
 * can be counted on when the disk is full, and a crash leaves the old or the new one.
 */
function readCount(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0;
  }
}

function writeCount(file: string, count: number): boolean {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const handle = openSync(file, openFlags(file));
    writeSync(handle, `${String(count).padStart(16, '0')}\n`, 0);
    fsyncSync(handle);
    closeSync(handle);
    return true;
  } catch {
    return false;
  }
}

function openFlags(file: string): 'r+' | 'w' {
  try {
    readFileSync(file);
    return 'r+';
  } catch {
    return 'w';
  }
}

export interface Identity {
  /** 32 hex digits: the count of starts (16), then 64 random bits. */
  readonly incarnation: string;
  /** The longest lease of any configuration that ran since the last boot, in milliseconds. */
  readonly longestLease: number;
}

/**
 * Counts this start, durably in `stateDir`, and beside it in `runDir`, which lasts until the next boot; there the longest
 * lease is recorded too. The count is never below `unixSeconds`: the peers of a machine that was installed anew, or set
 * back to a snapshot, would take all that it says for old. Throws a Problem where neither file can be written.
 */
export function beginIncarnation(
  stateDir: string,
  runDir: string,
  lease: number,
  unixSeconds = Math.floor(Date.now() / 1000),
): Identity {
  const files = [join(stateDir, 'starts'), join(runDir, 'starts')];
  const starts = Math.max(...files.map((file) => readCount(file) + 1), unixSeconds);
  const written = files.map((file) => writeCount(file, starts));
  if (!written.includes(true)) {
    throw new Problem(
      'defect',
      `Cannot count this start in "${stateDir}" as peers must tell it from the last one: it is not writable`,
    );
  }
  const leaseFile = join(runDir, 'longest-lease');
  const longestLease = Math.max(readCount(leaseFile), Math.ceil(lease));
  writeCount(leaseFile, longestLease);
  return { incarnation: starts.toString(16).padStart(16, '0') + randomBytes(8).toString('hex'), longestLease };
}
