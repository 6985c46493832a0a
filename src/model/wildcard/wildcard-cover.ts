import type { StepBudget } from "./wildcard-budget.ts";
import { ANY_BUT_COLON, ANY_CHARACTER, COLON, type Glob, STAYS } from "./wildcard-glob.ts";

/**
 * Where a word that is being read may have come to in each of many globs: the places as bits, 32 to a block, and of the blocks
 * only those with a place in them, in order.
 */
export interface Places {
  readonly blocks: Int32Array;
  readonly bits: Int32Array;
}

/** A character that no glob asks for. */
export const OTHER = -2;
const BLOCK = 32;

/**
 * Many globs as one machine that reads a word: after each character it is at exactly one set of places. Nothing is thrown away
 * that the next character could need, and of one glob no place that a later one of its stars makes useless.
 */
export class Cover {
  /** Blocks of each glob begin here; one more for the end. No block holds places of two globs. */
  readonly #begins: Int32Array;
  readonly #globOf: Int32Array;
  /** Places where a word may stay for any character but a colon; `#staysForAll`, for any. */
  readonly #stays: Int32Array;
  readonly #staysForAll: Int32Array;
  /** Of these, the places that make all earlier ones of the same glob useless. */
  readonly #passes: Int32Array;
  readonly #ends: Int32Array;
  /** Places that any character but a colon leads on from; `#anyForAll`, that any does. */
  readonly #any: Int32Array;
  readonly #anyForAll: Int32Array;
  /** True when a wildcard of one of the globs matches no colon. */
  readonly mindsColons: boolean;
  /** By character: the places that it leads on from, besides `#any`. */
  readonly #asking = new Map<number, Int32Array>();
  readonly #codes: Int32Array;

  constructor(globs: readonly Glob[]) {
    this.#begins = new Int32Array(globs.length + 1);
    for (const [index, { codes }] of globs.entries()) {
      this.#begins[index + 1] = (this.#begins[index] ?? 0) + Math.ceil((codes.length + 1) / BLOCK);
    }
    const blocks = this.#begins[globs.length] ?? 0;
    this.#globOf = new Int32Array(blocks);
    this.#stays = new Int32Array(blocks);
    this.#staysForAll = new Int32Array(blocks);
    this.#passes = new Int32Array(blocks);
    this.#ends = new Int32Array(blocks);
    this.#any = new Int32Array(blocks);
    this.#anyForAll = new Int32Array(blocks);
    this.mindsColons = globs.some((glob) => glob.mindsColons);
    this.#codes = new Int32Array(blocks * BLOCK).fill(OTHER);
    for (const [index, glob] of globs.entries()) this.#enter(index, glob);
  }

  #enter(index: number, { codes, stays }: Glob): void {
    const begin = this.#begins[index] ?? 0;
    this.#globOf.fill(index, begin, this.#begins[index + 1]);
    let takesColons = false;
    for (let place = 0; place <= codes.length; place += 1) {
      const block = begin + (place >>> 5);
      const bit = 1 << (place & 31);
      takesColons ||= stays[place] === STAYS.anyText || codes[place] === ANY_CHARACTER;
      this.#enterStar(stays[place], block, bit, takesColons);
      if (place === codes.length) add(this.#ends, block, bit);
      else this.#ask(at(codes, place), block, bit, begin * BLOCK + place);
    }
  }

