import { at, endsMayMeet, type Glob, type Positions, PositionsBuilder, REPEATS } from "./glob.ts";
import type { StepBudget } from "./step-budget.ts";
import { COLON, foldCode, isMaybeColon, isVariableCode, TOKEN, type Token } from "./tokens.ts";

/** A character that no glob names. */
export const OTHER = -2;
const BLOCK = 32;

/**
 * A list of globs as one automaton: each prefix of a word leads to exactly one set of positions. It drops a position when a later star of
 * the same glob matches everything that the position matches.
 */
export class GlobSet {
  readonly globs: readonly Glob[];
  /** True when a wildcard of one of the globs does not match a colon. */
  readonly mindsColons: boolean;
  /** True when a policy variable in a word stands for any text; else only the same variable and `*` match it. */
  readonly variablesAreAnyText: boolean;
  /** The first block of each glob, and the end. No block holds positions of two globs. */
  readonly #begins: Int32Array;
  readonly #globOf: Int32Array;
  /** Positions with a star: of any kind, that accepts everything, that makes earlier positions of its glob needless. */
  readonly #stars: Int32Array;
  readonly #anyTextStars: Int32Array;
  readonly #dominating: Int32Array;
  readonly #ends: Int32Array;
  /** Positions before a `?`: of any kind, and of the kind that matches a colon. */
  readonly #questionMarks: Int32Array;
  readonly #anyQuestionMarks: Int32Array;
  /** By token: the positions before it. */
  readonly #before = new Map<Token, Int32Array>();
  readonly #codes: Int32Array;
  /** The globs that match one word, by that word; and the others. */
  readonly #names = new Map<string, number>();
  readonly #wildcards: number[] = [];

