const encoder = new TextEncoder();

/** How many bytes the text has in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** The beginning of the text: at most `maxBytes` of UTF-8, never half a character. */
export function firstBytes(text: string, maxBytes: number): string {
  const { read } = encoder.encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
