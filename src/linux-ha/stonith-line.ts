import type { StonithLine } from '../model/fencing.ts';
import type { NodeName } from '../model/names.ts';
import type { Line, MistakeList, Token } from './lines.ts';

/** A line of ha.cf about fencing, and where it names a node or a file. */
export interface PlacedStonithLine {
  readonly line: StonithLine;
  readonly at: { readonly line: number; readonly column: number };
}

/**
 * `stonith TYPE FILE` and `stonith_host FROM|* TYPE PARAMETERS...`, as ha.cf(5) of heartbeat has them; undefined, with a
 * mistake, where words are missing.
 */
export function readStonithLine(line: Line, list: MistakeList): PlacedStonithLine | undefined {
  const [head, first, second, ...rest] = line.tokens as [Token, Token, Token | undefined, ...Token[]];
  const words = (tokens: readonly Token[]): string => tokens.map(({ text }) => text).join(' ');
  if (head.text === 'stonith_host') {
    if (second === undefined) {
      list.add(first, `Cannot read stonith_host as a device type must follow "${first.text}": none does`);
      return undefined;
    }
    const stonith = { directive: head.text, from: first.text, type: second.text, parameters: words(rest) } as const;
    return { line: stonith, at: { line: first.line, column: first.column } };
  }
  if (second === undefined || rest.length > 0 || !second.text.startsWith('/')) {
    const seen = second === undefined ? 'none does' : `"${words([second, ...rest])}"`;
    list.add(second ?? first, `Cannot read stonith as the whole path of a file must follow "${first.text}": ${seen}`);
    return undefined;
  }
  const stonith = { directive: 'stonith', type: first.text, file: second.text } as const;
  return { line: stonith, at: { line: second.line, column: second.column } };
}

/** The whole line, as ha.cf has it. */
export function writeStonithLine(line: StonithLine): string {
  const words = line.directive === 'stonith' ? [line.type, line.file] : [line.from, line.type, line.parameters];
  return [line.directive, ...words].join(' ').trimEnd();
}

/** Who may use a line and is no node of the cluster. */
export function strangersOf(lines: readonly PlacedStonithLine[], nodes: readonly NodeName[]) {
  return lines.flatMap(({ line, at }) => {
    if (line.directive === 'stonith' || line.from === '*' || nodes.includes(line.from)) return [];
    const known = nodes.join(', ');
    const message = `Cannot let "${line.from}" fence as it must be a node, or "*" for all: it is neither (known: ${known})`;
    return [{ at, message }];
  });
}
