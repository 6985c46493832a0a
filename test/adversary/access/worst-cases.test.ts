import { describe, expect, test } from "vitest";
import type { AccessComparison } from "../../../src/model/access/access.ts";
import { compareAccess } from "../../../src/model/access/compare-access.ts";
import { compileAccess } from "../../../src/model/access/evaluate/evaluate.ts";
import { HOSTILE_PAIRS, type HostilePair, OVERSIZED_PAIRS } from "../../support/access/hostile-pairs.ts";
import { requestOf, requestText } from "../../support/access/judge-comparison.ts";
import { READINGS } from "../../support/access/plain-patterns.ts";

/** More than a comparison ever takes on a busy machine: what does not end within its steps does not end within this either. */
const timeout = 120_000;

/** What is wrong with a verdict, as far as the pair itself tells. */
function faultsOf({ from, to, truth }: HostilePair, comparison: AccessComparison): readonly string[] {
  if (comparison.verdict === "undecided") {
    const unclear = comparison.undecided.filter(({ reason }) => !/^[a-z].{8,300}$/s.test(reason));
    return comparison.undecided.length === 0 || unclear.length > 0 ? ["undecided without a reason"] : [];
  }
  if (truth !== undefined && comparison.verdict !== truth) return [`${comparison.verdict}, but it is ${truth}`];
  if (comparison.verdict === "no-new-access") return [];
  const readings = READINGS.map((colons) => [compileAccess(from, { colons }), compileAccess(to, { colons })] as const);
  return comparison.examples
    .map(requestOf)
    .filter((request) =>
      readings.some(([old, next]) => old.evaluate(request).isAllowed || !next.evaluate(request).isAllowed),
    )
    .map((request) => `${requestText(request)} is no example`);
}

const compared = new Map<HostilePair, AccessComparison>();

/** Compared once, for all of these tests. */
function comparisonOf(pair: HostilePair): AccessComparison {
  const comparison = compared.get(pair) ?? compareAccess(pair.from, pair.to);
  compared.set(pair, comparison);
  return comparison;
}

describe("policies that cost the most to compare get a true answer, or none", () => {
  test.each(HOSTILE_PAIRS)("$name", { timeout }, (pair) => {
    expect(faultsOf(pair, comparisonOf(pair))).toEqual([]);
  });

  test.each(OVERSIZED_PAIRS)("beyond IAM's quotas: $name", { timeout }, (pair) => {
    expect(faultsOf(pair, comparisonOf(pair))).toEqual([]);
  });
});

test("a comparison that may take few steps proves nothing wrong, and says why it stopped", { timeout }, () => {
  const verdicts = HOSTILE_PAIRS.flatMap((pair) =>
    [0, 1_000, 20_000].map((maxSteps) => {
      const comparison = compareAccess(pair.from, pair.to, { maxSteps });
      expect([pair.name, maxSteps, faultsOf(pair, comparison)]).toEqual([pair.name, maxSteps, []]);
      return comparison.verdict;
    }),
  );
  expect(verdicts).toContain("undecided");
});

test("most policies within IAM's quotas are decided", { timeout }, () => {
  const undecided = HOSTILE_PAIRS.filter((pair) => comparisonOf(pair).verdict === "undecided");
  expect(undecided.length, undecided.map(({ name }) => name).join("; ")).toBeLessThan(HOSTILE_PAIRS.length / 4);
});
