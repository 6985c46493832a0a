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
