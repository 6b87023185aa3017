import { strict as assert } from 'node:assert';
import { debianSources } from '../../../src/lab/debian-sources.ts';

const key = '/usr/share/keyrings/debian-archive-keyring.gpg';

describe('Debian sources of the host', () => {
  it('reads deb822 stanzas, each suite and address a line', () => {
    const text = `# a comment
Types: deb deb-src
URIs: http://one.test/debian http://two.test/debian
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By: ${key}

Types: deb
URIs: http://one.test/debian-security
Suites: bookworm-security
Components: main
`;
    assert.deepEqual(debianSources([text], 'bookworm'), [
      `deb [signed-by=${key}] http://one.test/debian bookworm main`,
      `deb [signed-by=${key}] http://one.test/debian bookworm-updates main`,
      `deb [signed-by=${key}] http://two.test/debian bookworm main`,
      `deb [signed-by=${key}] http://two.test/debian bookworm-updates main`,
      'deb http://one.test/debian-security bookworm-security main',
    ]);
  });

  it('reads one-line sources with options and comments', () => {
    const text = `#deb http://off.test/debian bookworm main
deb [arch=amd64 signed-by=${key}] http://one.test/debian bookworm main non-free # why
deb-src http://one.test/debian bookworm main
deb http://one.test/debian/ bookworm-updates main`;
    assert.deepEqual(debianSources([text], 'bookworm'), [
      `deb [signed-by=${key}] http://one.test/debian bookworm main`,
      'deb http://one.test/debian/ bookworm-updates main',
    ]);
  });

  it('leaves out third parties, other releases, disabled stanzas and what is named twice', () => {
    const texts = [
      'deb http://pg.test/apt bookworm-pgdg main\ndeb http://docker.test/linux/debian bookworm stable',
      'deb http://one.test/debian trixie main\ndeb http://one.test/debian bookworm main',
      'Types: deb\nURIs: http://one.test/debian\nSuites: bookworm\nComponents: main\n',
      'Types: deb\nURIs: http://no.test/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n',
      'Types: deb-src\nURIs: http://no.test/debian\nSuites: bookworm\nComponents: main\n',
      '',
    ];
    assert.deepEqual(debianSources(texts, 'bookworm'), ['deb http://one.test/debian bookworm main']);
  });

  it('does not name a key that is written into the stanza', () => {
    const text = `Types: deb
URIs: http://one.test/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
`;
    assert.deepEqual(debianSources([text], 'bookworm'), ['deb http://one.test/debian bookworm main']);
  });
});
