import { describe, expect, test } from "vitest";
import type { Access } from "../../../../src/model/access/access.ts";
import { compareAccess } from "../../../../src/model/access/compare-access.ts";
import type { JsonObject } from "../../../../src/model/policy/policy-json.ts";

const access = (...statements: readonly JsonObject[]): Access => ({
  use: "permissions",
  layers: [[{ Version: "2012-10-17", Statement: statements }]],
});
const ALLOW: JsonObject = { Effect: "Allow", Action: "s3:*", Resource: "*" };

describe("a condition key that is compared as another type than text", () => {
  const denied = (operator: string, key: string, values: readonly string[]): Access =>
    access(ALLOW, { ...ALLOW, Effect: "Deny", Condition: { [operator]: { [key]: values } } });
  const nothing = access(ALLOW, { ...ALLOW, Effect: "Deny" });

  test.each([
    ["BoolIfExists", "aws:PrincipalTag/admin", ["true", "false"]],
    ["BoolIfExists", "token.actions.githubusercontent.com:private", ["true", "false"]],
    ["BoolIfExists", "aws:username", ["true", "false"]],
    ["IpAddressIfExists", "aws:UserAgent", ["0.0.0.0/0", "::/0"]],
    ["BoolIfExists", "aws:SourceIp", ["true", "false"]],
  ])("may have any text when AWS does not give it that type: %s of %s", (operator, key, values) => {
    const comparison = compareAccess(nothing, denied(operator, key, values));
    expect(comparison).toMatchObject({
      verdict: "new-access",
      examples: [{ context: { [key.toLowerCase()]: ["example"] } }],
    });
  });

  test.each([
    ["BoolIfExists", "aws:SecureTransport", ["true", "false"]],
    ["IpAddressIfExists", "aws:SourceIp", ["0.0.0.0/0", "::/0"]],
  ])("has values of its type alone when it is AWS's: %s of %s", (operator, key, values) => {
    expect(compareAccess(nothing, denied(operator, key, values))).toEqual({ verdict: "no-new-access" });
  });

  test("may be no number where two ranges deny every number", () => {
    const deny = (operator: string): JsonObject => ({
      ...ALLOW,
      Effect: "Deny",
      Condition: { [operator]: { "s3:prefix": "5" } },
    });
    const to = access(ALLOW, deny("NumericLessThanIfExists"), deny("NumericGreaterThanEqualsIfExists"));
    expect(compareAccess(nothing, to)).toMatchObject({
      verdict: "new-access",
      examples: [{ context: { "s3:prefix": ["example"] } }],
    });
  });
});

test("a key to which AWS gives several values has them also where no policy tests it as a set", () => {
  const condition = { StringEquals: { "aws:TagKeys": "a" }, StringLike: { "aws:TagKeys": "b" } };
  expect(compareAccess(access(), access({ ...ALLOW, Condition: condition })).verdict).not.toBe("no-new-access");
});

test("a key that is tested twice with the same operator may have either value", () => {
  const [one, twice] = [{ k: "a" }, { k: "a", K: "b" }].map((keys) =>
    access({ ...ALLOW, Condition: { StringEquals: keys } }),
  ) as [Access, Access];
  expect(compareAccess(one, twice).verdict).toBe("undecided");
  expect(compareAccess(twice, twice)).toEqual({ verdict: "no-new-access" });
});

test("confirming examples takes steps, so that many statements with variables do not take minutes", () => {
  const statements = (resource: (index: number) => string): Access =>
    access(...Array.from({ length: 8 }, (_, index) => ({ ...ALLOW, Resource: `arn:aws:s3:::${resource(index)}` })));
  const from = statements((index) => `${index}/\${aws:username}/*/\${aws:PrincipalTag/t${index}}`);
  const to = statements((index) => `${index}/*/\${aws:username}/\${aws:PrincipalTag/t${index}}`);
  const compared = (maxSteps: number) => {
    const comparison = compareAccess(from, to, { maxSteps });
    return comparison.verdict === "new-access" && [comparison.examples.length, comparison.undecided.length];
  };
  expect(compared(3_000_000)).toEqual([8, 0]);
  expect(compared(20_000)).not.toEqual([8, 0]);
});

test("conditions of many keys take steps for each key, so that a few steps end soon", () => {
  const keys = (count: number, value: string): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
  const from = access({ ...ALLOW, Condition: { Null: keys(700, "true") } });
  const to = access({ ...ALLOW, Condition: { StringLike: keys(700, "*") } });
  expect(compareAccess(from, to, { maxSteps: 20_000 }).verdict).toBe("undecided");
});

test("a value of any length is compared", () => {
  const long = "a".repeat(130_000);
  const to = access({ ...ALLOW, Condition: { StringEquals: { k: long } } });
  expect(compareAccess(access(), to)).toMatchObject({ verdict: "new-access", examples: [{ context: { k: [long] } }] });
});

test("nothing is proved when the steps run out before anything is compared", () => {
  const denies = Array.from({ length: 30 }, (_, index) => ({ ...ALLOW, Effect: "Deny", Action: `s3:*x${index}*` }));
  const [from, to] = [access(ALLOW, ...denies), access(ALLOW, ...denies.slice(1))];
  for (const maxSteps of [0, 10, 100, 1_000]) {
    expect([maxSteps, compareAccess(from, to, { maxSteps }).verdict]).not.toEqual([maxSteps, "no-new-access"]);
  }
});
