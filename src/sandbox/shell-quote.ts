/** A text as one word of a POSIX shell, whatever is in it: in single quotes unless it needs none. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
