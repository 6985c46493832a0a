import { describe, expect, test } from "vitest";
import { conditionTests } from "../../../../../src/model/access/compare/access-statement.ts";
import { literals } from "../../../../../src/model/access/compare/condition-solver.ts";
import { type KeySolution, type Literal, solveKey } from "../../../../../src/model/access/compare/key-solver.ts";
import { StepBudget, StepBudgetExceeded } from "../../../../../src/model/access/words/step-budget.ts";

/** The literals that each operator holds for the key, with its values. */
const hold = (operators: Readonly<Record<string, string | readonly string[]>>, key = "k"): readonly Literal[] =>
  literals(testsOf(operators, key), true);
const fail = (operators: Readonly<Record<string, string | readonly string[]>>, key = "k"): readonly Literal[] =>
  literals(testsOf(operators, key), false);

function testsOf(operators: Readonly<Record<string, string | readonly string[]>>, key: string) {
  const condition = Object.entries(operators).map(([operator, values]) => [operator, { [key]: values }]);
  return conditionTests(Object.fromEntries(condition), false) ?? [];
}

const solved = (all: readonly Literal[], isMultivalued = false): KeySolution | undefined =>
  solveKey(all, isMultivalued, new StepBudget(100_000));
const values = (all: readonly Literal[], isMultivalued = false): readonly string[] | undefined =>
  solved(all, isMultivalued)?.values;

describe("an absent key", () => {
  test.each<[string, readonly Literal[]]>([
    ["a negated operator", hold({ StringNotEquals: "a" })],
    ["IfExists", hold({ StringEqualsIfExists: "a" })],
    ["ForAllValues", hold({ "ForAllValues:StringEquals": "a" })],
    ["Null", hold({ Null: "true" })],
    ["an operator that must not hold", fail({ StringEquals: "a" })],
    ["ForAnyValue that must not hold", fail({ "ForAnyValue:StringNotEquals": "a" })],
    ["presence that must not hold", fail({ Null: "false" })],
  ])("is an answer to %s", (_, all) => {
    expect(solved(all)).toEqual({ values: [], isCertain: true });
  });

  test.each<[string, readonly Literal[]]>([
    ["an operator", hold({ StringEquals: "a" })],
    ["ForAnyValue, also negated", hold({ "ForAnyValue:StringNotEquals": "b" })],
    ["presence", hold({ Null: "false" })],
    ["a negated operator that must not hold", fail({ StringNotEquals: "a" })],
    ["IfExists that must not hold", fail({ StringNotEqualsIfExists: "a" })],
    ["ForAllValues that must not hold", fail({ "ForAllValues:StringNotEquals": "a" })],
  ])("is no answer to %s", (_, all) => {
    expect(values(all)).toHaveLength(1);
  });
});

describe("a key has no values", () => {
  test.each<[string, readonly Literal[]]>([
    ["when a test must hold and must not", [...hold({ StringEquals: "a" }), ...fail({ StringEquals: "a" })]],
    ["when an unknown test must hold and must not", [...hold({ Odd: "a" }), ...fail({ Odd: "a" })]],
    ["when it must be absent and present", [...hold({ Null: "true" }), ...fail({ "ForAllValues:StringEquals": "a" })]],
    ["of two texts", hold({ StringEquals: "a", StringLike: "b*" })],
    ["beside the range", hold({ NumericGreaterThan: "2", NumericLessThan: "2" })],
    ["between true and false", [...hold({ Bool: ["true", "false"] }), ...fail({ BoolIfExists: ["true", "false"] })]],
    ["outside of all addresses", hold({ NotIpAddress: ["0.0.0.0/0", "::/0"], Null: "false" }, "aws:sourceip")],
  ])("%s", (_, all) => {
    expect(solved(all)).toBeUndefined();
  });

  test("for a ForAllValues that nothing meets, as long as it must be present", () => {
    const all = hold({ "ForAllValues:StringEquals": "a", "ForAllValues:StringLike": "b*" });
    expect(values(all, true)).toEqual([]);
    expect(solved([...all, ...hold({ Null: "false" })], true)).toBeUndefined();
  });
});

describe("an answer that AWS alone knows", () => {
  test.each<[string, readonly Literal[]]>([
    ["for an unknown operator", [...hold({ Odd: "a" }), ...hold({ StringEquals: "b" })]],
    ["for an unknown operator on an absent key", [...hold({ Odd: "a" }), ...fail({ StringEquals: "b" })]],
    ["for values of two types", hold({ StringEquals: "1", NumericEquals: "1" })],
  ])("is not certain: %s", (_, all) => {
    expect(solved(all)?.isCertain).toBe(false);
  });

  test("is not certain for several values under an operator for one", () => {
    const all = hold({ StringEquals: "a", StringLike: "b" });
    expect(solved(all, true)).toEqual({ values: ["a", "b"], isCertain: false });
  });
});

