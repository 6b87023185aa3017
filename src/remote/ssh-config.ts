import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { badInput } from '../base/problem.ts';
import { namesHost } from './known-hosts.ts';

/** One `Host` or `Match` block of ssh_config(5) with its settings in order; keywords in lower case. */
interface Block {
  readonly applies: (asked: Asked) => boolean;
  readonly settings: readonly (readonly [keyword: string, value: string])[];
}

/** What is known about a host while the file is read: criteria look at it. */
interface Asked {
  readonly name: string;
  readonly hostName: string;
  readonly user: string | undefined;
}

export type SshConfig = readonly Block[];

/** Settings for one host: the first value of each keyword, and all of those that may stand several times. */
export interface SshHostConfig {
  first(keyword: string): string | undefined;
  all(keyword: string): readonly string[];
}

/** Includes deeper than this are a loop, as for OpenSSH. */
const deepestInclude = 16;

/** `~` and `~/x` as the shell reads them. */
export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

/** Words of a value, where double quotes hold spaces together. */
export function splitWords(value: string): string[] {
  return [...value.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}

/**
 * Reads ssh_config files: the user's before the system's, as the first value wins; a file that is missing is empty.
 * Known are `Host` with patterns, `Include`, and `Match` by all, host, originalhost and user. A `Match` by anything else
 * never applies.
 */
export async function loadSshConfig(
  files: readonly string[] = [join(homedir(), '.ssh', 'config'), '/etc/ssh/ssh_config'],
): Promise<SshConfig> {
  const blocks: Block[] = [];
  for (const file of files) blocks.push(...(await readBlocks(file, 0)));
  return blocks;
}

async function readBlocks(file: string, depth: number): Promise<Block[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw badInput([
      { at: { file, line: 1, column: 1 }, message: `Cannot read ssh_config as it must be a file: ${message}` },
    ]);
  }
  const blocks: Block[] = [];
  let applies: Block['applies'] = () => true;
  let settings: [string, string][] = [];
  blocks.push({ applies, settings });
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line);
    if (match === null) {
      const at = { file, line: index + 1, column: raw.length - raw.trimStart().length + 1 };
      throw badInput([{ at, message: `Cannot read "${line}" as every line must be a keyword and a value: it is not` }]);
    }
    const keyword = match[1]!.toLowerCase();
    const value = match[2]!.trim();
    if (keyword === 'include') {
      // What is included stands under the block around it, and the block goes on after it.
      const around = applies;
      if (depth >= deepestInclude) continue;
      for (const pattern of splitWords(value)) {
        for (const included of await expandGlob(pattern, file)) {
          for (const block of await readBlocks(included, depth + 1)) {
            blocks.push({ ...block, applies: (asked) => around(asked) && block.applies(asked) });
          }
        }
      }
    } else if (keyword === 'host' || keyword === 'match') {
      applies = keyword === 'host' ? hostCriterion(value) : matchCriterion(value);
    } else {
      settings.push([keyword, value]);
      continue;
    }
    settings = [];
    blocks.push({ applies, settings });
  }
  return blocks;
}

/** Files that a path with wildcards in its last part means, in order; relative ones stand beside the file. */
async function expandGlob(pattern: string, from: string): Promise<string[]> {
  const home = expandHome(pattern);
  const path = isAbsolute(home) ? home : join(dirname(from), home);
  if (!/[*?]/.test(basename(path))) return [path];
  const names = await readdir(dirname(path)).catch(() => []);
  const wanted = basename(path).toLowerCase();
  return names
    .filter((name) => namesHost(wanted, name.toLowerCase()))
    .sort()
    .map((name) => join(dirname(path), name));
}

function hostCriterion(value: string): Block['applies'] {
  const patterns = splitWords(value).join(',');
  return (asked) => namesHost(patterns, asked.name.toLowerCase());
}

function matchCriterion(value: string): Block['applies'] {
  const words = splitWords(value);
  const criteria: Block['applies'][] = [];
  for (let index = 0; index < words.length; ) {
    const criterion = words[index++]!.toLowerCase();
    if (criterion === 'all') continue;
    const patterns = words[index++] ?? '';
    if (criterion === 'host') criteria.push((asked) => namesHost(patterns, asked.hostName.toLowerCase()));
    else if (criterion === 'originalhost') criteria.push((asked) => namesHost(patterns, asked.name.toLowerCase()));
    else if (criterion === 'user') criteria.push((asked) => namesHost(patterns, (asked.user ?? '').toLowerCase()));
    else return () => false;
  }
  return (asked) => criteria.every((holds) => holds(asked));
}

/** What the files say about a host under the name that somebody typed. */
export function sshConfigFor(config: SshConfig, name: string, user: string | undefined): SshHostConfig {
  const values = new Map<string, string[]>();
  for (const block of config) {
    const asked: Asked = {
      name,
      hostName: values.get('hostname')?.[0]?.replaceAll('%h', name) ?? name,
      user: user ?? values.get('user')?.[0],
    };
    if (!block.applies(asked)) continue;
    for (const [keyword, value] of block.settings) {
      const known = values.get(keyword);
      if (known === undefined) values.set(keyword, [value]);
      else known.push(value);
    }
  }
  return {
    first: (keyword) => values.get(keyword)?.[0],
    all: (keyword) => values.get(keyword) ?? [],
  };
}
