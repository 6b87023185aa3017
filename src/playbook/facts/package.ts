import { shellWords } from '../shell-text.ts';
import type { FactKind } from './fact.ts';

/** The installed version, or undefined where the package is not (wholly) installed. One dpkg-query for all. */
export const packageFact: FactKind<string | undefined> = {
  name: 'package',
  script: (names) =>
    `dpkg-query -W -f='\${Package}\\t\${db:Status-Abbrev}\\t\${Version}\\n' ${shellWords(names)} 2>/dev/null; true`,
  parse: (output, names) => {
    const versions = new Map<string, string | undefined>(names.map((name) => [name, undefined]));
    for (const line of output.toString('utf8').split('\n')) {
      const [name, status, version] = line.split('\t');
      if (name !== undefined && status?.startsWith('ii')) versions.set(name, version);
    }
    return versions;
  },
};
