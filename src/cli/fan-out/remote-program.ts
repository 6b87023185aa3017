import { shellQuote } from '../../remote/quote.ts';

/** What `muster run` is asked to run on one host. */
export interface ProgramRequest {
  /** The command as text for a shell, or a local script. */
  readonly what: { readonly command: string } | { readonly script: Buffer; readonly args: readonly string[] };
  readonly sudo: boolean;
  readonly cwd: string | undefined;
  readonly env: readonly (readonly [name: string, value: string])[];
  /** The text was made for `sh` (its values are quoted by sh's rules), so no other shell may read it. */
  readonly forSh: boolean;
}

export interface RemoteProgram {
  readonly command: string;
  /** Undefined: the login shell runs it, as with ssh. */
  readonly as: 'user' | 'root' | undefined;
}

/**
 * The text that the host gets. A command alone goes to the login shell as it is. Directory and environment are set by `sh`
 * first, and the login shell takes over from there; as root, and with a template, `sh` runs it all.
 */
export function remoteProgram(request: ProgramRequest): RemoteProgram {
  const { what, sudo, cwd, env } = request;
  const as = sudo ? 'root' : 'user';
  const steps = [
    ...(cwd === undefined ? [] : [`cd ${shellQuote(cwd.startsWith('-') ? `./${cwd}` : cwd)} || exit 1`]),
    ...env.map(([name, value]) => `export ${name}=${shellQuote(value)}`),
  ];
  if ('script' in what) return { command: [...steps, scriptSteps(what.script, what.args)].join('\n'), as };
  if (sudo || request.forSh) return { command: [...steps, what.command].join('\n'), as };
  if (steps.length === 0) return { command: what.command, as: undefined };
  return { command: [...steps, `exec "\${SHELL:-/bin/sh}" -c ${shellQuote(what.command)}`].join('\n'), as };
}

/**
 * Puts the script into a file that nobody else can read, runs it by the interpreter of its first line (so that a /tmp
 * without the right to execute does not matter), and removes it, also when it is ended from outside.
 */
function scriptSteps(script: Buffer, args: readonly string[]): string {
  const words = [...interpreterOf(script).map(shellQuote), '"$t"', ...args.map((arg) => shellQuote(arg))];
  return [
    'umask_before=$(umask)',
    'umask 077',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are the shell's
    't=$(mktemp "${TMPDIR:-/tmp}/muster-script.XXXXXX") || exit 1',
    `trap 'rm -f "$t"' EXIT`,
    `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; trap 'exit 141' PIPE`,
    `echo ${script.toString('base64')} | base64 -d >"$t" || exit 1`,
    'umask "$umask_before"',
    words.join(' '),
  ].join('\n');
}

/** The words of the first line `#!`, as Linux takes it apart: the interpreter and at most one argument. */
export function interpreterOf(script: Buffer): string[] {
  const match = /^#![ \t]*([^ \t\r\n]+)(?:[ \t]+([^\r\n]*?))?[ \t]*(?:\r?\n|$)/.exec(script.toString('latin1', 0, 256));
  if (match === null) return ['/bin/sh'];
  const [, interpreter, argument] = match as unknown as [string, string, string?];
  return [interpreter, ...(argument ? [argument] : [])];
}
