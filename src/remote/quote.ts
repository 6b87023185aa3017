/** One word of a POSIX shell that means exactly this text, whatever is in it (a NUL cannot be). */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell word cannot hold a NUL byte');
  return /^[A-Za-z0-9_/.:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
