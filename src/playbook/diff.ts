/** A unified diff of two texts without its file header, three lines around each change; empty where they are the same. */
export function unifiedDiff(before: string, after: string): readonly string[] {
  const left = lines(before);
  const right = lines(after);
  const edits = editScript(left, right);
  const shown = new Set<number>();
  for (const [index, edit] of edits.entries()) {
    if (edit.kind === ' ') continue;
    for (let near = index - 3; near <= index + 3; near++) shown.add(near);
  }
  const output: string[] = [];
  let gap = true;
  for (const [index, edit] of edits.entries()) {
    if (!shown.has(index)) {
      gap = true;
      continue;
    }
    if (gap) output.push(`@@ -${edit.left + 1} +${edit.right + 1} @@`);
    gap = false;
    output.push(`${edit.kind}${edit.text}`);
  }
  return output;
}

interface Edit {
  readonly kind: ' ' | '-' | '+';
  readonly text: string;
  readonly left: number;
  readonly right: number;
}

function lines(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** Longest common subsequence by dynamic programming between the first and the last line that differ. */
function editScript(left: readonly string[], right: readonly string[]): readonly Edit[] {
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head++;
  let tail = 0;
  while (tail < left.length - head && tail < right.length - head && left.at(-1 - tail) === right.at(-1 - tail)) tail++;
  const a = left.slice(head, left.length - tail);
  const b = right.slice(head, right.length - tail);
  // Too large to compare line by line: everything in between is replaced.
  const table = a.length * b.length > 4_000_000 ? undefined : longest(a, b);
  const edits: Edit[] = left.slice(0, head).map((text, index) => ({ kind: ' ', text, left: index, right: index }));
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const at = { left: head + i, right: head + j };
    if (i < a.length && j < b.length && a[i] === b[j] && table !== undefined) {
      edits.push({ kind: ' ', text: a[i]!, ...at });
      i++;
      j++;
    } else if (i < a.length && (j === b.length || table === undefined || table[i + 1]![j]! >= table[i]![j + 1]!)) {
      edits.push({ kind: '-', text: a[i++]!, ...at });
    } else {
      edits.push({ kind: '+', text: b[j++]!, ...at });
    }
  }
  for (let index = 0; index < tail; index++) {
    const at = left.length - tail + index;
    edits.push({ kind: ' ', text: left[at]!, left: at, right: right.length - tail + index });
  }
  return edits;
}

function longest(a: readonly string[], b: readonly string[]): readonly Uint32Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i]![j] = a[i] === b[j] ? table[i + 1]![j + 1]! + 1 : Math.max(table[i + 1]![j]!, table[i]![j + 1]!);
    }
  }
  return table;
}
