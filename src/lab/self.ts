import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The argv that runs a TypeScript file, from whatever working directory. */
export function fromSources(file: string, args: readonly string[]): string[] {
  // `import.meta.resolve` is not there in every way in which tsx loads a file.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return [process.execPath, '--import', tsx, file, ...args];
}

/**
 * The argv that runs `muster lab <verb> ...` once more: the bundle that this code is in, or, from the sources (tests),
 * `entry.ts` through tsx. The gateway and OpenSSH's ProxyCommand are such processes.
 */
export function entryCommand(verb: 'gateway' | 'connect' | 'down' | 'power', args: readonly string[]): string[] {
  const here = fileURLToPath(import.meta.url);
  if (here.endsWith('.ts')) {
    return fromSources(join(dirname(here), 'entry.ts'), [verb, ...args]);
  }
  return [process.execPath, here, 'lab', verb, ...args];
}
