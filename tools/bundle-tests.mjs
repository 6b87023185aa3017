// Test files as JavaScript in a folder of their own, what they share in common chunks: read so, they take a third of the
// time that a loader of TypeScript needs in each process. Whatever a test reads beside itself it finds where its source is.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Each file's own address as a text, since it is to be that of the source. */
const ownAddress = {
  name: 'own-address',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      // Not where it is the name of what esbuild is to define.
      const contents = text.replace(/(?<!')\bimport\.meta\.url\b/g, JSON.stringify(pathToFileURL(path).href));
      return contents === text ? undefined : { contents, loader: 'ts' };
    }),
};

/** The test files below a folder, by their paths from the root on. */
export function testsBelow(folder) {
  const names = readdirSync(`${root}${folder}`, { recursive: true }).filter((name) => name.endsWith('.test.ts'));
  return names.sort().map((name) => `${folder}/${name}`);
}

/** Returns the new folder, which the caller removes, and the bundled files in the order of their sources. */
export async function bundleTests(sources) {
  mkdirSync(`${root}node_modules/.cache`, { recursive: true });
  const folder = mkdtempSync(`${root}node_modules/.cache/muster-tests-`);
  await build({
    absWorkingDir: root,
    entryPoints: sources,
    ...{ outdir: folder, outbase: root, outExtension: { '.js': '.mjs' }, sourcemap: true },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external' },
    logLevel: 'warning',
    plugins: [ownAddress],
  });
  return { folder, files: sources.map((source) => `${folder}/${source.replace(/\.ts$/, '.mjs')}`) };
}
