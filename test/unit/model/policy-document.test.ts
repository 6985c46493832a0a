import { describe, expect, test } from "vitest";
import type { PolicyUse } from "../../../src/model/policy/policy-canonical.ts";
import {
  buildPolicy,
  DEFAULT_TRUST_POLICY_QUOTA_CHARS,
  readPolicy,
  samePolicy,
} from "../../../src/model/policy/policy-document.ts";
import type { JsonObject, JsonValue } from "../../../src/model/policy/policy-json.ts";
import { MAX_INLINE_POLICIES_CHARS } from "../../../src/model/policy/policy-size.ts";

/** A statement that IAM would accept in the given use, with whatever a test is about. */
function aStatement(over: JsonObject = {}): JsonObject {
  return { Effect: "Allow", Action: ["s3:GetObject"], Resource: ["*"], ...over };
}

function aTrustStatement(over: JsonObject = {}): JsonObject {
  return { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole", ...over };
}

function aDocument(...statements: readonly JsonValue[]): JsonObject {
  return { Version: "2012-10-17", Statement: statements };
}

function same(a: JsonValue, b: JsonValue, use: PolicyUse = "permissions"): boolean {
  return samePolicy(readPolicy(JSON.stringify(a), use), readPolicy(JSON.stringify(b), use));
}

function sameStatement(a: JsonObject, b: JsonObject, use: PolicyUse = "permissions"): boolean {
  return same(aDocument(a), aDocument(b), use);
}

describe("reading what AWS returned", () => {
  const document = aDocument(aStatement({ Resource: ["arn:aws:s3:::a+b/100%25 %41"] }));
  const text = JSON.stringify(document);

  test("a percent-encoded document is the document", () => {
    expect(readPolicy(encodeURIComponent(text), "permissions")).toEqual(readPolicy(text, "permissions"));
  });

  test("a plus sign of the user is never read as a blank", () => {
    expect(sameStatement(aStatement({ Resource: "a+b" }), aStatement({ Resource: "a b" }))).toBe(false);
    expect(readPolicy(encodeURIComponent(text), "permissions").text).toContain("a+b");
  });

  test("a percent sign of the user is never decoded", () => {
    expect(sameStatement(aStatement({ Resource: "%41" }), aStatement({ Resource: "A" }))).toBe(false);
    expect(readPolicy(text, "permissions").text).toBe(text);
    expect(buildPolicy(document, "permissions").text).toBe(text);
  });

  test("a stray percent sign in a document that came raw is no reason to fail", () => {
    const stray = JSON.stringify(aDocument(aStatement({ Resource: "100%" })));
    expect(readPolicy(stray, "permissions").text).toBe(stray);
  });

  test("white space between tokens means nothing", () => {
    expect(readPolicy(JSON.stringify(document, null, 2), "permissions")).toEqual(readPolicy(text, "permissions"));
  });

  test("white space inside a value means something", () => {
    expect(sameStatement(aStatement({ Resource: "a b" }), aStatement({ Resource: "a  b" }))).toBe(false);
  });

  test.each([
    ["", "empty"],
    ["no json", "plain words"],
    ["%7Bno%20json", "encoded words"],
    ["100%", "a stray percent sign"],
    ['{"Version":"2012-10-17"', "a document cut short"],
  ])("%j (%s) is equal only to itself", (junk) => {
    const read = readPolicy(junk, "permissions");
    expect(read.text).toBe(junk);
    expect(samePolicy(read, readPolicy(junk, "permissions"))).toBe(true);
    expect(samePolicy(read, readPolicy(`${junk} `, "permissions"))).toBe(false);
    expect(samePolicy(read, readPolicy(text, "permissions"))).toBe(false);
    expect(samePolicy(read, readPolicy(JSON.stringify(junk), "permissions"))).toBe(false);
    expect(samePolicy(read, readPolicy(JSON.stringify(read.canonical), "permissions"))).toBe(false);
  });

  test("JSON that is no document is equal only to the same JSON", () => {
    const values: readonly JsonValue[] = [[], "x", 1, "1", null, true, {}, [{}], aDocument(aStatement())];
    for (const a of values) for (const b of values) expect(same(a, b)).toBe(a === b);
  });

  test("a document that has a key twice is equal to neither reading of it", () => {
    const twice =
      '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}]}';
    for (const Effect of ["Allow", "Deny"]) {
      const once = buildPolicy(aDocument({ Effect, Action: "*", Resource: "*" }), "permissions");
      expect(samePolicy(readPolicy(twice, "permissions"), once)).toBe(false);
      expect(samePolicy(readPolicy(encodeURIComponent(twice), "permissions"), once)).toBe(false);
    }
  });

  test("a number that a double cannot hold is not taken for its neighbour", () => {
    const withLimit = (limit: string): string =>
      `{"Statement":[{"Effect":"Allow","Condition":{"NumericEquals":{"x:y":${limit}}}}]}`;
    const exact = readPolicy(withLimit("9007199254740992"), "permissions");
    expect(samePolicy(readPolicy(withLimit("9007199254740993"), "permissions"), exact)).toBe(false);
    expect(samePolicy(readPolicy(withLimit('"9007199254740992"'), "permissions"), exact)).toBe(true);
  });

  test("nesting without end is unreadable, not a stack overflow", () => {
    const deep = `${"[".repeat(60_000)}${"]".repeat(60_000)}`;
    expect(readPolicy(deep, "permissions").canonical).toContain("unreadable:");
  });

  test("keys that JavaScript treats specially are ordinary keys", () => {
    const odd = '{"Statement":[{"__proto__":{"Effect":"Allow"},"constructor":"x"}]}';
    expect(readPolicy(odd, "permissions").canonical).toContain('"__proto__":{"Effect":"Allow"}');
    expect(samePolicy(readPolicy(odd, "permissions"), readPolicy('{"Statement":[{}]}', "permissions"))).toBe(false);
  });
});

describe("the text that is sent", () => {
  test("keeps the author's order and has no white space", () => {
    const { text } = buildPolicy(aDocument(aStatement({ Action: ["s3:List*", "s3:Get*"] })), "permissions");
    expect(text).toBe(
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:List*","s3:Get*"],"Resource":["*"]}]}',
    );
  });

  test("has nothing above U+00FF, which IAM refuses, and means the same", () => {
    const document = aDocument(aStatement({ Resource: "arn:aws:s3:::b/日本/ÿ/😀" }));
    const built = buildPolicy(document, "permissions");
    expect(built.text).toMatch(/^[\t\n\r\x20-\xff]+$/);
    expect(built.text).toContain("/ÿ/");
    expect(samePolicy(readPolicy(JSON.stringify(document), "permissions"), built)).toBe(true);
    expect(JSON.parse(built.text)).toEqual(document);
  });

  test("is counted as IAM counts: without white space, also that inside values", () => {
    const built = buildPolicy(aDocument(aStatement({ Resource: "a b\tc" })), "permissions");
    // The tab is sent as two characters, \ and t; the blank does not count.
    expect(built.sizeChars).toBe(built.text.length - 1);
  });

  test("fits the default quotas for what people usually write", () => {
    expect(buildPolicy(aDocument(aStatement()), "permissions").sizeChars).toBeLessThan(MAX_INLINE_POLICIES_CHARS);
    expect(buildPolicy(aDocument(aTrustStatement()), "trust").sizeChars).toBeLessThan(DEFAULT_TRUST_POLICY_QUOTA_CHARS);
  });
});

describe("the document", () => {
  test("does not care about the order of keys", () => {
    expect(
      same({ Version: "2012-10-17", Id: "x", Statement: [] }, { Statement: [], Id: "x", Version: "2012-10-17" }),
    ).toBe(true);
  });

  test("takes one statement and a list of one for the same", () => {
    expect(same({ Version: "2012-10-17", Statement: aStatement() }, aDocument(aStatement()))).toBe(true);
  });

  test("does not care about the order of statements", () => {
    const [a, b] = [aStatement(), aStatement({ Effect: "Deny" })];
    expect(same(aDocument(a, b), aDocument(b, a))).toBe(true);
  });

  test("counts statements: the same one twice is not the same as once", () => {
    expect(same(aDocument(aStatement(), aStatement()), aDocument(aStatement()))).toBe(false);
  });

  test("takes no statements and no Statement for the same", () => {
    expect(same({ Version: "2012-10-17", Statement: [] }, { Version: "2012-10-17" })).toBe(true);
  });

  test("without a Version is 2008-10-17, as IAM fills it in", () => {
    const Statement = [aStatement()];
    expect(same({ Statement }, { Version: "2008-10-17", Statement })).toBe(true);
  });

  test("without a Version is not 2012-10-17, in which variables have a meaning", () => {
    const Statement = [{ ...aStatement(), Resource: `arn:aws:s3:::\${aws:username}` }];
    expect(same({ Statement }, { Version: "2012-10-17", Statement })).toBe(false);
    expect(same({ Version: "2008-10-17", Statement }, { Version: "2012-10-17", Statement })).toBe(false);
  });

  test("means the same in every version where no variable stands", () => {
    const Statement = [aStatement()];
    expect(same({ Statement }, { Version: "2012-10-17", Statement })).toBe(true);
    expect(same({ Version: "2008-10-17", Statement }, { Version: "2012-10-17", Statement })).toBe(true);
    expect(same({ Version: "2011-11-11", Statement }, { Version: "2012-10-17", Statement })).toBe(false);
  });

  test("compares Id and elements it does not know to the letter", () => {
    expect(same({ Id: "a" }, { Id: "A" })).toBe(false);
    expect(same({ Id: "" }, {})).toBe(false);
    expect(same({ Extra: ["a", "b"] }, { Extra: ["b", "a"] })).toBe(false);
    expect(same({ Extra: "a" }, { Extra: ["a"] })).toBe(false);
    expect(same({ Extra: { a: 1, b: 2 } }, { Extra: { b: 2, a: 1 } })).toBe(true);
  });

  test("of one use is never the same as one of the other", () => {
    const text = JSON.stringify(aDocument(aStatement()));
    expect(samePolicy(readPolicy(text, "trust"), readPolicy(text, "permissions"))).toBe(false);
  });
});

describe("Sid and Effect", () => {
  test("no Sid is the empty Sid", () => {
    expect(sameStatement(aStatement({ Sid: "" }), aStatement())).toBe(true);
  });

  test("another Sid is a difference", () => {
    expect(sameStatement(aStatement({ Sid: "A" }), aStatement({ Sid: "B" }))).toBe(false);
    expect(sameStatement(aStatement({ Sid: "A" }), aStatement({ Sid: "a" }))).toBe(false);
    expect(sameStatement(aStatement({ Sid: "A" }), aStatement())).toBe(false);
  });

  test("Effect is compared to the letter", () => {
    expect(sameStatement(aStatement(), aStatement({ Effect: "Deny" }))).toBe(false);
    expect(sameStatement(aStatement(), aStatement({ Effect: "allow" }))).toBe(false);
    expect(sameStatement(aStatement(), { Action: ["s3:GetObject"], Resource: ["*"] })).toBe(false);
  });

  test("an element that nobody knows is compared to the letter", () => {
    expect(sameStatement(aStatement({ action: "x" }), aStatement())).toBe(false);
    expect(sameStatement(aStatement({ Extra: ["a", "a"] }), aStatement({ Extra: ["a"] }))).toBe(false);
  });
});

describe.each(["Resource", "NotResource"])("%s", (element) => {
  const statement = (value: JsonValue): JsonObject => ({ Effect: "Allow", Action: "sqs:*", [element]: value });
  const inVersion = (Version: string, value: JsonValue): JsonObject => ({ Version, Statement: [statement(value)] });

  test("that leaves fields out is the same as with * in them", () => {
    expect(sameStatement(statement("arn:aws:sqs"), statement("arn:aws:sqs:*:*:*"))).toBe(true);
    expect(sameStatement(statement(["arn:aws:sqs", "arn:aws:sqs:*"]), statement(["arn:aws:sqs:*:*:*"]))).toBe(true);
  });

  test.each([
    ["arn:aws:sqs:", "arn:aws:sqs"],
    ["arn:aws:s3:::", "arn:aws:s3:::*"],
    ["*", "arn:*"],
    ["arn:aws:sqs:*:1:a", "arn:aws:sqs:*:1:A"],
  ])("%s is not %s", (one, other) => {
    expect(sameStatement(statement(one), statement(other))).toBe(false);
  });

  test("has variables, whose colons end no field, in the version that has them", () => {
    const [short, full] = [`arn:aws:kms:*:\${aws:PrincipalAccount}`, `arn:aws:kms:*:\${aws:PrincipalAccount}:*`];
    expect(same(inVersion("2012-10-17", short), inVersion("2012-10-17", full))).toBe(true);
    expect(same(inVersion("2008-10-17", short), inVersion("2008-10-17", full))).toBe(false);
  });
});

describe.each(["Action", "NotAction"])("%s", (element) => {
  const statement = (value: JsonValue): JsonObject => ({ Effect: "Allow", [element]: value, Resource: "*" });

  test("is a set", () => {
    expect(sameStatement(statement("s3:get"), statement(["s3:get"]))).toBe(true);
    expect(sameStatement(statement(["a:x", "b:y"]), statement(["b:y", "a:x"]))).toBe(true);
    expect(sameStatement(statement(["a:x", "a:x"]), statement(["a:x"]))).toBe(true);
    expect(sameStatement(statement(["a:x", "b:y"]), statement(["a:x"]))).toBe(false);
  });

  test("is the same in any case", () => {
    expect(sameStatement(statement("S3:getObject"), statement("s3:GetObject"))).toBe(true);
    expect(sameStatement(statement(["s3:GETOBJECT", "s3:GetObject"]), statement("s3:getobject"))).toBe(true);
  });

  test("folds the case of ASCII letters alone", () => {
    expect(sameStatement(statement("\u212Ams:x"), statement("kms:x"))).toBe(false);
  });

  test("is taken literally: a wildcard is not what it matches", () => {
    expect(sameStatement(statement("s3:*"), statement(["s3:*", "s3:Get*"]))).toBe(false);
  });

  test("is a set even of members that no one expects", () => {
    expect(sameStatement(statement([1, "a", {}]), statement([{}, "a", 1, 1]))).toBe(true);
  });

  test("that is empty is not absent", () => {
    expect(sameStatement(statement([]), { Effect: "Allow", Resource: "*" })).toBe(false);
  });

  test("of a wrong type is equal only to itself", () => {
    const odd: readonly JsonValue[] = [1, "1", null, "null", true, "true", {}, [["a"]], "a"];
    for (const a of odd) for (const b of odd) expect(sameStatement(statement(a), statement(b))).toBe(a === b);
  });
});

describe.each(["Resource", "NotResource"])("%s", (element) => {
  const statement = (value: JsonValue): JsonObject => ({ Effect: "Allow", Action: "s3:*", [element]: value });

  test("is a set", () => {
    expect(sameStatement(statement("a"), statement(["a"]))).toBe(true);
    expect(sameStatement(statement(["a", "b", "a"]), statement(["b", "a"]))).toBe(true);
    expect(sameStatement(statement(["a", "b"]), statement(["a"]))).toBe(false);
  });

  test("tells upper from lower case", () => {
    expect(sameStatement(statement("arn:aws:s3:::Bucket"), statement("arn:aws:s3:::bucket"))).toBe(false);
  });

  test("knows no short form of an account", () => {
    expect(sameStatement(statement("arn:aws:iam::123456789012:root"), statement("123456789012"))).toBe(false);
  });
});

test("an element is never the same as its negation", () => {
  expect(sameStatement({ Effect: "Allow", Action: "a:b" }, { Effect: "Allow", NotAction: "a:b" })).toBe(false);
  expect(sameStatement({ Effect: "Allow", Resource: "a" }, { Effect: "Allow", NotResource: "a" })).toBe(false);
  const principal = { AWS: "123456789012" };
  expect(
    sameStatement({ Effect: "Allow", Principal: principal }, { Effect: "Allow", NotPrincipal: principal }, "trust"),
  ).toBe(false);
});

describe("Principal", () => {
  const sameTrust = (a: JsonValue, b: JsonValue, Effect = "Allow"): boolean =>
    sameStatement(aTrustStatement({ Effect, Principal: a }), aTrustStatement({ Effect, Principal: b }), "trust");

  test("lists are sets: IAM returns them in an order of its own, and one of one as a string", () => {
    expect(
      sameTrust(
        { Service: ["a.amazonaws.com", "b.amazonaws.com"] },
        { Service: ["b.amazonaws.com", "a.amazonaws.com"] },
      ),
    ).toBe(true);
    expect(sameTrust({ Service: ["ec2.amazonaws.com"] }, { Service: "ec2.amazonaws.com" })).toBe(true);
    expect(sameTrust({ Service: "ec2.amazonaws.com" }, { Service: ["ec2.amazonaws.com", "ssm.amazonaws.com"] })).toBe(
      false,
    );
  });

  test("of one type is not that of another", () => {
    expect(sameTrust({ AWS: "x" }, { Federated: "x" })).toBe(false);
    expect(sameTrust({ AWS: "x" }, { AWS: "x", Service: "y" })).toBe(false);
  });

  test("as a string is not no principal, nor an empty one", () => {
    const none = { Effect: "Allow", Action: "sts:AssumeRole" };
    for (const use of ["trust", "permissions"] as const) {
      for (const principal of ["*", "123456789012", {}, { AWS: [] }, [], null]) {
        expect(sameStatement(none, { ...none, Principal: principal }, use)).toBe(false);
      }
    }
    expect(sameTrust("123456789012", {})).toBe(false);
    expect(sameTrust({ AWS: [] }, {})).toBe(false);
    expect(sameTrust("a", "b")).toBe(false);
  });

  test("'*' is anyone in AWS where a trust policy allows", () => {
    expect(sameTrust("*", { AWS: "*" })).toBe(true);
    expect(sameTrust("*", { AWS: ["*"] })).toBe(true);
  });

  test("'*' is not anyone in AWS in a Deny, where it covers more", () => {
    expect(sameTrust("*", { AWS: "*" }, "Deny")).toBe(false);
  });

  test("'*' is not anyone in AWS in a NotPrincipal or in a permissions policy", () => {
    const [a, b] = [aStatement({ NotPrincipal: "*" }), aStatement({ NotPrincipal: { AWS: "*" } })];
    expect(sameStatement(a, b, "trust")).toBe(false);
    expect(sameStatement(aStatement({ Principal: "*" }), aStatement({ Principal: { AWS: "*" } }))).toBe(false);
  });

  test("'*' is not any service or identity provider", () => {
    expect(sameTrust("*", { Service: "*" })).toBe(false);
    expect(sameTrust("*", { Federated: "*" })).toBe(false);
    expect(sameTrust("*", { AWS: "*", Service: "ec2.amazonaws.com" })).toBe(false);
  });

  test.each(["aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc"])(
    "an account is its root in partition %s",
    (partition) => {
      expect(sameTrust({ AWS: "123456789012" }, { AWS: `arn:${partition}:iam::123456789012:root` })).toBe(true);
      expect(sameTrust({ AWS: ["123456789012"] }, { AWS: `arn:${partition}:iam::123456789013:root` })).toBe(false);
      const excludes = (member: string): JsonObject => ({ Effect: "Deny", NotPrincipal: { AWS: member } });
      expect(
        sameStatement(excludes("123456789012"), excludes(`arn:${partition}:iam::123456789012:root`), "trust"),
      ).toBe(true);
    },
  );

  test("an account named both ways is named once", () => {
    expect(sameTrust({ AWS: ["123456789012", "arn:aws:iam::123456789012:root"] }, { AWS: "123456789012" })).toBe(true);
  });

  test("only a whole account id is an account", () => {
    const root = "arn:aws:iam::123456789012:root";
    for (const other of [
      "12345678901",
      "1234567890123",
      `${root}/x`,
      `x${root}`,
      `${root}\n`,
      "arn:aws:iam::123456789012:user/root",
    ]) {
      expect(sameTrust({ AWS: "123456789012" }, { AWS: other })).toBe(false);
    }
    expect(sameTrust({ Federated: "123456789012" }, { Federated: root })).toBe(false);
  });

  test("tells upper from lower case", () => {
    expect(
      sameTrust({ AWS: "arn:aws:iam::123456789012:role/App" }, { AWS: "arn:aws:iam::123456789012:role/app" }),
    ).toBe(false);
  });

  test.each(["AROAEXAMPLEEXAMPLE123", "AIDAEXAMPLEEXAMPLE123"])(
    "%s, which IAM shows for a principal that is gone, is no ARN",
    (uniqueId) => {
      expect(sameTrust({ AWS: uniqueId }, { AWS: "arn:aws:iam::123456789012:role/app" })).toBe(false);
      expect(sameTrust({ AWS: uniqueId }, { AWS: "123456789012" })).toBe(false);
      expect(sameTrust({ AWS: uniqueId }, { AWS: uniqueId })).toBe(true);
    },
  );
});

describe("Condition", () => {
  const sameCondition = (a: JsonValue, b: JsonValue): boolean =>
    sameStatement(aStatement({ Condition: a }), aStatement({ Condition: b }));

  test("does not care about the order of operators, keys and values", () => {
    expect(
      sameCondition(
        { Bool: { "aws:SecureTransport": "true" }, StringEquals: { "aws:a": ["x", "y"], "aws:b": "z" } },
        { StringEquals: { "aws:b": ["z"], "aws:a": ["y", "x"] }, Bool: { "aws:SecureTransport": ["true"] } },
      ),
    ).toBe(true);
  });

  test("has the same keys and operators in any case", () => {
    expect(sameCondition({ StringEquals: { "aws:SourceIp": "x" } }, { StringEquals: { "AWS:sourceip": "x" } })).toBe(
      true,
    );
    expect(
      sameCondition(
        { "ForAllValues:StringLikeIfExists": { "aws:TagKeys": "x" } },
        { "forallvalues:stringlikeifexists": { "aws:tagkeys": "x" } },
      ),
    ).toBe(true);
  });

  test("tells operators with and without a prefix or suffix apart", () => {
    const operators = [
      "StringEquals",
      "StringEqualsIfExists",
      "ForAllValues:StringEquals",
      "ForAnyValue:StringEquals",
      "StringNotEquals",
    ];
    for (const a of operators) {
      for (const b of operators) expect(sameCondition({ [a]: { "x:y": "1" } }, { [b]: { "x:y": "1" } })).toBe(a === b);
    }
  });

  test("tells upper from lower case in values", () => {
    expect(sameCondition({ StringEquals: { "x:y": "A" } }, { StringEquals: { "x:y": "a" } })).toBe(false);
  });

  test("takes true for 'true' and 1 for '1', but null for nothing else", () => {
    expect(sameCondition({ Bool: { "x:y": true } }, { Bool: { "x:y": "true" } })).toBe(true);
    expect(sameCondition({ NumericEquals: { "x:y": [1, "1", 2.5] } }, { NumericEquals: { "x:y": ["2.5", "1"] } })).toBe(
      true,
    );
    expect(sameCondition({ Bool: { "x:y": true } }, { Bool: { "x:y": "false" } })).toBe(false);
    expect(sameCondition({ Null: { "x:y": null } }, { Null: { "x:y": "null" } })).toBe(false);
  });

  test("that tests nothing is no condition", () => {
    expect(sameCondition({}, { StringEquals: {} })).toBe(true);
    expect(sameStatement(aStatement({ Condition: {} }), aStatement())).toBe(true);
  });

  test("that no value satisfies is not no condition", () => {
    expect(sameStatement(aStatement({ Condition: { StringEquals: { "x:y": [] } } }), aStatement())).toBe(false);
  });

  test("with one test written twice in different case has that test once", () => {
    expect(sameCondition({ StringEquals: { "x:Y": "1", "x:y": ["1"] } }, { StringEquals: { "x:y": "1" } })).toBe(true);
    expect(
      sameCondition({ StringEquals: { "x:y": "1" }, stringEquals: { "X:Y": "1" } }, { StringEquals: { "x:y": "1" } }),
    ).toBe(true);
    expect(
      sameCondition(
        { StringEquals: { "x:y": "1" }, stringEquals: { "x:z": "1" } },
        { StringEquals: { "x:y": "1", "x:z": "1" } },
      ),
    ).toBe(true);
  });

  test("with two tests that only case tells apart is neither one of them nor both in one", () => {
    const both = { StringEquals: { "x:Y": "1", "x:y": "2" } };
    expect(sameCondition(both, { StringEquals: { "x:y": "1" } })).toBe(false);
    expect(sameCondition(both, { StringEquals: { "x:y": "2" } })).toBe(false);
    expect(sameCondition(both, { StringEquals: { "x:y": ["1", "2"] } })).toBe(false);
    expect(sameCondition(both, { StringEquals: { "x:y": ["2"], "x:Y": ["1"] } })).toBe(true);
  });

  test("of a wrong type is equal only to itself", () => {
    const odd: readonly JsonValue[] = [
      "x",
      ["x"],
      1,
      null,
      { StringEquals: "x" },
      { stringequals: "x" },
      { StringEquals: null },
    ];
    for (const a of odd) for (const b of odd) expect(sameCondition(a, b)).toBe(a === b);
    for (const a of odd) expect(sameStatement(aStatement({ Condition: a }), aStatement())).toBe(false);
    expect(sameCondition({ stringequals: "x", StringEquals: { "x:y": "1" } }, { StringEquals: { "x:y": "1" } })).toBe(
      false,
    );
  });
});