  #enterStar(stays: number | undefined, block: number, bit: number, takesColons: boolean): void {
    if (stays === STAYS.nothing) return;
    add(this.#stays, block, bit);
    if (stays === STAYS.anyText) add(this.#staysForAll, block, bit);
    // Where no wildcard takes a colon, all places of a glob that are reached at once are in one field: they agree on the colons.
    if (stays === STAYS.anyText || !takesColons) add(this.#passes, block, bit);
  }

  #ask(code: number, block: number, bit: number, place: number): void {
    this.#codes[place] = code;
    if (code === ANY_CHARACTER) add(this.#anyForAll, block, bit);
    if (code === ANY_CHARACTER || code === ANY_BUT_COLON) add(this.#any, block, bit);
    else add(this.#askingFor(code), block, bit);
  }

  #askingFor(code: number): Int32Array {
    const known = this.#asking.get(code);
    if (known !== undefined) return known;
    const fresh = new Int32Array(this.#any.length);
    this.#asking.set(code, fresh);
    return fresh;
  }

  /** Before the first character, in those of the globs that are asked for. */
  start(isAskedFor: (index: number) => boolean): Places {
    const blocks: number[] = [];
    for (let index = 0; index + 1 < this.#begins.length; index += 1) {
      if (isAskedFor(index)) blocks.push(at(this.#begins, index));
    }
    return { blocks: Int32Array.from(blocks), bits: new Int32Array(blocks.length).fill(1) };
  }

  /**
   * After one more character; {@link OTHER} for one that no glob asks for and that is no colon. After ANY_CHARACTER or ANY_BUT_COLON,
   * the places that each such character leads to.
   */
  step(places: Places, code: number, budget: StepBudget): Places {
    const isMaybeColon = code === COLON || code === ANY_CHARACTER;
    return this.#walk(places, this.#asking.get(code), isMaybeColon, budget);
  }

  /** After any text at all, or `withoutColon`: the places from which no such text leads away. */
  stay({ blocks, bits }: Places, withoutColon: boolean): Places {
    const stays = withoutColon ? this.#stays : this.#staysForAll;
    const next = new Draft(blocks.length);
    for (let index = 0; index < blocks.length; index += 1) {
      const block = at(blocks, index);
      next.add(block, at(bits, index) & at(stays, block));
    }
    return next.done();
  }

  #walk({ blocks, bits }: Places, asking: Int32Array | undefined, isMaybeColon: boolean, budget: StepBudget): Places {
    budget.spend(1 + (blocks.length >> 1));
    const any = isMaybeColon ? this.#anyForAll : this.#any;
    const stays = isMaybeColon ? this.#staysForAll : this.#stays;
    const next = new Draft(2 * blocks.length);
    for (let index = 0; index < blocks.length; index += 1) {
      const block = at(blocks, index);
      const from = at(bits, index);
      const leads = from & (at(any, block) | (asking === undefined ? 0 : at(asking, block)));
      next.add(block, (leads << 1) | (from & at(stays, block)));
      if (leads < 0) next.add(block + 1, 1);
    }
    return this.#withoutPassed(next);
  }

  /** Behind a star that was reached, earlier places of the same glob match nothing that is not matched from there. */
  #withoutPassed(draft: Draft): Places {
    let passed = -1;
    for (let index = draft.length - 1; index >= 0; index -= 1) {
      const block = at(draft.blocks, index);
      const glob = at(this.#globOf, block);
      if (glob === passed) {
        draft.bits[index] = 0;
        continue;
      }
      const stars = at(draft.bits, index) & at(this.#passes, block);
      if (stars === 0) continue;
      passed = glob;
      draft.bits[index] = at(draft.bits, index) & (-1 << (31 - Math.clz32(stars)));
    }
    return draft.done();
  }

  /** A word that ends here is matched. */
  accepts({ blocks, bits }: Places): boolean {
    return this.#meets(blocks, bits, (block) => at(this.#ends, block));
  }

  /** A word that comes here is matched, however it goes on. */
  acceptsAll({ blocks, bits }: Places): boolean {
    return this.#meets(blocks, bits, (block) => at(this.#ends, block) & at(this.#staysForAll, block));
  }

  #meets(blocks: Int32Array, bits: Int32Array, of: (block: number) => number): boolean {
    for (let index = 0; index < blocks.length; index += 1) {
      if ((at(bits, index) & of(at(blocks, index))) !== 0) return true;
    }
    return false;
  }

  /** The characters that lead further from here than {@link OTHER} does. */
  literals({ blocks, bits }: Places): Set<number> {
    const found = new Set<number>();
    for (let index = 0; index < blocks.length; index += 1) {
      for (let left = at(bits, index); left !== 0; left &= left - 1) {
        const code = at(this.#codes, at(blocks, index) * BLOCK + 31 - Math.clz32(left & -left));
        if (code >= 0) found.add(code);
      }
    }
    return found;
  }
}

/** True when every place of `part` is in `whole`: what is matched from there is matched from here. */
export function isPartOf(part: Places, whole: Places): boolean {
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

/** Places that are being found, block by block in order. */
class Draft {
  readonly blocks: Int32Array;
  readonly bits: Int32Array;
  length = 0;

  constructor(capacity: number) {
    this.blocks = new Int32Array(capacity);
    this.bits = new Int32Array(capacity);
  }

  add(block: number, bits: number): void {
    if (bits === 0) return;
    const last = this.length - 1;
    if (last >= 0 && this.blocks[last] === block) {
      this.bits[last] = at(this.bits, last) | bits;
      return;
    }
    this.blocks[this.length] = block;
    this.bits[this.length] = bits;
    this.length += 1;
  }

  done(): Places {
    let kept = 0;
    for (let index = 0; index < this.length; index += 1) {
      if (this.bits[index] === 0) continue;
      this.blocks[kept] = at(this.blocks, index);
      this.bits[kept] = at(this.bits, index);
      kept += 1;
    }
    return { blocks: this.blocks.slice(0, kept), bits: this.bits.slice(0, kept) };
  }
}

/** For indexes that are known to be within. */
function at(array: Int32Array | Uint8Array, index: number): number {
  return array[index] as number;
}

function add(masks: Int32Array, block: number, bit: number): void {
  masks[block] = at(masks, block) | bit;
}
