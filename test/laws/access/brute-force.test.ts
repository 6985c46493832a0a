import { expect, test } from "vitest";
import type { Access } from "../../../src/model/access/access.ts";
import { compareAccess } from "../../../src/model/access/compare-access.ts";
import { bruteForce } from "../../support/access/brute-force.ts";
import { judge } from "../../support/access/judge-comparison.ts";
import { allows } from "../../support/access/plain-iam.ts";
import { randomPair } from "../../support/access/random-pairs.ts";
import { faultText, pairText, shrinkPair } from "../../support/access/shrink-pair.ts";
import { lawRuns } from "../../support/law-runs.ts";

/** `npm run access:brute-force -- --pairs 100000` tries more. */
const FIXED_PAIRS = lawRuns(400);
const COMPARED_PAIRS = lawRuns(1_000);
const FRESH_PAIRS = lawRuns(200);
const timeout = 120_000;

const seeds = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => first + index);

/** The first pair of which the verdict is wrong, as small as it gets. */
function firstFault(first: number, count: number): string | undefined {
  for (const seed of seeds(first, count)) {
    if (judge(randomPair(seed), compareAccess).faults.length > 0) return faultText(seed, compareAccess);
  }
  return undefined;
}

test("no request that is new is found where the comparison proves that there is none", { timeout }, () => {
  expect(firstFault(1, FIXED_PAIRS)).toBeUndefined();
});

test("the same holds for pairs that no run has seen before", { timeout }, () => {
  const first = 1_000_000 + (Date.now() % 1_000_000_000);
  expect(firstFault(first, FRESH_PAIRS), `pairs from ${first}`).toBeUndefined();
});

test("few pairs stay undecided", { timeout }, () => {
  const verdicts = seeds(1, COMPARED_PAIRS).map((seed) => {
    const { from, to } = randomPair(seed);
    return compareAccess(from, to).verdict;
  });
  const share = (verdict: string): number => verdicts.filter((one) => one === verdict).length / COMPARED_PAIRS;
  // Of 100,000 pairs, 0.5 % are the aim: so few pairs as these vary.
  expect(share("undecided")).toBeLessThan(0.01);
  // The pairs are of both kinds: otherwise they would not test much.
  expect(Math.min(share("no-new-access"), share("new-access"))).toBeGreaterThan(0.2);
});

const access = (...statements: readonly object[]): Access => ({
  use: "permissions",
  layers: [[{ Version: "2012-10-17", Statement: statements as never }]],
});
const GET = { Effect: "Allow", Action: "s3:Get*", Resource: "arn:aws:s3:::a" };

test("the brute force finds what is new, and a wrong proof is a fault with a small pair", () => {
  const pair = {
    from: access(GET, {
      Effect: "Deny",
      Action: "s3:GetX",
      Resource: "*",
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    }),
    to: access({ Effect: "Allow", Action: "s3:L*", Resource: "*", Condition: { StringLike: { "x:s": "a*" } } }, GET),
  };
  const { found, certain } = bruteForce(pair);
  expect(found).toBeDefined();
  expect(certain && [allows(pair.from, certain, "no wildcard"), allows(pair.to, certain, "no wildcard")]).toEqual([
    false,
    true,
  ]);

  const isWrong = (one: typeof pair): boolean =>
    judge(one, () => ({ verdict: "no-new-access" })).faults.some(({ kind }) => kind === "wrong proof");
  expect(isWrong(pair)).toBe(true);
  const small = shrinkPair(pair, (one) => isWrong(one));
  expect(pairText(small).split("\n").length).toBeLessThanOrEqual(pairText(pair).split("\n").length - 1);
  expect(isWrong(small)).toBe(true);
});

test("an example that both sides allow, or none, is a fault", () => {
  const pair = { from: access(GET), to: access(GET) };
  const place = { layer: 0, document: 0, statement: 0, sid: undefined };
  const shown = { wasDenied: false, actionPattern: undefined, targetPattern: undefined };
  const example = { ...shown, action: "s3:Get", resource: "arn:aws:s3:::a", principal: undefined, context: {}, place };
  const kinds = (examples: readonly (typeof example)[]): readonly string[] =>
    judge(pair, () => ({ verdict: "new-access", examples, undecided: [] })).faults.map(({ kind }) => kind);
  expect(kinds([example])).toEqual(["example that is not one"]);
  expect(kinds([])).toEqual(["example that is not one"]);
});
