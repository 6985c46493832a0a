import { COLON, foldCode, isMaybeColon, TOKEN, type Token } from "./tokens.ts";

/** What a position of a glob accepts any number of. */
export const REPEATS = { nothing: 0, textWithoutColon: 1, anyText: 2 } as const;

/**
 * A pattern with wildcards. Its positions are numbered from 0, before the first character, to `codes.length`, after the last.
 * Characters are UTF-16 code units.
 */
export interface Glob {
  /** The token between a position and the next: never a star. */
  readonly codes: Int32Array;
  /** One of {@link REPEATS} for each position: what a star at this position accepts. */
  readonly repeats: Uint8Array;
  /** True when a wildcard of the glob does not accept a colon. */
  readonly mindsColons: boolean;
  /** The first and the last position with a star; both -1 when there is none. */
  readonly firstStar: number;
  readonly lastStar: number;
  /** The text of the one word that the glob matches; undefined when it has a wildcard, or a letter that matches in either case. */
  readonly name: string | undefined;
}

/** The glob of a list of tokens. */
export function globOf(tokens: readonly Token[]): Glob {
  const length = tokens.reduce((count, token) => (isStar(token) ? count : count + 1), 0);
  const codes = new Int32Array(length);
  const repeats = new Uint8Array(length + 1);
  let position = 0;
  for (const token of tokens) {
    if (isStar(token)) {
      repeats[position] = Math.max(repeats[position] ?? 0, repeatsOf(token));
      continue;
    }
    codes[position] = token;
    position += 1;
    // A run of wildcards means the same in any order. Its star moves behind its question marks.
    if (isSameWildcard(token, repeats[position - 1])) {
      repeats[position] = repeats[position - 1] ?? 0;
      repeats[position - 1] = REPEATS.nothing;
    }
  }
  const mindsColons = repeats.includes(REPEATS.textWithoutColon) || codes.includes(TOKEN.anyButColon);
  const [firstStar, lastStar] = [firstStarIn(repeats), lastStarIn(repeats)];
  const isName = firstStar < 0 && codes.every((code) => code >= 0 && foldCode(code) === undefined);
  const name = isName ? nameOf(codes) : undefined;
  return { codes, repeats, mindsColons, firstStar, lastStar, name };
}

function nameOf(codes: Int32Array): string {
  let name = "";
  for (const code of codes) name += String.fromCodePoint(code);
  return name;
}

function isStar(token: Token): boolean {
  return token === TOKEN.anyText || token === TOKEN.textWithoutColon;
}

function repeatsOf(star: Token): number {
  return star === TOKEN.anyText ? REPEATS.anyText : REPEATS.textWithoutColon;
}

/** True for a `?` and a `*` that accept the same characters. */
function isSameWildcard(token: Token, repeats: number | undefined): boolean {
  return (
    (token === TOKEN.anyCharacter && repeats === REPEATS.anyText) ||
    (token === TOKEN.anyButColon && repeats === REPEATS.textWithoutColon)
  );
}

function firstStarIn(repeats: Uint8Array): number {
  return repeats.findIndex((repeat) => repeat !== REPEATS.nothing);
}

function lastStarIn(repeats: Uint8Array): number {
  return repeats.findLastIndex((repeat) => repeat !== REPEATS.nothing);
}

/** True for `*`. */
export function matchesEverything({ codes, repeats }: Glob): boolean {
  return codes.length === 0 && repeats[0] === REPEATS.anyText;
}

/** True when a star at a position accepts the character. */
export function repeatAccepts(repeats: number | undefined, code: number): boolean {
  return repeats === REPEATS.anyText || (repeats === REPEATS.textWithoutColon && !isMaybeColon(code));
}

/** False only when no word matches both, as the characters before their first and after their last stars show. */
export function endsMayMeet(one: Glob, other: Glob): boolean {
  const prefix = Math.min(prefixLength(one), prefixLength(other));
  for (let index = 0; index < prefix; index += 1) {
    if (!mayAgree(one.codes[index], other.codes[index])) return false;
  }
  const suffix = Math.min(suffixLength(one), suffixLength(other));
  for (let back = 1; back <= suffix; back += 1) {
    if (!mayAgree(one.codes[one.codes.length - back], other.codes[other.codes.length - back])) return false;
  }
  return isLongEnough(one, other) && isLongEnough(other, one);
}

function prefixLength({ firstStar, codes }: Glob): number {
  return firstStar < 0 ? codes.length : firstStar;
}

function suffixLength({ lastStar, codes }: Glob): number {
  return lastStar < 0 ? codes.length : codes.length - lastStar;
}

function isLongEnough(one: Glob, { firstStar, codes }: Glob): boolean {
  return firstStar >= 0 || one.codes.length <= codes.length;
}

/** False only when no character matches both tokens. */
function mayAgree(one: Token = TOKEN.anyCharacter, other: Token = TOKEN.anyCharacter): boolean {
  if (one === TOKEN.anyButColon) return other !== COLON;
  if (other === TOKEN.anyButColon) return one !== COLON;
  if (one < 0 || other < 0 || one === other) return true;
  const [folded, otherFolded] = [foldCode(one), foldCode(other)];
  if (folded === undefined) return otherFolded?.includes(one) ?? false;
  return otherFolded === undefined ? folded.includes(other) : folded[0] === otherFolded[0];
}

/**
 * The positions that a prefix of a word reaches in the globs of a set, as bits, 32 to a block. Only blocks with a position are listed, in
 * ascending order.
 */
export interface Positions {
  // No typed arrays: most are short, and a typed array costs more to make than it saves.
  readonly blocks: readonly number[];
  readonly bits: readonly number[];
}

/** True when every position of `part` is in `whole`: `whole` matches at least the words that `part` matches. */
export function isSubset(part: Positions, whole: Positions): boolean {
  if (part.blocks.length > whole.blocks.length) return false;
  let other = 0;
  for (let index = 0; index < part.blocks.length; index += 1) {
    const block = at(part.blocks, index);
    while (other < whole.blocks.length && at(whole.blocks, other) < block) other += 1;
    if (other === whole.blocks.length || at(whole.blocks, other) !== block) return false;
    if ((at(part.bits, index) & ~at(whole.bits, other)) !== 0) return false;
  }
  return true;
}

/** Positions in the making. Blocks are added in ascending order; empty ones are dropped. */
export class PositionsBuilder {
  readonly blocks: number[] = [];
  readonly bits: number[] = [];

  get length(): number {
    return this.blocks.length;
  }

  add(block: number, bits: number): void {
    if (bits === 0) return;
    const last = this.blocks.length - 1;
    if (last >= 0 && this.blocks[last] === block) {
      this.bits[last] = at(this.bits, last) | bits;
      return;
    }
    this.blocks.push(block);
    this.bits.push(bits);
  }

  /** The positions. The builder is not used any more. */
  build(): Positions {
    const { blocks, bits } = this;
    let kept = 0;
    for (let index = 0; index < blocks.length; index += 1) {
      if (bits[index] === 0) continue;
      blocks[kept] = at(blocks, index);
      bits[kept] = at(bits, index);
      kept += 1;
    }
    blocks.length = kept;
    bits.length = kept;
    return { blocks, bits };
  }
}

/** For indexes that are known to be within the array. */
export function at(array: Int32Array | readonly number[], index: number): number {
  return array[index] as number;
}