  constructor(globs: readonly Glob[], options: { readonly variablesAreAnyText?: boolean } = {}) {
    this.globs = globs;
    this.variablesAreAnyText = options.variablesAreAnyText ?? false;
    this.mindsColons = globs.some((glob) => glob.mindsColons);
    this.#begins = new Int32Array(globs.length + 1);
    for (const [index, { codes }] of globs.entries()) {
      this.#begins[index + 1] = at(this.#begins, index) + Math.ceil((codes.length + 1) / BLOCK);
    }
    const blocks = at(this.#begins, globs.length);
    this.#globOf = new Int32Array(blocks);
    this.#stars = new Int32Array(blocks);
    this.#anyTextStars = new Int32Array(blocks);
    this.#dominating = new Int32Array(blocks);
    this.#ends = new Int32Array(blocks);
    this.#questionMarks = new Int32Array(blocks);
    this.#anyQuestionMarks = new Int32Array(blocks);
    this.#codes = new Int32Array(blocks * BLOCK).fill(OTHER);
    for (const [index, glob] of globs.entries()) {
      this.#add(index, glob);
      if (glob.name === undefined) this.#wildcards.push(index);
      else this.#names.set(glob.name, index);
    }
  }

  /** The indexes of the globs that may share a word with the glob, ascending. Names are looked up, not compared. */
  meeting(glob: Glob, budget: StepBudget): readonly number[] {
    const hasFreeVariables = this.variablesAreAnyText && glob.codes.some(isVariableCode);
    const mayMeet = (index: number): boolean => hasFreeVariables || endsMayMeet(glob, this.globs[index] as Glob);
    if (hasFreeVariables || glob.name === undefined) {
      budget.spend(1 + this.globs.length);
      return [...this.globs.keys()].filter(mayMeet);
    }
    budget.spend(1 + this.#wildcards.length);
    const name = this.#names.get(glob.name);
    const wildcards = this.#wildcards.filter(mayMeet);
    return name === undefined ? wildcards : [...wildcards, name].sort((a, b) => a - b);
  }

  #add(index: number, { codes, repeats }: Glob): void {
    const begin = at(this.#begins, index);
    this.#globOf.fill(index, begin, this.#begins[index + 1]);
    let hasMatchedColon = false;
    for (let position = 0; position <= codes.length; position += 1) {
      const block = begin + (position >>> 5);
      const bit = 1 << (position & 31);
      hasMatchedColon ||= repeats[position] === REPEATS.anyText || codes[position] === TOKEN.anyCharacter;
      this.#addStar(repeats[position], block, bit, hasMatchedColon);
      if (position === codes.length) setBit(this.#ends, block, bit);
      else this.#addToken(at(codes, position), block, bit, begin * BLOCK + position);
    }
  }

  #addStar(repeats: number | undefined, block: number, bit: number, hasMatchedColon: boolean): void {
    if (repeats === REPEATS.nothing) return;
    setBit(this.#stars, block, bit);
    if (repeats === REPEATS.anyText) setBit(this.#anyTextStars, block, bit);
    // As long as no wildcard has matched a colon, all positions of a glob that a prefix reaches are behind the same colons.
    if (repeats === REPEATS.anyText || !hasMatchedColon) setBit(this.#dominating, block, bit);
  }

  #addToken(token: Token, block: number, bit: number, position: number): void {
    this.#codes[position] = token;
    if (token === TOKEN.anyCharacter) setBit(this.#anyQuestionMarks, block, bit);
    if (token === TOKEN.anyCharacter || token === TOKEN.anyButColon) setBit(this.#questionMarks, block, bit);
    else for (const code of [token, ...(foldCode(token) ?? [])]) setBit(this.#positionsBefore(code), block, bit);
  }

  #positionsBefore(token: Token): Int32Array {
    const known = this.#before.get(token);
    if (known !== undefined) return known;
    const fresh = new Int32Array(this.#ends.length);
    this.#before.set(token, fresh);
    return fresh;
  }

  /** The positions of the empty prefix, in the globs with these indexes, ascending. */
  start(globs: readonly number[]): Positions {
    return { blocks: globs.map((index) => at(this.#begins, index)), bits: globs.map(() => 1) };
  }

  /**
   * The positions after one more character; {@link OTHER} for one that no glob names and that is no colon. For a token that matches
   * several characters, the positions that each of them leads to.
   */
  step(positions: Positions, code: Token, budget: StepBudget): Positions {
    const { blocks, bits } = positions;
    budget.spend(1 + (blocks.length >> 1));
    if (this.variablesAreAnyText && isVariableCode(code)) return this.#allFrom(positions, budget);
    const canBeColon = isMaybeColon(code) || code === TOKEN.anyCharacter;
    const named = this.#before.get(code);
    const wild = isVariableCode(code) ? undefined : this.#wildcardsFor(code);
    const stars = canBeColon ? this.#anyTextStars : this.#stars;
    const next = new PositionsBuilder();
    for (let index = 0; index < blocks.length; index += 1) {
      const block = at(blocks, index);
      const from = at(bits, index);
      const leads = from & ((wild === undefined ? 0 : at(wild, block)) | (named === undefined ? 0 : at(named, block)));
      next.add(block, (leads << 1) | (from & at(stars, block)));
      if (leads < 0) next.add(block + 1, 1);
    }
    return this.#withoutDominated(next);
  }

  /** The positions that any text leads to. */
  #allFrom({ blocks, bits }: Positions, budget: StepBudget): Positions {
    const next = new PositionsBuilder();
    for (let index = 0; index < blocks.length; index += 1) {
      const block = at(blocks, index);
      const glob = at(this.#globOf, block);
      if (index > 0 && at(this.#globOf, at(blocks, index - 1)) === glob) continue;
      const lowest = at(bits, index) & -at(bits, index);
      next.add(block, -lowest & this.#existing(block));
      for (let later = block + 1; later < at(this.#begins, glob + 1); later += 1)
        next.add(later, this.#existing(later));
    }
    budget.spend(next.length >> 1);
    return this.#withoutDominated(next);
  }

  /** The bits of a block that are positions: after the end of a glob there are none. */
  #existing(block: number): number {
    const end = at(this.#ends, block);
    return end === 0 ? -1 : (end << 1) - 1;
  }

  #wildcardsFor(code: Token): Int32Array {
    return code === COLON || code === TOKEN.anyCharacter ? this.#anyQuestionMarks : this.#questionMarks;
  }

  /** The positions after any text, with or without colons: those that every such text leads to. */
  repeat({ blocks, bits }: Positions, repeats: number | undefined): Positions {
    const stars = repeats === REPEATS.textWithoutColon ? this.#stars : this.#anyTextStars;
    const next = new PositionsBuilder();
    for (let index = 0; index < blocks.length; index += 1) {
      const block = at(blocks, index);
      next.add(block, at(bits, index) & at(stars, block));
    }
    return next.build();
  }

  #withoutDominated(builder: PositionsBuilder): Positions {
    let dominated = -1;
    for (let index = builder.length - 1; index >= 0; index -= 1) {
      const block = at(builder.blocks, index);
      const glob = at(this.#globOf, block);
      if (glob === dominated) {
        builder.bits[index] = 0;
        continue;
      }
      const stars = at(builder.bits, index) & at(this.#dominating, block);
      if (stars === 0) continue;
      dominated = glob;
      builder.bits[index] = at(builder.bits, index) & (-1 << (31 - Math.clz32(stars)));
    }
    return builder.build();
  }

  /** True when a word that ends here matches. */
  accepts({ blocks, bits }: Positions): boolean {
    return blocks.some((block, index) => (at(bits, index) & at(this.#ends, block)) !== 0);
  }

  /** True when every word that continues from here matches. */
  acceptsAll({ blocks, bits }: Positions): boolean {
    return blocks.some(
      (block, index) => (at(bits, index) & at(this.#ends, block) & at(this.#anyTextStars, block)) !== 0,
    );
  }

  /** True when one of the globs matches the word. */
  matches(word: readonly number[], budget: StepBudget): boolean {
    let positions = this.start([...this.globs.keys()]);
    for (const code of word) {
      if (positions.blocks.length === 0) return false;
      positions = this.step(positions, code, budget);
    }
    return this.accepts(positions);
  }

  /** Adds the characters that lead further from here than {@link OTHER} does. */
  addNamed({ blocks, bits }: Positions, named: Set<number>): void {
    for (let index = 0; index < blocks.length; index += 1) {
      for (let left = at(bits, index); left !== 0; left &= left - 1) {
        const token = at(this.#codes, at(blocks, index) * BLOCK + 31 - Math.clz32(left & -left));
        if (token >= 0) for (const code of foldCode(token) ?? [token]) named.add(code);
      }
    }
  }
}

function setBit(masks: Int32Array, block: number, bit: number): void {
  masks[block] = at(masks, block) | bit;
}
