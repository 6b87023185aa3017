// Builds dist/: the controller (with its packages beside it), and the programs that are sent to nodes as one file each.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  logLevel: 'warning',
  define: { MUSTER_VERSION: JSON.stringify(version) },
};

/** ssh2 within the bundle: its native part stays where npm built it, its server and its agents for HTTP (with all of TLS) are not used. */
const ssh2Inside = {
  name: 'ssh2-inside',
  setup(build) {
    const native = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node';
    build.onResolve({ filter: /sshcrypto\.node$/ }, () => ({ path: native, external: true }));
    build.onResolve({ filter: /\/(http-agents|server)\.js$/ }, ({ path }) => ({ path, namespace: 'unused' }));
    build.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }));
  },
};

await Promise.all([
  // Split by command, so that `muster --version` loads nothing else.
  build({
    ...common,
    entryPoints: { muster: 'src/cli/main.ts' },
    outdir: 'dist',
    format: 'esm',
    splitting: true,
    // Packages of many small files go into the bundle: reading zod file by file takes longer than a login.
    external: ['zx', 'listr2', 'cpu-features'],
    plugins: [ssh2Inside],
    // ssh2 names a program for Windows by it, and nothing else.
    define: { ...common.define, __dirname: '"."' },
    target: 'node20',
    banner: {
      js: `#!/usr/bin/env node
import { createRequire as requireFrom } from 'node:module';
const require = requireFrom(import.meta.url);`,
    },
    chunkNames: 'chunks/[name]-[hash]',
  }),
  build({
    ...common,
    entryPoints: { musterd: 'src/supervisor/main.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    target: 'node18',
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: '#!/usr/bin/env node' },
  }),
  build({
    ...common,
    entryPoints: { 'muster-probe': 'src/drill/probe/main.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    target: 'node20',
  }),
]);
for (const program of ['muster.js', 'musterd.cjs']) chmodSync(`${root}dist/${program}`, 0o755);
writeFileSync(`${root}dist/.built`, '');
