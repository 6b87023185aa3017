import { shellWords } from '../shell-text.ts';
import type { FactKind } from './fact.ts';

/** `net.ipv4.conf.all.arp_ignore` as its file; a name with slashes is taken as sysctl(8) takes it. */
export function sysctlPath(name: string): string {
  const slashed = name.includes('/') ? name : name.replaceAll('.', '/');
  return `/proc/sys/${slashed}`;
}

/** What the kernel uses now; undefined where it has no such setting. One process for all of them. */
export const sysctlFact: FactKind<string | undefined> = {
  name: 'sysctl',
  // Not the shell's own `read`: it reads byte by byte, and these files end after the first read.
  script: (names) => `grep -Hs '' -- ${shellWords(names.map(sysctlPath))}; true`,
  parse: (output, names) => {
    const values = new Map<string, string>();
    for (const line of output.toString('utf8').split('\n')) {
      const colon = line.indexOf(':');
      if (colon > 0)
        values.set(
          line.slice(0, colon),
          line
            .slice(colon + 1)
            .replace(/\s+/g, ' ')
            .trim(),
        );
    }
    return new Map(names.map((name) => [name, values.get(sysctlPath(name))]));
  },
};
