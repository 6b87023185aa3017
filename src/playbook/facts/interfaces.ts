import { type FactKind, single } from './fact.ts';

/** The MAC addresses of the host's own interfaces, by name; the key is ignored. No process: the shell reads. */
export const macFact: FactKind<Readonly<Record<string, string>>> = {
  name: 'mac',
  script: () =>
    'for d in /sys/class/net/*; do n=$(basename "$d"); read -r a <"$d/address" 2>/dev/null && printf "%s %s\\n" "$n" "$a"; done; true',
  parse: single((output) => {
    const pairs = output
      .toString('utf8')
      .split('\n')
      .map((line) => line.split(' '));
    return Object.fromEntries(
      pairs.filter(
        ([, mac]) => mac !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) && mac !== '00:00:00:00:00:00',
      ),
    );
  }),
};
