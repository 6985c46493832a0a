import { asciiLowerCase } from "./policy-json.ts";

const ANY_CHARACTER = -2;
const ANY_TEXT = -3;
const END = -4;

/** No place at all. */
const NOWHERE: readonly number[] = [];

/**
 * Patterns with `*` (any text) and `?` (any character), one after the other, as places between their characters: where a
 * word that is being read may have come to. Characters are UTF-16 code units.
 */
export interface WildcardPlaces {
  readonly starts: readonly number[];
  /** The places after one more character; a negative code is a character that no pattern asks for. */
  readonly step: (place: number, code: number) => readonly number[];
  /** A word that ends here matches. */
  readonly isEnd: (place: number) => boolean;
  /** A word that comes here matches, however it goes on. */
  readonly isOpenEnd: (place: number) => boolean;
  /** Any character leads on from here. */
  readonly isWildcard: (place: number) => boolean;
  /** No wildcard stands before this place: which beginning of a word leads here is known to the letter. */
  readonly isBeforeWildcards: (place: number) => boolean;
  /** The character asked for here, if it is a certain one. */
  readonly literals: (place: number) => readonly number[];
  /**
   * The places sorted, once each, without those that add nothing: behind a `*` that was reached, earlier places of the same
   * pattern match no word that is not matched from there.
   */
  readonly withoutPassed: (places: readonly number[]) => readonly number[];
}

/** `foldsCase`: A to Z match in either case, and words are to be given in lower case. */
export function placesOf(patterns: readonly string[], foldsCase: boolean): WildcardPlaces {
  const tokens: number[] = [];
  const patternOf: number[] = [];
  const isBeforeWildcards: boolean[] = [];
  const starts: number[] = [];
  for (const pattern of new Set(patterns.map((one) => (foldsCase ? asciiLowerCase(one) : one)))) {
    starts.push(tokens.length);
    let isBefore = true;
    for (const token of tokensOf(pattern)) {
      isBefore &&= !isWildcard(token);
      tokens.push(token);
      patternOf.push(starts.length);
      isBeforeWildcards.push(isBefore);
    }
  }
  const literalOf = tokens.map((token, place) => {
    const asked = token === ANY_TEXT ? (tokens[place + 1] ?? END) : token;
    return asked >= 0 ? [asked] : NOWHERE;
  });
  const isOpenEnd = (place: number): boolean => tokens[place] === ANY_TEXT && tokens[place + 1] === END;
  return {
    starts,
    isOpenEnd,
    isWildcard: (place) => isWildcard(tokens[place]),
    isBeforeWildcards: (place) => isBeforeWildcards[place] ?? false,
    isEnd: (place) => tokens[place] === END || isOpenEnd(place),
    literals: (place) => literalOf[place] ?? NOWHERE,
    step(place, code) {
      const token = tokens[place];
      if (token === code || token === ANY_CHARACTER) return [place + 1];
      if (token !== ANY_TEXT) return NOWHERE;
      return tokens[place + 1] === code ? [place, place + 2] : [place];
    },
    withoutPassed(places) {
      const lastStar = new Map<number | undefined, number>();
      const sorted = [...new Set(places)].sort((a, b) => a - b);
      for (const place of sorted) if (tokens[place] === ANY_TEXT) lastStar.set(patternOf[place], place);
      if (lastStar.size === 0) return sorted;
      return sorted.filter((place) => place >= (lastStar.get(patternOf[place]) ?? 0));
    },
  };
}

function isWildcard(token: number | undefined): boolean {
  return token === ANY_TEXT || token === ANY_CHARACTER;
}

/** A run of wildcards means the same in any order: its `?` come first, and of its `*` one is enough. */
function tokensOf(pattern: string): readonly number[] {
  const ordered = pattern.replace(/[*?]{2,}/g, (run) => run.replaceAll("*", "") + (run.includes("*") ? "*" : ""));
  return [...Array.from({ length: ordered.length }, (_, index) => tokenAt(ordered, index)), END];
}

function tokenAt(pattern: string, index: number): number {
  const character = pattern[index];
  if (character === "*") return ANY_TEXT;
  return character === "?" ? ANY_CHARACTER : pattern.charCodeAt(index);
}
