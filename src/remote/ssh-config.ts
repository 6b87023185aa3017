import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { badInput } from '../base/problem.ts';
import { expandGlob } from './glob.ts';
import { type Asked, type Criterion, hostCriterion, matchCriterion } from './ssh-config-match.ts';
import { expandHome, expandTokens, localUser, splitWords } from './ssh-config-words.ts';

/** The lines between one `Host` or `Match` of ssh_config(5) and the next, in order; keywords in lower case. */
interface Block {
  readonly applies: Criterion;
  readonly settings: readonly (readonly [keyword: string, value: string])[];
}

export interface SshConfig {
  readonly blocks: readonly Block[];
  /** A `Match final` is somewhere: the files are read twice. */
  readonly twice: boolean;
  /** The file that was named instead of the usual ones (`-F`). */
  readonly file: string | undefined;
}

/** Settings for one host: the first value of each keyword, and all of those that may stand several times. */
export interface SshHostConfig {
  /** The first word of the first line. */
  first(keyword: string): string | undefined;
  /** The first line as it stands. */
  line(keyword: string): string | undefined;
  /** The words of the first line. */
  words(keyword: string): readonly string[] | undefined;
  /** The words of all lines. */
  all(keyword: string): readonly string[];
}

/** Includes deeper than this are a loop, as for OpenSSH. */
const deepestInclude = 16;

/** One of these shuts the other out, whichever comes first. */
const rivals: Readonly<Record<string, string>> = { proxycommand: 'proxyjump', proxyjump: 'proxycommand' };

/** Names that keywords had, which OpenSSH still knows. */
const olderNames: Readonly<Record<string, string>> = {
  challengeresponseauthentication: 'kbdinteractiveauthentication',
  skeyauthentication: 'kbdinteractiveauthentication',
  tisauthentication: 'kbdinteractiveauthentication',
  dsaauthentication: 'pubkeyauthentication',
  pubkeyacceptedkeytypes: 'pubkeyacceptedalgorithms',
  identityfile2: 'identityfile',
  smartcarddevice: 'pkcs11provider',
};

/** Nobody has any settings. */
export const noSshConfig: SshConfig = { blocks: [], twice: false, file: undefined };

/**
 * Reads ssh_config files: the user's before the system's, as the first value wins, or only the one that is named (`none`:
 * no file at all). A usual one that is missing is empty. Known are `Host`, `Match` (all, host, originalhost, user,
 * localuser, tagged, exec, final; others never hold) and `Include`.
 * Throws `Problem('badInput')` for what cannot be read, with its place.
 */
export async function loadSshConfig(file?: string): Promise<SshConfig> {
  const reader = new Reader();
  if (file === undefined) {
    await reader.read(join(homedir(), '.ssh', 'config'), join(homedir(), '.ssh'), { optional: true });
    await reader.read('/etc/ssh/ssh_config', '/etc/ssh', { optional: true });
  } else if (file !== 'none') {
    await reader.read(file, join(homedir(), '.ssh'), { optional: false });
  }
  return { blocks: reader.blocks, twice: reader.twice, file };
}

class Reader {
  readonly blocks: Block[] = [];
  twice = false;

  /** `base` is where relative names of included files begin. */
  async read(
    file: string,
    base: string,
    options: { optional: boolean },
    around: readonly Criterion[] = [],
    depth = 0,
  ): Promise<void> {
    const text = textOf(file, options);
    let own: Criterion | undefined;
    let settings: [string, string][] = [];
    const begin = (): void => {
      const criteria = own === undefined ? around : [...around, own];
      settings = [];
      this.blocks.push({ applies: (asked) => criteria.every((holds) => holds(asked)), settings });
    };
    begin();
    for (const [index, raw] of text.split('\n').entries()) {
      const line = raw.trim();
      if (line === '' || line.startsWith('#')) continue;
      const column = raw.length - raw.trimStart().length + 1;
      const fail = (must: string, seen: string): Error =>
        wrong(file, index + 1, column, `Cannot read "${line}" as ${must}: ${seen}`);
      const match = /^"?([A-Za-z0-9]+)"?(?:\s*=\s*|\s+)(.*)$/.exec(line);
      if (match === null) throw fail('every line must be a keyword and a value', 'it is not');
      const keyword = olderNames[match[1]!.toLowerCase()] ?? match[1]!.toLowerCase();
      const value = match[2]!.trim();
      if (keyword !== 'include' && keyword !== 'host' && keyword !== 'match') {
        settings.push([keyword, value]);
        continue;
      }
      const words = splitWords(value);
      if (words === undefined) throw fail('quotes must be closed', 'one is not');
      if (keyword === 'include') {
        // What is included stands under the block around it, and the block goes on after it.
        if (depth >= deepestInclude) throw fail('files may include each other 16 deep', 'they go deeper');
        const criteria = own === undefined ? around : [...around, own];
        for (const pattern of words) {
          const home = expandHome(pattern);
          for (const included of await expandGlob(isAbsolute(home) ? home : join(base, home))) {
            await this.read(included, base, { optional: true }, criteria, depth + 1);
          }
        }
      } else if (keyword === 'host') {
        own = hostCriterion(words);
      } else {
        const read = matchCriterion(words);
        if (typeof read === 'string') throw fail('Match must have criteria of ssh_config(5)', read);
        own = read.criterion;
        this.twice ||= read.final;
      }
      begin();
    }
  }
}

