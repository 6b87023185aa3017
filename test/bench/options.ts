import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseDuration } from '../../src/base/duration.ts';
import { type Figure, figuresTable, rowOf } from './figures.ts';

/** What every benchmark understands: `-n N`, `--only A,B`, `--soak 30m`, `--json FILE`, `--check`. */
export interface BenchOptions {
  readonly n: number;
  readonly check: boolean;
  /** All of it, in its usual number: only then its own time has a goal. */
  readonly whole: boolean;
  readonly json: string | undefined;
  /** Milliseconds of `--soak`; undefined where it was not asked for. */
  readonly soak: number | undefined;
  /** Whether this part of the benchmark is to run. */
  readonly wants: (part: string) => boolean;
}

export function benchOptions(parts: readonly string[], defaultN: number): BenchOptions {
  const { values } = parseArgs({
    options: {
      n: { type: 'string', short: 'n' },
      only: { type: 'string' },
      json: { type: 'string' },
      soak: { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  });
  const only = values.only?.split(',');
  const unknown = only?.find((part) => !parts.includes(part));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: known parts are ${parts.join(', ')}`);
  const n = values.n === undefined ? defaultN : Number(values.n);
  if (!Number.isInteger(n) || n < 1) throw new Error(`-n ${values.n}: it must be a whole number from 1`);
  const soak = values.soak === undefined ? undefined : parseDuration(values.soak);
  if (values.soak !== undefined && soak === undefined) throw new Error(`--soak ${values.soak}: it must be like 30m`);
  const whole = only === undefined && soak === undefined && n <= defaultN;
  return { n, soak, whole, check: values.check, json: values.json, wants: (part) => only?.includes(part) ?? true };
}

/** Prints the table, writes the JSON, and returns the exit code: 1 where `--check` is set and a goal was missed. */
export function finishBench(name: string, figures: readonly Figure[], options: BenchOptions): number {
  const rows = figures.map(rowOf);
  process.stdout.write(`\n${figuresTable(rows)}\n`);
  if (options.json !== undefined) {
    const values = Object.fromEntries(figures.map((figure) => [figure.name, figure.values]));
    writeFileSync(options.json, `${JSON.stringify({ bench: name, figures: rows, values }, undefined, 2)}\n`);
  }
  const missed = rows.filter((row) => !row.met);
  if (missed.length > 0) process.stdout.write(`missed: ${missed.map((row) => row.name).join(', ')}\n`);
  return options.check && missed.length > 0 ? 1 : 0;
}
