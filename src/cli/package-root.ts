import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The directory of this program's package: its playbooks, templates and bundles lie there, wherever one works. dist/ has a
 * package.json of its own, and no lock file.
 */
export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package-lock.json')) && dirname(directory) !== directory)
    directory = dirname(directory);
  return directory;
}