/** At once: for so little Node's threads take longer to begin. */
function textOf(file: string, { optional }: { optional: boolean }): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && optional) return '';
    throw wrong(file, 1, 1, `Cannot read ssh_config as it must be a file: ${message}`);
  }
}

function wrong(file: string, line: number, column: number, message: string): Error {
  return badInput([{ at: { file, line, column }, message }]);
}

/** What the files say about a host under the name that somebody typed; the command line's `user` and `port` come first. */
export function sshConfigFor(
  config: SshConfig,
  name: string,
  given: { readonly user?: string | undefined; readonly port?: number | undefined } = {},
): SshHostConfig {
  const values = new Map<string, string[]>();
  const first = (keyword: string): string | undefined => {
    const line = values.get(keyword)?.[0];
    return line === undefined ? undefined : (splitWords(line)?.[0] ?? line);
  };
  for (const final of config.twice ? [false, true] : [false]) {
    for (const block of config.blocks) {
      const hostName = expandTokens(first('hostname') ?? '%h', { h: name, '%': '%' });
      const user = given.user ?? first('user') ?? localUser();
      const asked: Asked = {
        name,
        hostName,
        user,
        tag: first('tag') ?? '',
        final,
        tokens: () => hostTokens({ name, address: hostName, user, port: given.port ?? Number(first('port') ?? 22) }),
      };
      if (!block.applies(asked)) continue;
      for (const [keyword, value] of block.settings) {
        const rival = values.get(rivals[keyword] ?? '')?.[0];
        // As OpenSSH: only a jump host that is one shuts a ProxyCommand out.
        if (rival !== undefined && !(keyword === 'proxycommand' && rival === 'none')) continue;
        const known = values.get(keyword);
        if (known === undefined) values.set(keyword, [value]);
        // The second reading brings the same lines again.
        else if (!known.includes(value)) known.push(value);
      }
    }
  }
  return {
    first,
    line: (keyword) => values.get(keyword)?.[0],
    words: (keyword) => {
      const line = values.get(keyword)?.[0];
      return line === undefined ? undefined : splitWords(line);
    },
    all: (keyword) => (values.get(keyword) ?? []).flatMap((line) => splitWords(line) ?? []),
  };
}

/** What `%h` and its like stand for (ssh_config(5), "TOKENS"). */
export function hostTokens(host: {
  readonly name: string;
  readonly address: string;
  readonly user: string;
  readonly port: number;
  readonly hostKeyAlias?: string | undefined;
  /** ProxyJump as it stands in ssh_config. */
  readonly jump?: string | undefined;
}): Readonly<Record<string, string>> {
  const full = hostname();
  const jump = host.jump ?? '';
  const port = String(host.port);
  return {
    '%': '%',
    h: host.address,
    n: host.name,
    k: host.hostKeyAlias ?? host.name,
    p: port,
    r: host.user,
    j: jump,
    d: homedir(),
    u: localUser(),
    i: String(process.getuid?.() ?? ''),
    l: full,
    L: full.split('.')[0]!,
    get C() {
      return createHash('sha1')
        .update(full + host.address + port + host.user + jump)
        .digest('hex');
    },
  };
}
