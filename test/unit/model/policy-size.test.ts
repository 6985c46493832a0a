import { describe, expect, test } from "vitest";
import {
  MAX_INLINE_POLICIES_CHARS,
  MAX_TRUST_POLICY_CHARS,
  oversizePolicies,
} from "../../../src/model/policy/policy-size.ts";

const fieldsOf = (spec: unknown): readonly string[] => oversizePolicies(spec).map(({ field }) => field);
/** One statement whose only action makes the inline policy as long as this, in its shortest spelling. */
const inlineOf = (chars: number): object => {
  const shortest = JSON.stringify({ Effect: "Allow", Action: "", Resource: "*" }).length;
  return { statements: [{ effect: "Allow", actions: ["a".repeat(chars - shortest)], resources: ["*"] }] };
};

describe("a policy that IAM may take is no oversize", () => {
  test.each<[string, unknown]>([
    ["an inline policy of just as many characters as a role may have", inlineOf(MAX_INLINE_POLICIES_CHARS)],
    ["blanks, which IAM does not count", { statements: [{ conditions: { a: { b: [" ".repeat(60_000), " "] } } }] }],
    ["lists of one, which IAM takes without brackets", { statements: times(600, () => ({ actions: ["a:b"] })) }],
    ["an empty sid", { statements: times(900, () => ({ sid: "" })) }],
    ["no policies at all", {}],
    ["something that is no spec", "text"],
    ["null", null],
  ])("%s", (_, spec) => {
    expect(fieldsOf(spec)).toEqual([]);
  });
});

describe("a policy that IAM takes in no account is told by its field", () => {
  test.each<[string, unknown, readonly string[]]>([
    ["one character too many", inlineOf(MAX_INLINE_POLICIES_CHARS + 1), ["spec.statements"]],
    ["a request of more characters than IAM reads", { statements: [" ".repeat(140_000)] }, ["spec.statements"]],
    ["quotes, which are two characters each", { statements: ['"'.repeat(5_200)] }, ["spec.statements"]],
    ["a trust policy", { trust: { statements: ["a".repeat(MAX_TRUST_POLICY_CHARS)] } }, ["spec.trust"]],
    [
      "both",
      { statements: ["a".repeat(11_000)], trust: { services: ["a".repeat(9_000)] } },
      ["spec.statements", "spec.trust"],
    ],
  ])("%s", (_, spec, expected) => {
    expect(fieldsOf(spec)).toEqual(expected);
  });

  test("with what is wrong, why, and what to do", () => {
    expect(oversizePolicies({ statements: ["a".repeat(11_000)] }).map(({ message }) => message)).toEqual([
      "spec.statements: the inline policy has more than 10,240 characters without white space, and IAM takes no more for a role in " +
        "any account. Shorten the statements, or move a part of them to managed policies (spec.managedPolicies).",
    ]);
  });
});

function times<T>(count: number, make: () => T): readonly T[] {
  return Array.from({ length: count }, make);
}
