const encoder = new TextEncoder();

/** The length of the text in UTF-8 bytes. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** The longest prefix of the text with at most `maxBytes` bytes of UTF-8. It does not split a character. */
export function firstBytes(text: string, maxBytes: number): string {
  const { read } = encoder.encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
