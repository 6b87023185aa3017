import * as z from 'zod';

/** Arguments that many modules share, with the words that `muster doc` prints. */
export const mode = z
  .union([z.string().regex(/^0?o?[0-7]{3,4}$/, 'a mode is octal, as "0644"'), z.number().int().min(0).max(0o7777)])
  .optional()
  .describe('permissions, octal, in quotes: "0644"');
export const owner = z.string().optional().describe('name or number of the user that owns it');
export const group = z.string().optional().describe('name or number of the group that owns it');
export const absolutePath = z.string().startsWith('/', 'a path on the host begins with "/"');
/** One name or a list of them. */
export const names = z.union([z.string(), z.array(z.string())]);

export function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? value.split(/\s*,\s*/).filter((name) => name !== '') : value;
}
