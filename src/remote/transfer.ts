import { posix } from 'node:path';
import { execOn } from './exec.ts';
import { hostFailed } from './problems.ts';
import { shellQuote } from './quote.ts';
import type { Session } from './session.ts';
import type { PutOptions } from './types.ts';

/**
 * Writes `content` beside `path` and renames it there: readers see the old file or the whole new one, and nobody can
 * open it before owner and mode are right. A full disk or a lost connection leaves the old file and nothing beside it.
 */
export async function putFile(session: Session, path: string, content: Buffer, options: PutOptions): Promise<void> {
  const { name } = session.target;
  if (!posix.isAbsolute(path) || /[\n\0]/.test(path)) {
    throw hostFailed(`Cannot write "${path}" on host "${name}" as the path must be absolute and one line: it is not`);
  }
  const owner = `${options.owner ?? ''}${options.group === undefined ? '' : `:${options.group}`}`;
  const mode = (options.mode & 0o7777).toString(8).padStart(4, '0');
  const target = shellQuote(path);
  const program = [
    'umask 077',
    `[ ! -d ${target} ] || { echo "it is a directory" >&2; exit 1; }`,
    `t=$(mktemp ${shellQuote(posix.join(posix.dirname(path), `.${posix.basename(path).slice(0, 200)}.XXXXXX`))}) || exit 1`,
    `trap 'rm -f "$t"' EXIT`,
    // PIPE too: where the connection is gone, the first word about it would end the shell before it has tidied up.
    `trap 'exit 1' HUP INT TERM PIPE`,
    'cat >"$t" || exit 1',
    `[ "$(wc -c <"$t")" -eq ${content.length} ] || { echo "the content came incomplete" >&2; exit 1; }`,
    ...(owner === '' ? [] : [`chown ${shellQuote(owner)} "$t" || exit 1`]),
    `chmod ${mode} "$t" || exit 1`,
    `mv -f "$t" ${target} || exit 1`,
  ].join('; ');
  const result = await execOn(session, program, { as: options.become === true ? 'root' : 'user', stdin: content });
  if (result.rc === 0) return;
  const seen = result.stderr.toString().trim().split('\n').at(-1) || `exit code ${result.rc ?? result.signal}`;
  throw hostFailed(`Cannot write "${path}" on host "${name}" as the whole file must be in place: ${seen}`);
}
