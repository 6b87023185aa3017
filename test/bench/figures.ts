/** Figures of a benchmark: many values of one thing, and the goal that they have to meet. */
export interface Goal {
  /** Upper bounds, in the figure's unit; without any bound, the figure only stands beside the others. */
  readonly median?: number | undefined;
  readonly max?: number | undefined;
  /** A lower bound of the median, where more is better. */
  readonly least?: number | undefined;
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly goal: Goal;
}

export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly n: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly goal: string;
  /** False also where nothing was measured. */
  readonly met: boolean;
}

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

export function rowOf(figure: Figure): Row {
  const { name, unit, values, goal } = figure;
  const middle = median(values);
  const max = Math.max(...values);
  const bounds = [
    ...(goal.median === undefined ? [] : [`median <= ${goal.median}`]),
    ...(goal.max === undefined ? [] : [`max <= ${goal.max}`]),
    ...(goal.least === undefined ? [] : [`median >= ${goal.least}`]),
  ];
  const met =
    values.length > 0 &&
    middle <= (goal.median ?? Number.POSITIVE_INFINITY) &&
    max <= (goal.max ?? Number.POSITIVE_INFINITY) &&
    middle >= (goal.least ?? Number.NEGATIVE_INFINITY);
  const numbers = { median: rounded(middle), min: rounded(Math.min(...values)), max: rounded(max) };
  return { name, unit, n: values.length, ...numbers, goal: bounds.join(', '), met };
}

/** All figures as aligned text; a missed goal says so. */
export function figuresTable(rows: readonly Row[]): string {
  const cells = [
    ['figure', 'unit', 'n', 'median', 'min', 'max', 'goal', ''],
    ...rows.map((row) => [
      row.name,
      row.unit,
      String(row.n),
      String(row.median),
      String(row.min),
      String(row.max),
      row.goal,
      row.goal === '' ? '' : row.met ? 'met' : 'MISSED',
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const numeric = new Set([2, 3, 4, 5]);
  return cells
    .map((row) =>
      row
        .map((cell, column) => (numeric.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
