import { describe, expect, test } from "vitest";
import type { Access } from "../../../../src/model/access/access.ts";
import { compareAccess } from "../../../../src/model/access/compare-access.ts";
import type { JsonObject } from "../../../../src/model/policy/policy-json.ts";

const access = (...statements: readonly JsonObject[]): Access => ({
  use: "permissions",
  layers: [[{ Version: "2012-10-17", Statement: statements }]],
});
const ALLOW: JsonObject = { Effect: "Allow", Action: "s3:*", Resource: "*" };

const allow = (Action: string | string[], Resource: string | string[] = "*", more: JsonObject = {}): JsonObject => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});
const deny = (Action: string | string[], Resource: string | string[] = "*"): JsonObject => ({
  Effect: "Deny",
  Action,
  Resource,
});
const when = (operator: string, key: string, values: string | string[]): JsonObject => ({
  Condition: { [operator]: { [key]: values } },
});
const HOME = `arn:aws:s3:::home/\${aws:username}`;

describe("no new access is proved", () => {
  test.each<[string, Access, Access]>([
    ["for a narrower wildcard", access(allow("s3:*")), access(allow("s3:Get*"))],
    ["for a statement that is split", access(allow(["a:x", "a:y"])), access(allow("a:y"), allow("A:X"))],
    [
      "for actions and resources that one statement had together",
      access(allow(["s3:Get*", "s3:Put*"], ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"])),
      access(allow("s3:Get*", "arn:aws:s3:::a/*"), allow("s3:put*", "arn:aws:s3:::b/x")),
    ],
    [
      "for a condition more",
      access(allow("s3:*")),
      access(allow("s3:*", "*", when("Bool", "aws:SecureTransport", "true"))),
    ],
    [
      "for a range that two ranges make",
      access(allow("s3:*", "*", when("IpAddress", "aws:SourceIp", ["10.0.0.0/9", "10.128.0.0/9"]))),
      access(allow("s3:*", "*", when("IpAddress", "aws:SourceIp", "10.0.0.0/8"))),
    ],
    [
      "for a truth value that is true, false or absent",
      access(
        allow("s3:*", "*", when("Bool", "aws:SecureTransport", "true")),
        allow("s3:*", "*", when("Bool", "aws:SecureTransport", "false")),
        allow("s3:*", "*", when("Null", "aws:SecureTransport", "true")),
      ),
      access(allow("s3:*")),
    ],
    [
      "for NotAction in place of a Deny",
      access(allow("*"), deny("iam:*")),
      access({ Effect: "Allow", NotAction: "iam:*", Resource: "*" }),
    ],
    [
      "for the same variable in a narrower pattern",
      access(allow("s3:*", `${HOME}/*`)),
      access(allow("s3:*", `${HOME}/a*`)),
    ],
    [
      "for a boundary that allows no more than before",
      access(allow("s3:Get*"), allow("iam:Get*")),
      {
        use: "permissions",
        layers: [...access(allow("*")).layers, ...access(allow("s3:Get*"), allow("iam:GetRole")).layers],
      },
    ],
  ])("%s", (_, from, to) => {
    expect(compareAccess(from, to)).toEqual({ verdict: "no-new-access" });
  });
});

describe("new access is shown by a request", () => {
  test.each<[string, Access, Access, object]>([
    [
      "of a wider wildcard",
      access(allow("s3:Get*")),
      access(allow("s3:*")),
      { action: "s3:DeleteBucket", resource: "*", wasDenied: false },
    ],
    [
      "of a Deny that is gone",
      access(allow("s3:*"), deny("s3:Put*")),
      access(allow("s3:*")),
      { action: expect.stringMatching(/^s3:Put/), wasDenied: true },
    ],
    [
      "of a condition that is gone",
      access(allow("sqs:*", "*", when("StringEquals", "aws:SourceVpc", "vpc-1"))),
      access(allow("sqs:*")),
      { context: {}, wasDenied: false },
    ],
    [
      "with the value of a condition key",
      access(allow("sqs:*", "*", when("StringEquals", "aws:SourceVpc", "vpc-1"))),
      access(allow("sqs:*", "*", when("StringEquals", "aws:SourceVpc", ["vpc-1", "vpc-2"]))),
      { context: { "aws:sourcevpc": ["vpc-2"] } },
    ],
    [
      "with the value of a variable that a Deny spelled out",
      access(allow("s3:*"), deny("*", "arn:aws:s3:::home/admin")),
      access(allow("s3:*", HOME)),
      { resource: "arn:aws:s3:::home/admin", context: { "aws:username": ["admin"] } },
    ],
  ])("%s", (_, from, to, example) => {
    expect(compareAccess(from, to)).toMatchObject({ verdict: "new-access", examples: [example], undecided: [] });
  });

  test("for each principal that a trust policy names newly", () => {
    const trust = (Principal: JsonObject): Access => ({
      use: "trust",
      layers: [[{ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal }] }]],
    });
    const comparison = compareAccess(
      trust({ Service: "ec2.amazonaws.com" }),
      trust({ Service: ["ec2.amazonaws.com", "lambda.amazonaws.com"], AWS: "111122223333" }),
    );
    const principals = comparison.verdict === "new-access" ? comparison.examples.map(({ principal }) => principal) : [];
    expect(principals.toSorted()).toEqual(["AWS:arn:aws:iam::111122223333:root", "Service:lambda.amazonaws.com"]);
  });
});

test.each<[string, Access, Access]>([
  ["a document that cannot be read", access(allow("*")), access({ Effect: "Allow", Action: 1, Resource: "*" })],
  ["an old document that cannot be read", access({ Effect: "Maybe" }), access(allow("s3:*"))],
  [
    "an operator that is not known",
    access(allow("s3:*", "*", when("FutureEquals", "aws:x", "1"))),
    access(allow("s3:*", "*", when("FutureEquals", "aws:x", ["1", "2"]))),
  ],
])("%s leaves the answer undecided, with a reason", (_, from, to) => {
  expect(compareAccess(from, to)).toMatchObject({
    verdict: "undecided",
    undecided: [{ reason: expect.stringMatching(/^[a-z]/) }],
  });
});

test("without a layer nothing is allowed", () => {
  const nothing: Access = { use: "permissions", layers: [] };
  expect(compareAccess(access(allow("*")), nothing)).toEqual({ verdict: "no-new-access" });
  expect(compareAccess(nothing, access(allow("*"))).verdict).toBe("new-access");
});

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

describe("what a computer cannot tell apart is not proved", () => {
  test("numbers with more digits than a double has", () => {
    const atMost = (value: string): Access => access(allow("s3:*", "*", when("NumericLessThan", "s3:max-keys", value)));
    expect(compareAccess(atMost("123456789012345.123"), atMost("123456789012345.124")).verdict).toBe("undecided");
    expect(compareAccess(atMost("100.5"), atMost("100.25"))).toEqual({ verdict: "no-new-access" });
  });

  test("characters that are one or two for a question mark", () => {
    const comparison = compareAccess(
      access(allow("s3:*", "arn:aws:s3:::??")),
      access(allow("s3:*", "arn:aws:s3:::\u{1F600}")),
    );
    expect(comparison.verdict).toBe("undecided");
  });
});
