/**
 * The positions that a prefix of a word reaches in the globs of a set, as bits, 32 to a block. Only blocks with a position are listed, in
 * ascending order.
 */
export interface Positions {
  readonly blocks: Int32Array;
  readonly bits: Int32Array;
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

  build(): Positions {
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

/** For indexes that are known to be within the array. */
export function at(array: Int32Array, index: number): number {
  return array[index] as number;
}
