/** Decodes UTF-8 and strips the byte order mark; undefined for invalid bytes, whose replacement could change a name. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
