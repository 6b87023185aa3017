/** What a login shell is told that waits for its command, and how it is given that: pure text. */

/** A shell reads its line byte by byte, and what is longer is sooner there by a channel of its own; in characters. */
const longestLine = 2048;

/**
 * The text for a login shell that says `word` and waits for a line. Any shell that is not POSIX's stumbles over the first
 * words, before anything is done. With TMOUT `read` would end by itself, and a command that comes then be lost; a restricted
 * shell does not let us tell it how to begin a program.
 */
export function waitsForLine(word: string): string {
  return [
    `[ "\${TMOUT:-0}" = 0 ] || exit 0`,
    'case $- in *r*) exit 0 ;; esac',
    // An array cannot come from the environment.
    `echo ${word}\${BASH_VERSINFO:+bash}`,
    'IFS= read -r muster_line || exit 0',
    // It counts from the shell's start.
    `[ -z "\${SECONDS+x}" ] || SECONDS=0`,
    'eval "$muster_line"',
  ].join('; ');
}

/** What bash does by itself, and its grammar: a command that begins so is no program that could take the shell's place. */
const ofBash = new Set(
  (
    '. : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo enable ' +
    'eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd ' +
    'read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit umask unalias ' +
    'unset wait case coproc do done elif else esac fi for function if in select then time until while'
  ).split(' '),
);

/** One program and its words, with nothing else of the shell in it than variables, patterns and single quotes. */
const oneProgram =
  /^ *([A-Za-z0-9_./][A-Za-z0-9_./+@%:-]*)(?: +(?:[A-Za-z0-9_./+:@%,=~^*?-]|\$[A-Za-z_]\w*|'[^']*')+)* *$/;

/**
 * A command as one line for a shell that waits; undefined where it must have a shell of its own: of several lines, long, or
 * with bytes that some shell's `read` takes for something else.
 *
 * bash lets the program of `bash -c PROGRAM` take its own place, but not that of `eval`: what signal ended the program would
 * be told as an exit code, and on standard error. So it is told to, unless a function has the program's name or nothing has.
 */
export function lineFor(command: string, bash: boolean): string | undefined {
  if (!/^[\t\x20-\x7e]*$/.test(command)) return undefined;
  const program = bash ? oneProgram.exec(command)?.[1] : undefined;
  const line =
    program === undefined || ofBash.has(program)
      ? command
      : `if declare -F ${program} >/dev/null || ! type -P ${program} >/dev/null; then ${command}; else exec ${command}; fi`;
  return line.length > longestLine ? undefined : line;
}
