import { type FactKind, single } from './fact.ts';

/** Whether a process of this name (the kernel's `comm`, 15 characters at most) runs. One process for all names. */
export const processFact: FactKind<boolean> = {
  name: 'process',
  volatile: true,
  script: () => 'cat /proc/[0-9]*/comm 2>/dev/null; true',
  parse: single((output, name) => output.toString('utf8').split('\n').includes(name.slice(0, 15))),
};
