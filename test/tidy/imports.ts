import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Every TypeScript file below a folder, with `/` and sorted. */
export function sourceFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name))
    .sort();
}

/** What a file imports, `import type` and dynamic imports included: paths from the root for our own, names for packages. */
export function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'/gm,
    ),
  ];
  return found
    .map((match) => match[1] ?? match[2] ?? match[3]!)
    .map((path) => (path.startsWith('.') ? normalize(join(dirname(file), path)) : path));
}

/** Imports that a running program follows: types are gone by then, so they close no cycle. */
function runtimeImportsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = [...text.matchAll(/(?:^|\n)(?:import|export)\s+(?!type\b)[^'"`;]*?from\s*'([^']+)'/g)];
  return found
    .map((match) => match[1]!)
    .filter((path) => path.startsWith('.'))
    .map((path) => normalize(join(dirname(file), path)));
}

/** Cycles as `a -> b -> a`, each found once. */
export function importCycles(files: readonly string[]): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.push([...path.slice(start), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    done.add(file);
    for (const next of runtimeImportsOf(file)) visit(next, [...path, file]);
  };
  for (const file of files) visit(file, []);
  return cycles;
}