describe("several values", () => {
  const any = hold({ "ForAnyValue:StringEquals": "a", "ForAnyValue:StringLike": "b" });

  test("are an answer for a key that can have several, and for no other", () => {
    expect(solved(any, true)).toEqual({ values: ["a", "b"], isCertain: true });
    expect(solved(any, false)).toBeUndefined();
  });

  test.each<[string, readonly Literal[]]>([
    ["ForAllValues", hold({ "ForAllValues:StringEquals": ["a", "c"] })],
    ["ForAnyValue that must not hold", fail({ "ForAnyValue:StringNotEquals": ["a", "c"] })],
    ["a negated operator", hold({ StringNotEquals: "b" })],
    ["an operator that must not hold", fail({ StringEquals: "b" })],
  ])("each meet %s", (_, each) => {
    expect(values([...any, ...each], true)).toBeUndefined();
  });

  test.each<[string, readonly Literal[]]>([
    ["a ForAllValues that must not hold", fail({ "ForAllValues:StringNotEquals": "c" })],
    ["an operator", hold({ StringEquals: "c" })],
    ["a negated operator that must not hold", fail({ StringNotEquals: "c" })],
  ])("need one more for %s", (_, one) => {
    expect(values([...any, ...one], true)).toEqual(["a", "b", "c"]);
  });
});

describe("a value that only operators of texts can read", () => {
  const either = ["true", "false"];
  test.each(["aws:PrincipalTag/t", "token.actions.githubusercontent.com:x", "saml:cn"])(
    "exists for %s, which its author writes",
    (key) => {
      const { values: found, isCertain } = solved(fail({ BoolIfExists: either }, key)) ?? {};
      expect([found, isCertain]).toEqual([["example"], true]);
    },
  );

  test("does not exist for a key of AWS, and not when another test must match", () => {
    expect(solved(fail({ BoolIfExists: either }, "aws:SecureTransport"))).toBeUndefined();
    const tag = "aws:PrincipalTag/t";
    expect(solved([...fail({ BoolIfExists: either }, tag), ...hold({ Bool: "true" }, tag)])).toBeUndefined();
    expect(solved(fail({ StringLikeIfExists: "*" }, tag))).toBeUndefined();
  });

  test("can be one of several", () => {
    const all = [
      ...fail({ "ForAllValues:Bool": either }, "aws:RequestTag/t"),
      ...hold({ "ForAnyValue:Bool": "true" }, "aws:RequestTag/t"),
    ];
    expect(values(all, true)).toEqual(["example", "true"]);
  });
});

describe("the values of a type", () => {
  test.each<[string, readonly Literal[], string]>([
    ["a text", hold({ StringLike: "a?", StringNotEquals: "ax" }), "aa"],
    ["a number at a bound", hold({ NumericGreaterThanEquals: "2", NumericLessThanEquals: "2" }), "2"],
    ["a number between two", hold({ NumericGreaterThan: "1", NumericLessThan: "2" }), "1.5"],
    ["a number below all", hold({ NumericLessThan: "-3" }), "-4"],
    ["a number above all", hold({ NumericGreaterThan: "7" }), "8"],
    ["a number that must not compare", fail({ NumericLessThanIfExists: "2" }), "2"],
    ["a date", hold({ DateGreaterThan: "2030-01-01T00:00:00Z" }), "2030-01-01T00:00:00.001Z"],
    ["true", hold({ Bool: ["true", "false"], Null: "false" }).concat(fail({ Bool: "false" })), "true"],
    ["false", fail({ BoolIfExists: "true" }), "false"],
    ["an address beside a range", hold({ IpAddress: "10.0.0.0/31", NotIpAddress: "10.0.0.0" }), "10.0.0.1"],
    [
      "an address of version 6",
      hold({ IpAddress: "2001:db8::/127", NotIpAddress: "2001:db8::" }),
      "2001:db8:0:0:0:0:0:1",
    ],
  ])("%s", (_, all, value) => {
    expect(solved(all)).toEqual({ values: [value], isCertain: true });
  });
});

test.each<[string, readonly Literal[], steps: number]>([
  ["for each test", hold({ Null: "true" }), 0],
  ["for each number", hold({ NumericEquals: ["1", "2", "3"] }), 7],
  ["for each address", hold({ IpAddress: ["10.0.0.1", "10.0.0.2"] }), 10],
])("solving takes steps %s", (_, all, steps) => {
  expect(() => solveKey(all, false, new StepBudget(steps))).toThrow(StepBudgetExceeded);
});
