import { describe, expect, test } from "vitest";
import { allowsNoMore, commonGround, deniesAsMuch, isNoWider } from "../../../../src/model/access/policy-relations.ts";
import { buildPolicy, type PolicyDocument, readPolicy } from "../../../../src/model/policy/policy-document.ts";
import type { JsonValue } from "../../../../src/model/policy/policy-json.ts";

const policy = (...Statement: JsonValue[]): PolicyDocument =>
  buildPolicy({ Version: "2012-10-17", Statement }, "permissions");
const trust = (...Statement: JsonValue[]): PolicyDocument => buildPolicy({ Version: "2012-10-17", Statement }, "trust");
const allow = (Action: JsonValue, Resource: JsonValue = "*", more: object = {}) => ({
  ...{ Effect: "Allow", Action, Resource },
  ...more,
});
const deny = (Action: JsonValue, Resource: JsonValue = "*") => ({ Effect: "Deny", Action, Resource });
const allBut = (...NotAction: string[]) => policy({ Effect: "Allow", NotAction, Resource: "*" });
const lets = (Principal: JsonValue) => ({ Effect: "Allow", Principal, Action: "sts:AssumeRole" });

const same = (one: PolicyDocument[], other: PolicyDocument[]): boolean =>
  isNoWider(one, other) && isNoWider(other, one);
const [A, B] = ["arn:aws:s3:::a", "arn:aws:s3:::b"];
const secure = { Condition: { Bool: { "aws:SecureTransport": "true" } } };

describe("one document allows no more than another", () => {
  test.each<[string, PolicyDocument, PolicyDocument]>([
    ["with fewer actions", policy(allow("s3:Get*")), policy(allow(["s3:Get*", "s3:List*"]))],
    ["with fewer resources", policy(allow("s3:Get*", A)), policy(allow("s3:Get*", [A, B]))],
    ["with fewer statements", policy(allow("s3:Get*")), policy(allow("s3:Get*"), allow("ec2:*"))],
    ["with more denials", policy(allow("s3:*"), deny("s3:Put*")), policy(allow("s3:*"))],
    ["with a denial of more", policy(deny(["s3:Put*", "s3:Get*"])), policy(deny("s3:Put*"))],
    ["with a narrower wildcard", policy(allow("s3:GetObject")), policy(allow("s3:Get*"))],
    ["with a condition", policy(allow("s3:*", "*", secure)), policy(allow("s3:*"))],
    ["with all but more", allBut("a:*", "b:*"), allBut("a:*")],
    ["with fewer principals", trust(lets({ Service: ["a"] })), trust(lets({ Service: ["a", "b"], AWS: "1" }))],
  ])("%s", (_, narrow, wide) => {
    expect(isNoWider([narrow], [wide])).toBe(true);
    expect(isNoWider([wide], [narrow])).toBe(false);
  });

  test.each<[string, PolicyDocument, PolicyDocument]>([
    ["split another way", policy(allow(["s3:Get*", "s3:List*"])), policy(allow("s3:List*"), allow("s3:get*"))],
    ["with the wildcard that contains the other", policy(allow("s3:*")), policy(allow(["s3:*", "s3:GetObject"]))],
    [
      "in another version, without variables",
      readPolicy('{"Statement":[{"Effect":"Allow","Action":"a:*","Resource":"*"}]}', "permissions"),
      policy(allow("a:*")),
    ],
    ["under another Sid", policy(allow("s3:*", "*", { Sid: "A" })), policy(allow("s3:*", "*", { Sid: "B" }))],
    ["principals split", trust(lets({ Service: ["a", "b"] })), trust(lets({ Service: "b" }), lets({ Service: "a" }))],
  ])("when it is the same %s", (_, one, other) => {
    expect(same([one], [other])).toBe(true);
  });

  test.each<[string, PolicyDocument, PolicyDocument]>([
    [
      "another condition",
      policy(allow("s3:*", "*", secure)),
      policy(allow("s3:*", "*", { Condition: { Bool: { a: "true" } } })),
    ],
    ["wildcards that share only a part", policy(allow("s3:*Object")), policy(allow("s3:Get*"))],
    ["a denial less and an action less", policy(allow(["s3:*", "ec2:*"]), deny("s3:Put*")), policy(allow("s3:*"))],
    ["a principal of another type", trust(lets({ AWS: "a" })), trust(lets({ Service: "a" }))],
    [
      "what is a variable in one version only",
      readPolicy(`{"Statement":[{"Effect":"Allow","Action":"a:*","Resource":"${A}\${aws:username}"}]}`, "permissions"),
      policy(allow("a:*", `${A}\${aws:username}`)),
    ],
  ])("and neither way with %s", (_, one, other) => {
    expect(isNoWider([one], [other])).toBe(false);
    expect(isNoWider([other], [one])).toBe(false);
  });

  test("together, several documents allow what each allows", () => {
    expect(same([policy(allow("a:*")), policy(deny("b:*"))], [policy(deny("b:*"), allow("a:*"))])).toBe(true);
    expect(isNoWider([], [policy(allow("a:*"))])).toBe(true);
    expect(isNoWider([], [policy(deny("a:*"))])).toBe(false);
  });

  test.each([
    "%%%",
    "[]",
    '{"Version":"2012-10-17","Statement":["x"]}',
    '{"Version":"2012-10-17","Statement":{"Effect":"allow"}}',
  ])("what cannot be understood (%s) may allow and deny anything", (text) => {
    const odd = readPolicy(text, "permissions");
    expect(same([odd], [odd])).toBe(true);
    expect(isNoWider([odd], [policy(allow("a:*"))])).toBe(false);
    expect(isNoWider([policy(deny("a:*"))], [odd])).toBe(false);
    expect(deniesAsMuch([policy(deny("a:*"))], [odd])).toBe(false);
  });
});

