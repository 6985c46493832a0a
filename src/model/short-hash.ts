const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The length of a hash. 62^6 exceeds the 2^32 values of the hash, so more characters would add nothing. */
export const SHORT_HASH_CHARS = 6;

/** FNV-1a over UTF-16 units, mixed once more so that every digit spreads, in base 62, lowest digit first. */
export function shortHash(text: string): string {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  let rest = (state ^ (state >>> 16)) >>> 0;
  let encoded = "";
  for (let i = 0; i < SHORT_HASH_CHARS; i++) {
    encoded += BASE62.charAt(rest % 62);
    rest = Math.floor(rest / 62);
  }
  return encoded;
}
