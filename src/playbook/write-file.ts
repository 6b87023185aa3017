import { createHash } from 'node:crypto';
import { contentLimit } from './facts/content.ts';
import type { FileFact } from './facts/file.ts';
import type { Decision, Diff, Step } from './module.ts';
import { shellQuote } from './shell-text.ts';

/** A file as it is wanted; what is undefined stays as it is (or as the system's defaults make it). */
export interface WantedFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: string | undefined;
  readonly owner: string | undefined;
  readonly group: string | undefined;
  /** Where the version before this one is kept. */
  readonly previous: string | undefined;
}

/** Here a node remembers which files are ours; any other is set aside once before it is replaced. */
const ownedDirectory = '/var/lib/muster/files';

export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** `644`, `0644` and the number 420 that YAML makes of an unquoted 0644 are the same mode. */
export function normalMode(mode: string | number | undefined): string | undefined {
  if (mode === undefined) return undefined;
  return (typeof mode === 'number' ? mode.toString(8) : mode).replace(/^0o?/, '').padStart(4, '0');
}

/** What has to be done so that the file is there as wanted. `before` is its content where it was fetched (for a diff). */
export function decideFile(
  wanted: WantedFile,
  seen: FileFact,
  before: Buffer | undefined,
  withDiff: boolean,
): Decision {
  if (seen.type === 'directory') {
    return { outcome: 'failed', message: `Cannot write "${wanted.path}" as a file: a directory is there` };
  }
  const sameContent = seen.type === 'file' && seen.sha256 === sha256(wanted.content);
  const attributes = attributeChanges(wanted, seen);
  if (sameContent && attributes.length === 0) return { outcome: 'ok', result: { path: wanted.path } };
  const touches = [`file:${wanted.path}`, `content:${wanted.path}`, 'unit:*', 'program:*'];
  if (sameContent) {
    const quoted = shellQuote(wanted.path);
    return {
      outcome: 'changed',
      steps: [{ kind: 'program', program: attributes.map((change) => `${change} -- ${quoted}`).join(' && ') }],
      diff: [attributeDiff(wanted, seen)],
      touches,
    };
  }
  const diff: Diff[] = withDiff ? [{ title: wanted.path, before: text(before), after: text(wanted.content) }] : [];
  return { outcome: 'changed', steps: [writeStep(wanted, seen)], diff, touches, result: () => ({ path: wanted.path }) };
}

function text(content: Buffer | undefined): string {
  if (content === undefined) return '';
  if (content.length > contentLimit) return `(${content.length} bytes)\n`;
  return content.includes(0) ? `(${content.length} bytes, binary)\n` : content.toString('utf8');
}

/** The commands that set right what is wrong about owner, group and mode; the path is still missing at their end. */
export function attributeChanges(
  wanted: {
    readonly owner?: string | undefined;
    readonly group?: string | undefined;
    readonly mode?: string | undefined;
  },
  seen: FileFact,
): readonly string[] {
  const { owner, group, mode } = wanted;
  const ownerWrong = owner !== undefined && owner !== seen.owner && owner !== String(seen.uid);
  const groupWrong = group !== undefined && group !== seen.group && group !== String(seen.gid);
  const changes: string[] = [];
  // chown first: it takes set-uid bits away, chmod brings them back.
  if (ownerWrong) changes.push(`chown ${shellQuote(owner)}`);
  if (groupWrong) changes.push(`chgrp ${shellQuote(group)}`);
  if (mode !== undefined && mode !== seen.mode) changes.push(`chmod ${mode}`);
  return changes;
}

export function attributeDiff(
  wanted: {
    readonly path: string;
    readonly owner?: string | undefined;
    readonly group?: string | undefined;
    readonly mode?: string | undefined;
  },
  seen: FileFact,
): Diff {
  const line = (owner: string, group: string, mode: string): string => `${owner}:${group} ${mode}\n`;
  return {
    title: wanted.path,
    before: line(seen.owner, seen.group, seen.mode),
    after: line(wanted.owner ?? seen.owner, wanted.group ?? seen.group, wanted.mode ?? seen.mode),
  };
}

/**
 * Written beside its place, private until owner and mode are right, and then renamed: nobody ever sees half of it, or
 * sees it with wrong rights. A file that is not ours yet is set aside as `<path>.before-muster`, once.
 */
function writeStep(wanted: WantedFile, seen: FileFact): Step {
  const existed = seen.type !== 'absent';
  const owner = wanted.owner ?? (existed ? String(seen.uid) : '');
  const group = wanted.group ?? (existed ? String(seen.gid) : '');
  const mode = wanted.mode ?? (existed && seen.type === 'file' ? seen.mode : '0644');
  const ownership = group === '' ? owner : `${owner}:${group}`;
  const mark = `${ownedDirectory}/${sha256(wanted.path)}`;
  const program = `umask 077
p=${shellQuote(wanted.path)}
if [ -L "$p" ]; then p=$(readlink -f -- "$p") || exit 1; fi
t=$(mktemp -- "$(dirname -- "$p")/.muster-XXXXXXXX") || exit 1
trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM PIPE
head -c ${wanted.content.length} >"$t" || exit 1
[ "$(stat -c %s -- "$t")" = ${wanted.content.length} ] || { echo "only a part of it arrived" >&2; exit 1; }
${ownership === '' ? ':' : `chown ${shellQuote(ownership)} -- "$t" || exit 1`}
chmod ${mode} -- "$t" || exit 1
mkdir -p ${ownedDirectory} || exit 1
if [ -e "$p" ] && [ ! -e ${mark} ] && [ ! -e "$p.before-muster" ]; then cp -a -- "$p" "$p.before-muster" || exit 1; fi
${wanted.previous === undefined ? ':' : `if [ -e "$p" ]; then cp -a -- "$p" ${shellQuote(wanted.previous)} || exit 1; fi`}
mv -fT -- "$t" "$p" || exit 1
printf '%s\\n' "$p" >${mark}`;
  return { kind: 'program', program, stdin: wanted.content };
}
