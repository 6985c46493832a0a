import type { Access } from "../../../src/model/access/access.ts";
import { type Random, seededRandom } from "../../../src/sandbox/aws/random.ts";
import { MUTATIONS, type Mutation, NEUTRAL } from "./mutations.ts";
import { type DraftAccess, type Ingredients, ingredients, randomAccess } from "./random-policies.ts";
import { once, pick } from "./random-texts.ts";

/** Two sides to compare. */
export interface Pair {
  readonly from: Access;
  readonly to: Access;
}

/** A pair, and how its `to` came to be. */
export interface MadePair extends Pair {
  readonly edits: readonly string[];
}

/** Pair number so-and-so: the number alone decides what it is. Most are edits of one another; others have little in common. */
export function randomPair(seed: number): MadePair {
  const random = seededRandom(seed * 7_919 + 1);
  const with_ = ingredients(random);
  const base = randomAccess(random, with_);
  if (once(random, 12))
    return { from: asAccess(base), to: asAccess(randomAccess(random, with_)), edits: ["independent"] };
  const [changed, edits] = edited(base, MUTATIONS, pick(random, [1, 1, 1, 2, 2, 3]), random, with_);
  const [from, to] = once(random, 2) ? [base, changed] : [changed, base];
  return { from: asAccess(from), to: asAccess(to), edits };
}

/** The same access, written in another way. */
export function neutralPair(seed: number): MadePair {
  const random = seededRandom(seed * 7_919 + 2);
  const with_ = ingredients(random);
  const base = randomAccess(random, with_);
  const [changed, edits] = edited(base, NEUTRAL, random.integer(1, 4), random, with_);
  return { from: asAccess(base), to: asAccess(changed), edits };
}

/** Three in a row, each an edit of the one before. */
export function randomTriple(seed: number): readonly [Access, Access, Access] {
  const random = seededRandom(seed * 7_919 + 3);
  const with_ = ingredients(random);
  const first = randomAccess(random, with_);
  const [second] = edited(first, MUTATIONS, 1, random, with_);
  const [third] = edited(second, MUTATIONS, 1, random, with_);
  return [asAccess(first), asAccess(second), asAccess(third)];
}

function edited(
  base: DraftAccess,
  mutations: readonly Mutation[],
  count: number,
  random: Random,
  with_: Ingredients,
): readonly [DraftAccess, readonly string[]] {
  const changed = structuredClone(base);
  const applied = Array.from({ length: count }, () => pick(random, mutations));
  for (const mutation of applied) mutation.apply(changed, random, with_);
  return [changed, applied.map(({ name }) => name)];
}

const asAccess = (draft: DraftAccess): Access => JSON.parse(JSON.stringify(draft)) as Access;
