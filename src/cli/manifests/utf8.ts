/** The text of UTF-8, without its byte order mark. Undefined when the bytes are not UTF-8: to replace some would change a name unseen. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
