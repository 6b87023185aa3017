import { readFile } from 'node:fs/promises';
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import { badInput, type Mistake, type Position, Problem } from '../base/problem.ts';

export type YamlPath = readonly (string | number)[];

/** A YAML file whose every value still knows where it stands. */
export interface YamlSource {
  readonly file: string;
  readonly document: Document;
  readonly value: unknown;
  /** Where the value at `path` begins; where there is none, where its nearest parent does. */
  at(path: YamlPath): Position;
  /** Where the *key* at `path` begins. */
  keyAt(path: YamlPath): Position;
  /** Where line and column (from 1) of the text of a scalar stand in the file: for mistakes inside of templates. */
  inside(path: YamlPath, line: number, column: number): Position;
}

/** Reads and parses; a file that is missing or no YAML rejects with `badInput`. */
export async function readYaml(file: string): Promise<YamlSource> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const seen = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is none' : (error as Error).message;
    throw new Problem('badInput', `Cannot read playbook "${file}" as it must be a readable file: ${seen}`);
  }
  return parseYaml(text, file);
}

export function parseYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const mistakes = document.errors.map(
    (error): Mistake => ({ at: position(error.pos[0]), message: `Cannot read this as YAML: ${error.message}` }),
  );
  if (mistakes.length > 0) throw badInput(mistakes);

  const nodeAt = (path: YamlPath): unknown => {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      if (node !== undefined && node !== null) return node;
    }
    return undefined;
  };
  const startOf = (node: unknown): number =>
    (node as { range?: [number, number, number] } | undefined)?.range?.[0] ?? 0;
  const at = (path: YamlPath): Position => position(startOf(nodeAt(path)));
  return {
    file,
    document,
    value: document.toJS(),
    at,
    keyAt(path) {
      const parent = nodeAt(path.slice(0, -1));
      const key = path.at(-1);
      const pair = isMap(parent)
        ? parent.items.find((item) => isScalar(item.key) && item.key.value === key)
        : undefined;
      return isPair(pair) ? position(startOf(pair.key)) : at(path);
    },
    inside(path, line, column) {
      const node = nodeAt(path);
      const start = at(path);
      if (!isScalar(node)) return start;
      const block = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
      if (block) {
        const body = text.split('\n')[start.line] ?? '';
        return { file, line: start.line + line, column: column + (body.length - body.trimStart().length) };
      }
      if (line > 1) return { file, line: start.line + line - 1, column };
      const quoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? 1 : 0;
      return { file, line: start.line, column: start.column + column - 1 + quoted };
    },
  };
}
