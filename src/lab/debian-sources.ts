/** One source as sources.list(5) writes it on a line. */
interface Source {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
}

/**
 * The Debian sources of a machine, one `deb` line each, out of the texts of its sources files (one-line or deb822
 * form, sources.list(5)). Only the release's own suites with `main` count: a third party's packages have no place in a
 * base tree, and its server may not answer.
 */
export function debianSources(texts: readonly string[], codename: string): string[] {
  const suites = new Set([codename, `${codename}-updates`, `${codename}-security`]);
  const lines = texts
    .flatMap((text) => (/^\s*types\s*:/im.test(text) ? readStanzas(text) : readLines(text)))
    .filter(({ suite, components }) => suites.has(suite.replace(/\/updates$/, '')) && components.includes('main'))
    .map(
      ({ uri, suite, signedBy }) =>
        `deb ${signedBy === undefined ? '' : `[signed-by=${signedBy}] `}${uri} ${suite} main`,
    );
  return [...new Set(lines)];
}

function readLines(text: string): Source[] {
  return text.split('\n').flatMap((line): Source[] => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line);
    if (match === null) return [];
    const signedBy = /signed-by=(\S+)/.exec(match[1] ?? '')?.[1];
    return [{ uri: match[2]!, suite: match[3]!, components: match[4]!.trim().split(/\s+/), signedBy }];
  });
}

function readStanzas(text: string): Source[] {
  const uncommented = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  return uncommented.split(/\n\s*\n/).flatMap((stanza): Source[] => {
    const fields = new Map<string, string>();
    for (const match of stanza.matchAll(/^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t]+.*)*)/gm)) {
      fields.set(match[1]!.toLowerCase(), match[2]!.trim());
    }
    const words = (field: string): string[] => (fields.get(field) ?? '').split(/\s+/).filter((word) => word !== '');
    if (!words('types').includes('deb') || /^(no|false|0)$/i.test(fields.get('enabled') ?? 'yes')) return [];
    // A key that is written into the file itself has no path that one line could name; apt's trusted keys remain.
    const signedBy = fields.get('signed-by')?.startsWith('/') ? fields.get('signed-by') : undefined;
    return words('uris').flatMap((uri) =>
      words('suites').map((suite) => ({ uri, suite, components: words('components'), signedBy })),
    );
  });
}
