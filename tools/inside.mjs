// How packages and our own modules go into the controller's one file: so that a start loads what its command needs, and no more.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { transform } from 'esbuild';

/** By file of a package: a text that stands there once, and what stands there instead. */
const changes = {
  // Only keys that are encrypted need bcrypt.
  'ssh2/lib/protocol/keyParser.js': [
    "const bcrypt_pbkdf = require('bcrypt-pbkdf').pbkdf;",
    "const bcrypt_pbkdf = (...words) => require('bcrypt-pbkdf').pbkdf(...words);",
  ],
  // Where the native part is there, nobody needs the same once more in WebAssembly: 16 MB, compiled at every start.
  'ssh2/lib/protocol/crypto.js': [
    'return new Promise(async (resolve, reject) => {',
    'return new Promise(async (resolve, reject) => {\n if (ChaChaPolyDecipher) return resolve();',
  ],
  // Every Node that we run on has ed25519: no need to sign something first.
  'ssh2/lib/protocol/constants.js': ['const eddsaSupported = (() => {', 'const eddsaSupported = true || (() => {'],
  // No command of ours is a program of its own.
  'commander/lib/command.js': ["const childProcess = require('node:child_process');", ''],
};

/** What packages ask for and we never let them use, by who asks: what they get instead. */
const standIns = [
  // What the processor can do changes only an order of ciphers that is never asked for, as we have our own.
  { asks: /\/ssh2\//, name: /^cpu-features$/, gets: 'module.exports = () => undefined' },
  // We offer no compression.
  {
    asks: /\/ssh2\//,
    name: /^zlib$/,
    gets: 'module.exports = { createInflate: () => ({ _handle: {} }), constants: {} }',
  },
  // Agents of Windows; names are looked up before ssh2 is given a socket.
  { asks: /\/ssh2\//, name: /^(child_process|dns)$/, gets: 'module.exports = {}' },
  // Its server, SFTP, and agents for HTTP (with all of TLS).
  { asks: /\/ssh2\//, name: /\/(http-agents|keygen|server|SFTP)\.js$/, gets: 'module.exports = {}' },
  // Node's takes longer to load than all of asn1.
  {
    asks: /\/asn1\//,
    name: /^assert$/,
    gets: `exports.ok = (fact) => { if (!fact) throw new Error('asn1 was used wrongly'); };
           exports.equal = (left, right) => exports.ok(left === right);`,
  },
  // Half of zod; our mistakes are said in our own words.
  { asks: /\/zod\//, name: /\/locales\/index\.c?js$/, gets: 'module.exports = {}' },
];

/**
 * Plugin of esbuild: the packages above. ssh2's native part stays where npm built it. Fails where a package is not the
 * version that it knows.
 */
export const packagesInside = {
  name: 'packages-inside',
  setup(build) {
    const native = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node';
    build.onResolve({ filter: /sshcrypto\.node$/ }, () => ({ path: native, external: true }));
    // As CommonJS, for the same reason as our own modules.
    build.onResolve({ filter: /^zod$/ }, () => ({ path: createRequire(import.meta.url).resolve('zod') }));
    for (const [index, { asks, name, gets }] of standIns.entries()) {
      build.onResolve({ filter: name }, ({ path, importer }) =>
        asks.test(importer) ? { path, namespace: `stand-in-${index}` } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: `stand-in-${index}` }, () => ({ contents: gets }));
    }
    for (const [file, [from, to]] of Object.entries(changes)) {
      build.onLoad({ filter: new RegExp(`/${file.replaceAll('.', '\\.')}$`) }, ({ path }) => {
        const parts = readFileSync(path, 'utf8').split(from);
        if (parts.length !== 2) throw new Error(`${path} is not the version that this build knows`);
        return { contents: parts.join(to) };
      });
    }
  },
};

/** Parts of Node that take a millisecond or more to load, and that few runs use. */
const late = 'node:(?:child_process|crypto|module|readline)';

/**
 * Modules of ours, packages and some parts of Node are entered where they are first used, and not where they are named:
 * instead of the `import_x` that esbuild makes of an import stands the `require` itself, cheap from the second time on.
 */
function enterLate(code) {
  const ours = new RegExp(`^var (import_\\w+) = (require\\("(?:\\.[^"]*\\.ts|${late})"\\));$`, 'gm');
  const packages = /^var (import_\w+) = ((?:__toESM\()?require\("(?!\.|node:)[^"]+"\)(?:, 1\))?);$/gm;
  let text = code;
  const replace = (declared, variable, instead) => {
    text = text.replace(declared, '').replaceAll(new RegExp(`\\b${variable}\\b`, 'g'), `(${instead})`);
  };
  for (const [declared, variable, required] of code.matchAll(ours)) replace(declared, variable, required);
  for (const [declared, variable, required] of code.matchAll(packages)) {
    replace(declared, variable, `get_${variable}()`);
    text += `\nvar kept_${variable}; function get_${variable}() { return kept_${variable} ??= ${required}; }\n`;
  }
  return text;
}

/**
 * Plugin of esbuild: our own modules as CommonJS. Each becomes one function, which nobody enters who does not need the
 * module; of ES modules in one file every function of every module is made at every start.
 */
export function modulesInside(define) {
  return {
    name: 'modules-inside',
    setup(build) {
      const root = build.initialOptions.absWorkingDir;
      // Under a name of their own, as package.json says of what has none that it is an ES module.
      build.onResolve({ filter: /\.ts$/ }, ({ path, resolveDir }) => ({
        path: relative(root, resolve(resolveDir, path)),
        namespace: 'inside',
      }));
      build.onLoad({ filter: /.*/, namespace: 'inside' }, async ({ path }) => {
        const { code } = await transform(readFileSync(resolve(root, path), 'utf8'), {
          loader: 'ts',
          format: 'cjs',
          platform: 'node',
          target: 'node20',
          // What they import is taken as an ES module of Node takes it.
          sourcefile: path.replace(/\.ts$/, '.mts'),
          define,
        });
        return { contents: enterLate(code), loader: 'js', resolveDir: dirname(resolve(root, path)) };
      });
    },
  };
}
