import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import type { Core } from './core.ts';
import { type Defect, type Edit, editsOf, pathOf } from './defect.ts';

const source = fileURLToPath(new URL('../../src', import.meta.url));
const parts = [
  'core/node.ts',
  'core/resources/state.ts',
  'core/resources/step.ts',
  'model/lease-floor.ts',
  'wire/codec.ts',
  'wire/authentication.ts',
];

/**
 * The core and the wire with one defect planted, as a module of its own that lies in no file. Rejects where the text to be
 * replaced does not stand in its file exactly once, or nobody imports that file: the defect has to be written anew.
 */
export async function withDefect(defect: Defect): Promise<Core> {
  const code = await bundleWith(defect.name, editsOf(defect), {
    stdin: { contents: parts.map((part) => `export * from './${part}';`).join('\n'), resolveDir: source },
  });
  return (await import(`data:text/javascript;base64,${code.toString('base64')}`)) as Core;
}

/** All that the entry imports as one module, with these edits made. Rejects as `withDefect` does; `name` is for that. */
export async function bundleWith(
  name: string,
  edits: readonly Edit[],
  entry: Pick<BuildOptions, 'stdin' | 'entryPoints'>,
): Promise<Buffer> {
  const files = new Set(edits.map((edit) => join(source, pathOf(edit))));
  const planted = new Map([...files].map((path) => [path, plant(name, edits, path)]));
  const { outputFiles } = await build({
    ...{ ...entry, bundle: true, format: 'esm', platform: 'node', target: 'node20', write: false },
    plugins: [instead(planted)],
  });
  if (planted.size > 0) throw new Error(`"${name}": nobody imports ${[...planted.keys()].join(', ')}`);
  return Buffer.from(outputFiles![0]!.contents);
}

/** Takes these texts for what the files hold, and each out of the map as it is read. */
function instead(texts: Map<string, string>): Plugin {
  return {
    name: 'instead',
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = texts.get(path);
        if (contents === undefined) return undefined;
        texts.delete(path);
        return { contents, loader: 'ts' };
      }),
  };
}

/** The text of the file with each edit of it. */
function plant(name: string, edits: readonly Edit[], path: string): string {
  let text = readFileSync(path, 'utf8');
  for (const edit of edits.filter((one) => join(source, pathOf(one)) === path)) {
    const around = text.split(edit.find);
    if (around.length !== 2)
      throw new Error(`"${name}": its text stands ${around.length - 1} times in ${edit.file}, not once`);
    text = around.join(edit.replace);
  }
  return text;
}
