import { parseDuration } from '../base/duration.ts';

/** Milliseconds of a duration that the schema has let through; whole ones, as the files cannot say less. */
export function milliseconds(text: string): number {
  return Math.round(parseDuration(text)!);
}
