import { describe, expect, test } from "vitest";
import type { Access } from "../../../src/model/access/access.ts";
import { compareAccess } from "../../../src/model/access/compare-access.ts";
import { seededRandom } from "../../../src/sandbox/aws/random.ts";
import { type MadePair, neutralPair, randomPair, randomTriple } from "../../support/access/random-pairs.ts";
import { type DraftAccess, ingredients, randomAccess, randomStatement } from "../../support/access/random-policies.ts";
import { pairText } from "../../support/access/shrink-pair.ts";

const RUNS = 150;
const timeout = 120_000;

/** Fails with the first pair of which the verdict is not allowed. A part of a pair need not be one of its kind, so it is not made smaller. */
function expectVerdicts(
  pairOf: (seed: number) => MadePair,
  isAllowed: (verdict: string) => boolean,
  runs: number = RUNS,
): void {
  for (let seed = 1; seed <= runs; seed += 1) {
    const pair = pairOf(seed);
    const { verdict } = compareAccess(pair.from, pair.to);
    if (!isAllowed(verdict)) expect.fail(`${verdict}: pair ${seed} (${pair.edits.join(", ")})\n${pairText(pair)}`);
  }
}

/** A pair of which one side has a statement more. */
function withOneMore(seed: number, effect: "Allow" | "Deny"): MadePair {
  const random = seededRandom(seed * 7_919 + 4);
  const with_ = ingredients(random);
  const base = randomAccess(random, with_);
  const changed: DraftAccess = structuredClone(base);
  const statement = { ...randomStatement(random, with_), Effect: effect };
  // A NotPrincipal goes with a Deny alone.
  if (effect === "Allow" && statement.NotPrincipal !== undefined) {
    statement.Principal = statement.NotPrincipal;
    delete statement.NotPrincipal;
  }
  changed.layers[0]?.[0]?.Statement.push(statement);
  return { from: base as unknown as Access, to: changed as unknown as Access, edits: [`one ${effect} more`] };
}

const reversed = ({ from, to, edits }: MadePair): MadePair => ({ from: to, to: from, edits });
const isNone = (verdict: string): boolean => verdict === "no-new-access";

describe("a comparison proves no new access", () => {
  test("of a policy with itself", { timeout }, () => {
    expectVerdicts((seed) => {
      const { from, edits } = randomPair(seed);
      return { from, to: structuredClone(from), edits };
    }, isNone);
  });

  test("when an Allow is removed", { timeout }, () => {
    expectVerdicts((seed) => reversed(withOneMore(seed, "Allow")), isNone);
  });

  test("when a Deny is added", { timeout }, () => {
    expectVerdicts((seed) => withOneMore(seed, "Deny"), isNone);
  });
});

test("edits that change nothing but the text are no new access in either direction, and hardly ever undecided", {
  timeout,
}, () => {
  const directions = [neutralPair, (seed: number) => reversed(neutralPair(seed))];
  let undecided = 0;
  for (const pairOf of directions) {
    expectVerdicts(pairOf, (verdict) => {
      if (verdict === "undecided") undecided += 1;
      return verdict !== "new-access";
    });
  }
  expect(undecided / (2 * RUNS)).toBeLessThan(0.01);
});

test("a chain of proofs has no example from its first to its last", { timeout }, () => {
  let chains = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const [first, second, third] = randomTriple(seed);
    if (!isNone(compareAccess(first, second).verdict) || !isNone(compareAccess(second, third).verdict)) continue;
    chains += 1;
    const { verdict } = compareAccess(first, third);
    expect([seed, verdict], pairText({ from: first, to: third })).toEqual([seed, "no-new-access"]);
  }
  expect(chains).toBeGreaterThan(RUNS / 10);
});
