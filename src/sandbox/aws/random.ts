/** A source of seeded pseudo-randomness: the same seed gives the same sequence on every machine. */
export interface Random {
  /** A float in [0, 1). */
  next(): number;
  /** An integer in [min, max], both included. */
  integer(min: number, max: number): number;
  /** A new array with the same members in another order. */
  shuffled<T>(items: readonly T[]): T[];
  /** `length` characters of `alphabet`. */
  text(alphabet: string, length: number): string;
}

/** Mulberry32: small, fast and good enough for shuffling; nothing here is a secret. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    integer,
    shuffled(items) {
      const result = [...items];
      for (let last = result.length - 1; last > 0; last -= 1) {
        const other = integer(0, last);
        const moved = result[last];
        const swapped = result[other];
        if (moved !== undefined && swapped !== undefined) {
          result[last] = swapped;
          result[other] = moved;
        }
      }
      return result;
    },
    text(alphabet, length) {
      return Array.from({ length }, () => alphabet.charAt(integer(0, alphabet.length - 1))).join("");
    },
  };
}

/** A 32-bit FNV-1a hash: orders keys in a way that looks arbitrary and is the same each time. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
}
