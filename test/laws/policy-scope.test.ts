import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildPolicy, type PolicyDocument } from "../../src/model/policy/policy-document.ts";
import type { JsonObject } from "../../src/model/policy/policy-json.ts";
import { deniesAsMuch, isNoWider, scopeOf } from "../../src/model/policy/policy-scope.ts";

const ACTIONS = ["a:1", "a:2", "a:3", "b:*"];
const RESOURCES = ["*", "arn:x", "arn:y"];
const statement = fc.record({
  Effect: fc.constantFrom("Allow", "Allow", "Deny"),
  Action: fc.subarray(ACTIONS, { minLength: 1 }),
  Resource: fc.subarray(RESOURCES, { minLength: 1 }),
  isConditional: fc.boolean(),
});
const documents = fc.array(fc.array(statement, { maxLength: 4 }), { maxLength: 2 });
type Statements = typeof documents extends fc.Arbitrary<infer T> ? T : never;

function policies(of: Statements): readonly PolicyDocument[] {
  return of.map((statements) =>
    buildPolicy(
      {
        Version: "2012-10-17",
        Statement: statements.map(
          ({ isConditional, ...rest }): JsonObject => ({
            ...rest,
            ...(isConditional && { Condition: { Bool: { "aws:SecureTransport": "true" } } }),
          }),
        ),
      },
      "permissions",
    ),
  );
}

/** Every combination, spelled out: what the comparison must not do. */
function points(of: Statements, effect: string): ReadonlySet<string> {
  const statements = of.flat().filter(({ Effect }) => Effect === effect);
  return new Set(
    statements.flatMap(({ Action, Resource, isConditional }) =>
      Action.flatMap((action) => Resource.map((resource) => `${action} ${resource} ${isConditional}`)),
    ),
  );
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return [...part].every((point) => whole.has(point));
}

describe("what policies allow and deny is compared", () => {
  test("as if every combination of action, resource and condition were spelled out", () => {
    const seen = { narrower: 0, wider: 0 };
    fc.assert(
      fc.property(documents, documents, (one, other) => {
        const isAllowed = isSubset(points(one, "Allow"), points(other, "Allow"));
        const isDenied = isSubset(points(other, "Deny"), points(one, "Deny"));
        const [mine, theirs] = [scopeOf(policies(one)), scopeOf(policies(other))];
        expect(isNoWider(mine, theirs)).toBe(isAllowed && isDenied);
        expect(deniesAsMuch(mine, theirs)).toBe(isDenied);
        seen[isAllowed && isDenied ? "narrower" : "wider"] += 1;
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(20);
  });

  test("without spelling them out: 2,000 actions on 2,000 resources are decided", () => {
    const names = (prefix: string, count: number): string[] =>
      Array.from({ length: count }, (_, i) => `${prefix}:${i}`);
    const one = (actions: number, resources: number): PolicyDocument =>
      buildPolicy(
        { Statement: [{ Effect: "Allow", Action: names("a", actions), Resource: names("arn", resources) }] },
        "permissions",
      );
    const [narrow, wide] = [scopeOf([one(1_999, 2_000)]), scopeOf([one(2_000, 2_000)])];
    expect([isNoWider(narrow, wide), isNoWider(wide, narrow), isNoWider(wide, wide)]).toEqual([true, false, true]);
  });

  test("and what is spread over so many statements that it takes too long counts as wider", () => {
    const spread = (seed: number): PolicyDocument =>
      buildPolicy(
        {
          Statement: Array.from({ length: 400 }, (_, n) => ({
            Effect: "Allow",
            Action: Array.from({ length: 40 }, (__, i) => `a:${(n * 31 + i * i * seed) % 997}`),
            Resource: Array.from({ length: 40 }, (__, i) => `arn:${(n * 17 + i * i * seed) % 991}`),
          })),
        },
        "permissions",
      );
    expect(isNoWider(scopeOf([spread(3)]), scopeOf([spread(3)]))).toBe(false);
  });
});
