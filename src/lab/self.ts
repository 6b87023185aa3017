import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The argv that runs `muster lab <verb> ...` once more: the bundle that this code is in, or, from the sources (tests),
 * `entry.ts` through tsx. The gateway and OpenSSH's ProxyCommand are such processes.
 */
export function entryCommand(verb: 'gateway' | 'connect', args: readonly string[]): string[] {
  const here = fileURLToPath(import.meta.url);
  if (here.endsWith('.ts')) {
    return [process.execPath, '--import', import.meta.resolve('tsx'), join(dirname(here), 'entry.ts'), verb, ...args];
  }
  const bundle = join(dirname(here), 'muster.js');
  return [process.execPath, existsSync(bundle) ? bundle : here, 'lab', verb, ...args];
}
