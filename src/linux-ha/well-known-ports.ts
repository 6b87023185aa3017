/** The services that ldirectord's `negotiate` check speaks, by the port that stands for each (its manual, "service"). */
const byPort: Readonly<Record<number, string>> = {
  21: 'ftp',
  25: 'smtp',
  53: 'dns',
  80: 'http',
  110: 'pop',
  119: 'nntp',
  143: 'imap',
  389: 'ldap',
  443: 'https',
  587: 'submission',
  636: 'ldaps',
  993: 'imaps',
  995: 'pops',
  1521: 'oracle',
  1812: 'radius',
  3128: 'http_proxy',
  3306: 'mysql',
  5432: 'pgsql',
  5060: 'sip',
};

export const negotiateServices: readonly string[] = [...Object.values(byPort), 'simpletcp', 'none'];

/** What a `negotiate` check speaks on this port where nothing else is said; undefined: a connection is all. */
export function serviceOfPort(port: number): string | undefined {
  return byPort[port];
}

/** The port of a service's name, for files that say `10.0.0.1:http`; our own table, so that all nodes read the same. */
export function portOfName(name: string): number | undefined {
  const names: Record<string, number> = {
    domain: 53,
    pop3: 110,
    pop3s: 995,
    imap2: 143,
    postgresql: 5432,
    webcache: 8080,
  };
  const found = Object.entries(byPort).find(([, service]) => service === name);
  return found !== undefined ? Number(found[0]) : Object.hasOwn(names, name) ? names[name] : undefined;
}
