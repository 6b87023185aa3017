// Builds dist/: the controller (with its packages beside it), and the programs that are sent to nodes as one file each.
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { modulesInside, packagesInside } from './inside.mjs';
import { keepCompiled } from './warm-up.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  logLevel: 'warning',
  define: { MUSTER_VERSION: JSON.stringify(version) },
};

/** The program with its digest in front, and what runs it. Only comments hold more than ASCII, and lose it here. */
function writeProgram(bundle) {
  const text = bundle.replace(/^\s*(\/\/|\*|\/\*).*$/gm, (comment) => comment.replace(/[^\0-\x7f]/g, '?'));
  if (/[^\0-\x7f]/.test(text)) throw new Error('the program must be ASCII, as the launcher reads it so');
  const digest = createHash('sha256').update(text).digest('hex');
  writeFileSync(`${root}dist/muster.cjs.new`, `//${digest}\n${text}`);
  renameSync(`${root}dist/muster.cjs.new`, `${root}dist/muster.cjs`);
  copyFileSync(`${root}tools/launcher.cjs`, `${root}dist/muster.js`);
  writeFileSync(`${root}dist/package.json`, '{ "type": "commonjs" }\n');
  return digest;
}

mkdirSync(`${root}dist`, { recursive: true });
const [digest] = await Promise.all([
  // One file, whose parts run only when their command is used. Nothing but ssh2's native part is left outside: reading
  // packages file by file takes longer than a login, and so does compiling them (tools/launcher.cjs).
  build({
    ...common,
    entryPoints: { muster: 'src/cli/main.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    plugins: [packagesInside, modulesInside({ 'import.meta.url': 'programUrl' })],
    // ssh2 names a program for Windows by it, and nothing else.
    define: { ...common.define, __dirname: '"."', 'import.meta.url': 'programUrl', MUSTER_PROGRAM: 'programDigest' },
    target: 'node20',
    // Half as much to read at every start. Names stay, and lines stay short enough for a stack to say where.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120,
    banner: { js: '(function (require, programUrl, programDigest) {' },
    footer: { js: '})' },
    write: false,
  }).then(({ outputFiles }) => writeProgram(outputFiles[0].text)),
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
try {
  await keepCompiled(`${root}dist`, digest);
} catch (error) {
  // It works all the same, and a build need not be somewhere where one can listen on the loopback.
  console.error(`muster will take longer to start, as nothing that was compiled could be kept: ${error.message}`);
}
writeFileSync(`${root}dist/.built`, '');
