// Builds dist/: the controller (with its packages beside it), and the programs that are sent to nodes as one file each.
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
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

/** ssh2 within the bundle: its native part stays where npm built it; its server, SFTP, and agents for HTTP (with all of TLS) are not used. */
const ssh2Inside = {
  name: 'ssh2-inside',
  setup(build) {
    const native = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node';
    build.onResolve({ filter: /sshcrypto\.node$/ }, () => ({ path: native, external: true }));
    build.onResolve({ filter: /\/(http-agents|keygen|server|SFTP)\.js$/ }, ({ path }) => ({
      path,
      namespace: 'unused',
    }));
    build.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }));
    // Only keys that are encrypted need bcrypt.
    build.onLoad({ filter: /ssh2\/lib\/protocol\/keyParser\.js$/ }, ({ path }) => {
      const eager = "const bcrypt_pbkdf = require('bcrypt-pbkdf').pbkdf;";
      const parts = readFileSync(path, 'utf8').split(eager);
      if (parts.length !== 2) throw new Error(`${path} is not the ssh2 that this build knows`);
      return { contents: parts.join("const bcrypt_pbkdf = (...words) => require('bcrypt-pbkdf').pbkdf(...words);") };
    });
    // Where the native part is there, nobody needs the same once more in WebAssembly: 16 MB, compiled at every start.
    build.onLoad({ filter: /ssh2\/lib\/protocol\/crypto\.js$/ }, ({ path }) => {
      const begin = 'return new Promise(async (resolve, reject) => {';
      const parts = readFileSync(path, 'utf8').split(begin);
      if (parts.length !== 2) throw new Error(`${path} is not the ssh2 that this build knows`);
      return { contents: parts.join(`${begin}\n if (ChaChaPolyDecipher) return resolve();`) };
    });
  },
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
    external: ['cpu-features'],
    plugins: [ssh2Inside],
    // ssh2 names a program for Windows by it, and nothing else.
    define: { ...common.define, __dirname: '"."', 'import.meta.url': 'programUrl' },
    target: 'node20',
    banner: { js: '(function (require, programUrl) {' },
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