describe("the denials of one reach as far as those of another", () => {
  test("when each piece of them is denied", () => {
    const reach = (one: JsonValue[], other: JsonValue[]) => deniesAsMuch([policy(...one)], [policy(...other)]);
    expect(reach([deny(["a:*", "b:*"])], [deny("b:*"), allow("c:*")])).toBe(true);
    expect(reach([deny("b:*")], [deny(["a:*", "b:*"])])).toBe(false);
    expect(reach([allow("c:*")], [])).toBe(true);
  });
});

describe("beside other policies of the role", () => {
  test("a document that denies less is wider, although it allows no more itself", () => {
    const [before, after] = [policy(allow("s3:*"), deny("ec2:*")), policy(allow("s3:*"))];
    expect(allowsNoMore([after], [before])).toBe(true);
    expect(isNoWider([after], [before])).toBe(false);
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

  test("has the narrower of two statements when one contains the other", () => {
    const [before, after] = [policy(allow("s3:*"), allow("ec2:*")), policy(allow("s3:Get*"), allow("sqs:*"))];
    expect(ground([before], [after])).toEqual({ Version: "2012-10-17", Statement: [allow("s3:Get*")] });
    expect(ground([after], [before])).toEqual({ Version: "2012-10-17", Statement: [allow("s3:Get*")] });
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

  test.each([
    `{"Version":"2008-10-17","Statement":[{"Effect":"Deny","Action":"a:*","Resource":"${A}\${aws:username}"}]}`,
    '{"Version":"2012-10-17","Statement":[{"Effect":"deny","Action":"a:*","Resource":"*"}]}',
    '{"Version":"2012-10-17","Statement":["x"]}',
    "%%%",
  ])("allows nothing beside denials that it cannot have: %s", (text) => {
    const odd = [readPolicy(text, "permissions"), policy(allow("a:*"))];
    const other = [policy(allow("a:*"), deny("b:*"))];
    const denials = { Version: "2012-10-17", Statement: [deny("b:*")] };
    expect([ground(odd, other), ground(other, odd)]).toEqual([denials, denials]);
    expect(ground(odd, [policy(allow("a:*"))])).toBeUndefined();
  });

  test("has nothing of what cannot be understood", () => {
    const odd = readPolicy('{"Version":"2012-10-17","Statement":["x",{"Effect":"Maybe"}]}', "permissions");
    expect(ground([odd], [odd])).toBeUndefined();
  });
});

test("a Deny of a trust policy is not compared as what it would allow", () => {
  const denied = (Principal: JsonValue) => trust({ Effect: "Deny", Principal, Action: "sts:AssumeRole" });
  expect(deniesAsMuch([denied({ AWS: "*" })], [denied("*")])).toBe(false);
});

test("the common ground of policies that are hard to compare ends within its steps, and leaves out what is not reached", () => {
  const tails = [..."abcdefghijklmnop"];
  const hard = (action: string, resource: string) =>
    tails.map((tail, i) =>
      allow(
        tails.slice(i, i + 4).map((one) => `s3:${action}${"*a*b".repeat(9)}*${one}`),
        [`arn:aws:s3:::${resource}${"*a?b".repeat(9)}*${tail}${i}`],
      ),
    );
  const shared = allow("sqs:SendMessage");
  const ground = (...statements: JsonValue[]): string | undefined =>
    commonGround([policy(...hard("*b*a", "*b?a"), shared)], [policy(...statements)])?.text;
  expect(ground(shared, ...hard("*a*b", "*a?b"))).toContain("sqs:SendMessage");
  expect(ground(...hard("*a*b", "*a?b"), shared)).toBeUndefined();
});
