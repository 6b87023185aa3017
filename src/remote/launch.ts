/** How a program for `sh` gets past the login shell, which may be anything and may quote by other rules. */
export interface Launch {
  /** What the login shell is given: fixed text, or text of harmless characters only. */
  readonly command: string;
  /** What goes into its standard input before anything else. */
  readonly preamble: string;
}

/** Takes the first line of its input as the program and leaves the rest to it (`read` takes byte by byte). */
const readsProgram = `/bin/sh -c 'IFS= read -r p && eval "$p"'`;

/** What a command line of Linux may hold in one word (MAX_ARG_STRLEN), less what stands around it. */
const longestWord = 128 * 1024 - 200;

/**
 * The program goes in through standard input, where no `ps` shows it and its length does not matter. A terminal would echo
 * it: there it travels in the command, as base64, which every shell leaves as it is. The program is any text for `sh`;
 * throws a `RangeError` where it is too long for a command.
 */
export function launch(program: string, options: { become?: boolean; pty?: boolean } = {}): Launch {
  const sudo = options.become === true ? 'sudo -n -H -- ' : '';
  if (options.pty !== true) {
    return { command: `exec ${sudo}${readsProgram}`, preamble: `${oneLine(program)}\n` };
  }
  const encoded = Buffer.from(program).toString('base64');
  if (encoded.length > longestWord) throw new RangeError('the program is too long for a command line');
  return { command: `exec ${sudo}/bin/sh -c 'eval "$(echo ${encoded} | base64 -d)"'`, preamble: '' };
}

/** `read` takes one line: a program of several is wrapped into one. */
function oneLine(program: string): string {
  if (!program.includes('\n')) return program;
  return `eval "$(echo ${Buffer.from(program).toString('base64')} | base64 -d)"`;
}
