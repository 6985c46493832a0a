import { describe, expect, test } from "vitest";
import { buildPolicy, type PolicyDocument, readPolicy } from "../../../src/model/policy/policy-document.ts";
import type { JsonValue } from "../../../src/model/policy/policy-json.ts";
import { commonGround, deniesAsMuch, isNoWider, scopeOf } from "../../../src/model/policy/policy-scope.ts";

const policy = (...Statement: JsonValue[]): PolicyDocument =>
  buildPolicy({ Version: "2012-10-17", Statement }, "permissions");
const trust = (...Statement: JsonValue[]): PolicyDocument => buildPolicy({ Version: "2012-10-17", Statement }, "trust");
const allow = (Action: JsonValue, Resource: JsonValue = "*", more: object = {}) => ({
  ...{ Effect: "Allow", Action, Resource },
  ...more,
});
const deny = (Action: JsonValue, Resource: JsonValue = "*") => ({ Effect: "Deny", Action, Resource });
const lets = (Principal: JsonValue) => ({ Effect: "Allow", Principal, Action: "sts:AssumeRole" });

const noWider = (one: PolicyDocument[], other: PolicyDocument[]): boolean => isNoWider(scopeOf(one), scopeOf(other));
const same = (one: PolicyDocument[], other: PolicyDocument[]): boolean => noWider(one, other) && noWider(other, one);

describe("one document allows no more than another", () => {
  test.each<[string, PolicyDocument, PolicyDocument]>([
    ["with fewer actions", policy(allow("s3:Get*")), policy(allow(["s3:Get*", "s3:List*"]))],
    ["with fewer resources", policy(allow("s3:Get*", "a")), policy(allow("s3:Get*", ["a", "b"]))],
    ["with fewer statements", policy(allow("s3:Get*")), policy(allow("s3:Get*"), allow("ec2:*"))],
    ["with more denials", policy(allow("s3:*"), deny("s3:Put*")), policy(allow("s3:*"))],
    ["with a denial of more", policy(deny(["s3:Put*", "s3:Get*"])), policy(deny("s3:Put*"))],
    ["with fewer principals", trust(lets({ Service: ["a"] })), trust(lets({ Service: ["a", "b"], AWS: "1" }))],
  ])("%s", (_, narrow, wide) => {
    expect(noWider([narrow], [wide])).toBe(true);
    expect(noWider([wide], [narrow])).toBe(false);
  });

  test.each<[string, PolicyDocument, PolicyDocument]>([
    ["split another way", policy(allow(["s3:Get*", "s3:List*"])), policy(allow("s3:List*"), allow("s3:get*"))],
    ["under another Sid", policy(allow("s3:*", "*", { Sid: "A" })), policy(allow("s3:*", "*", { Sid: "B" }))],
    ["principals split", trust(lets({ Service: ["a", "b"] })), trust(lets({ Service: "b" }), lets({ Service: "a" }))],
  ])("when it is the same %s", (_, one, other) => {
    expect(same([one], [other])).toBe(true);
  });

  test.each<[string, PolicyDocument, PolicyDocument]>([
    ["other conditions", policy(allow("s3:*", "*", { Condition: { Bool: { a: "true" } } })), policy(allow("s3:*"))],
    ["a wildcard around it", policy(allow("s3:*")), policy(allow("s3:GetObject"))],
    [
      "everything but one action",
      policy({ Effect: "Allow", NotAction: ["a:*", "b:*"], Resource: "*" }),
      policy({ Effect: "Allow", NotAction: "a:*", Resource: "*" }),
    ],
    ["a principal of another type", trust(lets({ AWS: "a" })), trust(lets({ Service: "a" }))],
    [
      "another version of the language",
      readPolicy('{"Statement":[{"Effect":"Allow","Action":"a:*","Resource":"*"}]}', "permissions"),
      policy(allow("a:*")),
    ],
  ])("and neither way with %s, as far as texts tell", (_, one, other) => {
    expect(noWider([one], [other])).toBe(false);
    expect(noWider([other], [one])).toBe(false);
  });

  test("together, several documents allow what each allows", () => {
    expect(same([policy(allow("a:*")), policy(deny("b:*"))], [policy(deny("b:*"), allow("a:*"))])).toBe(true);
    expect(noWider([], [policy(allow("a:*"))])).toBe(true);
    expect(noWider([], [policy(deny("a:*"))])).toBe(false);
  });

  test.each([
    "%%%",
    "[]",
    '{"Version":"2012-10-17","Statement":["x"]}',
    '{"Version":"2012-10-17","Statement":{"Effect":"allow"}}',
  ])("what cannot be understood (%s) may allow and deny anything", (text) => {
    const odd = readPolicy(text, "permissions");
    expect(same([odd], [odd])).toBe(true);
    expect(noWider([odd], [policy(allow("a:*"))])).toBe(false);
    expect(noWider([policy(deny("a:*"))], [odd])).toBe(false);
    expect(deniesAsMuch(scopeOf([policy(deny("a:*"))]), scopeOf([odd]))).toBe(false);
  });
});

describe("the denials of one reach as far as those of another", () => {
  test("when each piece of them is denied", () => {
    const reach = (one: JsonValue[], other: JsonValue[]) =>
      deniesAsMuch(scopeOf([policy(...one)]), scopeOf([policy(...other)]));
    expect(reach([deny(["a:*", "b:*"])], [deny("b:*"), allow("c:*")])).toBe(true);
    expect(reach([deny("b:*")], [deny(["a:*", "b:*"])])).toBe(false);
    expect(reach([allow("c:*")], [])).toBe(true);
  });
});

describe("the common ground of two sides", () => {
  const ground = (one: PolicyDocument[], other: PolicyDocument[]): unknown => {
    const document = commonGround(one, other);
    return document && JSON.parse(document.text);
  };

  test("allows what both allow and denies what either denies, in the words of the second", () => {
    const one = policy(allow("S3:Get*", "*", { Sid: "Old" }), allow("ec2:*"), deny("iam:*"));
    const other = policy(allow("s3:Get*", "*", { Sid: "New", Condition: {} }), allow("sqs:*"), deny("sts:*"));
    expect(ground([one], [other])).toEqual({
      Version: "2012-10-17",
      Statement: [allow("s3:Get*", "*", { Condition: {} }), deny("iam:*"), deny("sts:*")],
    });
  });

  test("is nothing when they share nothing and nobody denies", () => {
    expect(ground([policy(allow("a:*"))], [policy(allow("b:*"))])).toBeUndefined();
    expect(ground([policy(allow("a:*"))], [])).toBeUndefined();
  });

  test("is the denials alone when one side is empty, each of them once", () => {
    const denying = policy(deny("a:*"), allow("b:*"));
    expect(ground([denying, denying], [])).toEqual({ Version: "2012-10-17", Statement: [deny("a:*")] });
    expect(ground([], [denying])).toEqual({ Version: "2012-10-17", Statement: [deny("a:*")] });
  });

  test("has nothing of what cannot be understood", () => {
    const odd = readPolicy('{"Version":"2012-10-17","Statement":["x",{"Effect":"Maybe"}]}', "permissions");
    expect(ground([odd], [odd])).toBeUndefined();
  });
});
