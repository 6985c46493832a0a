import { describe, expect, test } from "vitest";
import { requestContext } from "../../../../src/model/access/access-request.ts";
import { evaluatePolicies } from "../../../../src/model/access/evaluate/evaluate.ts";

type Values = string | readonly string[] | undefined;

function decision(Condition: object, given: Values, more: Record<string, Values> = {}) {
  const context = requestContext({ k: given, ...more });
  const statement = { Effect: "Allow", Action: "*", Resource: "*", Condition };
  return evaluatePolicies([{ Version: "2012-10-17", Statement: [statement] }], {
    action: "s3:GetObject",
    resource: "*",
    context,
  });
}

const holds = (Condition: object, given: Values, more: Record<string, Values> = {}): boolean =>
  decision(Condition, given, more).verdict === "allow";

const HERE = `\${here}`;

describe.each<[operator: string, values: unknown, matching: readonly Values[], other: readonly Values[]]>([
  ["StringEquals", ["red", "a*"], ["red", "a*"], ["Red", "abc", "", undefined]],
  ["StringNotEquals", ["red", "blue"], ["Red", "", undefined], ["red", "blue"]],
  ["StringEqualsIgnoreCase", "Red", ["red", "RED"], ["redd", undefined]],
  ["StringNotEqualsIgnoreCase", "Red", ["green", undefined], ["rED"]],
  ["StringLike", ["r?d*", "x"], ["red", "radius", "x"], ["rd", "Red", undefined]],
  ["StringNotLike", "r*", ["Red", undefined], ["red", "r"]],
  ["stringequals", "red", ["red"], ["Red"]],
  ["NumericEquals", ["5", "1e2"], ["5", "5.0", "+5", "100"], ["5.01", "five", "", "0x5", " 5", undefined]],
  ["NumericNotEquals", "5", ["6", "five", undefined], ["5.0"]],
  ["NumericLessThan", 10, ["9.99", "-1"], ["10", "x", undefined]],
  ["NumericLessThanEquals", 10, ["10"], ["10.01"]],
  ["NumericGreaterThan", "10", ["11"], ["10", "9"]],
  ["NumericGreaterThanEquals", "10", ["10", "11"], ["9"]],
  ["DateEquals", "2026-01-01T00:00:00Z", ["2026-01-01T01:00:00+01:00", "1767225600", "2026-01-01"], ["2026", "now"]],
  ["DateNotEquals", "1767225600", ["2026-01-02", "now", undefined], ["2026-01-01T00:00:00.000Z"]],
  ["DateLessThan", "2026-01-01T00:00:00", ["2025-12-31T23:59:59Z", "1767225599"], ["2026-01-01T00:00:00Z"]],
  ["DateLessThanEquals", "2026-01-01", ["2026-01-01"], ["2026-01-01T00:00:01Z"]],
  ["DateGreaterThan", "2026-01-01", ["1767225601"], ["2026-01-01", undefined]],
  ["DateGreaterThanEquals", "2026-01", ["2026-01-01"], ["2025-12-31"]],
  ["Bool", true, ["true", "TRUE", "True"], ["false", "1", undefined]],
  ["Bool", "FALSE", ["false"], ["true", ""]],
  ["BinaryEquals", "UmVk", ["UmVk"], ["umvk", "Red", undefined]],
  ["IpAddress", "10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["11.0.0.0", "::ffff:10.0.0.1", "10.0.0", undefined]],
  ["IpAddress", "10.1.2.3", ["10.1.2.3"], ["10.1.2.4", "010.1.2.3"]],
  ["IpAddress", "0.0.0.0/0", ["255.255.255.255"], ["::1"]],
  ["IpAddress", "2001:db8::/32", ["2001:DB8::1", "2001:db8:ffff:0:0:0:0:1"], ["2001:db9::", "10.0.0.1", "2001:db8"]],
  ["IpAddress", "::ffff:10.0.0.0/104", ["::ffff:10.1.2.3", "::ffff:a01:203"], ["10.1.2.3"]],
  ["NotIpAddress", ["10.0.0.0/8", "::1"], ["11.0.0.1", "::2", undefined], ["10.1.2.3", "0:0:0:0:0:0:0:1"]],
  ["ArnLike", "arn:aws:iam::*:role/a*", ["arn:aws:iam::1:role/app:x"], ["arn:aws:iam::1:2:role/a", "x", undefined]],
  ["ArnEquals", "arn:aws:iam::*:role/a", ["arn:aws:iam::1:role/a"], ["arn:aws:iam::1:role/ab"]],
  ["ArnEquals", "arn:aws:sns", ["arn:aws:sns:us-east-1:1:topic"], ["arn:aws:sns", "arn:aws:sqs:::q"]],
  ["ArnEquals", "*", ["arn:aws:iam::1:role/a", "no ARN"], [undefined]],
  ["ArnNotEquals", "arn:aws:iam::1:role/*", ["arn:aws:iam::2:role/a", "no ARN", undefined], ["arn:aws:iam::1:role/a"]],
  ["ArnNotLike", "arn:aws:iam::1:role/*", ["arn:aws:iam::1:user/a"], ["arn:aws:iam::1:role/"]],
  ["Null", "true", [undefined, []], ["", "x"]],
  ["Null", false, ["", "x"], [undefined]],
  ["Null", ["true", "False"], ["x", undefined], []],
  ["StringEqualsIfExists", "red", ["red", undefined, []], ["Red"]],
  ["StringNotEqualsIfExists", "red", ["Red", undefined], ["red"]],
  ["NumericLessThanIfExists", "10", ["9", undefined], ["11"]],
])("%s %j", (operator, values, matching, other) => {
  test.each(matching.map((given) => [given]))("holds for %j", (given) => {
    expect(holds({ [operator]: { k: values } }, given)).toBe(true);
  });

  test.each(other.map((given) => [given]))("does not hold for %j", (given) => {
    expect(holds({ [operator]: { k: values } }, given)).toBe(false);
  });
});

describe("a key with several values", () => {
  test.each<[operator: string, values: readonly string[], given: Values, expected: boolean]>([
    ["ForAnyValue:StringEquals", ["a", "b"], ["x", "b"], true],
    ["ForAnyValue:StringEquals", ["a", "b"], ["x", "y"], false],
    ["ForAnyValue:StringEquals", ["a"], [], false],
    ["ForAnyValue:StringEquals", ["a"], undefined, false],
    ["ForAnyValue:StringEqualsIfExists", ["a"], undefined, false],
    ["ForAnyValue:StringNotEquals", ["a"], ["a", "x"], true],
    ["ForAnyValue:StringNotEquals", ["a"], ["a"], false],
    ["ForAnyValue:StringNotEquals", ["a"], undefined, false],
    ["ForAllValues:StringEquals", ["a", "b"], ["b", "a"], true],
    ["ForAllValues:StringEquals", ["a", "b"], ["a", "x"], false],
    ["ForAllValues:StringEquals", ["a"], [], true],
    ["ForAllValues:StringEquals", ["a"], undefined, true],
    ["ForAllValues:StringNotLike", ["a*"], ["x", "y"], true],
    ["ForAllValues:StringNotLike", ["a*"], ["x", "ab"], false],
    ["ForAllValues:StringNotLike", ["a*"], undefined, true],
    ["forallvalues:stringequals", ["a"], ["a"], true],
    ["StringEquals", ["a"], ["x", "a"], true],
    ["StringNotEquals", ["a"], ["x", "a"], false],
    ["StringNotEquals", ["a"], ["x", "y"], true],
  ])("%s %j, %j: %j", (operator, values, given, expected) => {
    expect(holds({ [operator]: { k: values } }, given)).toBe(expected);
  });
});

describe("several tests", () => {
  test("must all hold: of operators, of keys, and of keys that differ by case only", () => {
    expect(holds({ StringEquals: { k: "a" }, StringLike: { K: "a*" } }, "a")).toBe(true);
    expect(holds({ StringEquals: { k: "a" }, StringLike: { K: "b*" } }, "a")).toBe(false);
    expect(holds({ StringEquals: { k: "a", l: "b" } }, "a")).toBe(false);
    expect(holds({ StringEquals: { k: "a", K: "b" } }, "a")).toBe(false);
    expect(holds({ StringEquals: { k: ["a", "b"], K: ["b", "c"] } }, "b")).toBe(true);
  });

  test("of none always hold", () => {
    expect(holds({}, undefined)).toBe(true);
    expect(holds({ StringEquals: {} }, undefined)).toBe(true);
    expect(holds({ StringEquals: { k: [] } }, "a")).toBe(false);
    expect(holds({ StringNotEquals: { k: [] } }, "a")).toBe(true);
  });
});

describe("variables", () => {
  test.each<[operator: string, value: string, given: string, expected: boolean]>([
    ["StringEquals", `x${HERE}`, "xv", true],
    ["StringLike", `${HERE}*`, "v1", true],
    ["StringEqualsIgnoreCase", `${HERE}`, "V", true],
    ["StringNotEquals", HERE, "v", false],
    ["ArnLike", `arn:aws:iam::1:role/${HERE}`, "arn:aws:iam::1:role/v", true],
    ["StringEquals", `\${*}`, "*", true],
    ["StringLike", `\${*}`, "abc", false],
    ["StringEquals", `\${gone, 'd'}`, "d", true],
    ["StringEquals", `\${gone}`, `\${gone}`, false],
    ["StringNotEquals", `\${gone}`, "anything", true],
  ])("%s %s, %s: %j", (operator, value, given, expected) => {
    expect(holds({ [operator]: { k: value } }, given, { here: "v" })).toBe(expected);
  });

  test.each(["NumericEquals", "DateEquals", "Bool", "IpAddress", "BinaryEquals"])("%s has none", (operator) => {
    expect(decision({ [operator]: { k: `\${here}` } }, "true", { here: "true" })).toMatchObject({
      verdict: "silent",
      unknown: [{ reason: expect.stringContaining(`${operator} cannot read the value`) }],
    });
  });
});

describe("a value that an operator cannot read", () => {
  test.each([
    ["NumericEquals", "five"],
    ["NumericEquals", "0x10"],
    ["DateLessThan", "tomorrow"],
    ["DateLessThan", "2026-1-1"],
    ["Bool", "yes"],
    ["BinaryEquals", "UmV"],
    ["IpAddress", "10.0.0.0/33"],
    ["IpAddress", "10.0.0.0/"],
    ["IpAddress", "10.0.0.0/8/8"],
    ["IpAddress", "1:2:3:4:5:6:7::8"],
    ["IpAddress", "1::2::3"],
    ["IpAddress", "::1.2.3.4:5"],
    ["IpAddress", "12345::"],
    ["NotIpAddress", "host"],
    ["Null", "maybe"],
  ])("is reported: %s %s", (operator, value) => {
    expect(decision({ [operator]: { k: value } }, "1")).toMatchObject({
      verdict: "silent",
      unknown: [{ statement: 0, effect: "Allow", reason: expect.stringContaining(`cannot read the value`) }],
    });
  });

  test("does not matter beside one that decides, or when the key is absent", () => {
    expect(decision({ NumericEquals: { k: ["five", "5"] } }, "5")).toMatchObject({ verdict: "allow", unknown: [] });
    expect(decision({ NumericNotEquals: { k: ["five", "5"] } }, "5")).toMatchObject({ verdict: "silent", unknown: [] });
    expect(decision({ NumericNotEquals: { k: ["five"] } }, undefined)).toMatchObject({ verdict: "allow", unknown: [] });
  });
});
