import { describe, expect, test } from "vitest";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { aManifest, readS3 } from "./manifests.ts";

const READ = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
const WRITTEN = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };

function specOf(spec: Readonly<Record<string, unknown>>) {
  return parseInstanceProfile(aManifest({ statements: [], ...spec })).spec;
}

function refusal(spec: Readonly<Record<string, unknown>>): string {
  try {
    specOf(spec);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

const withDocument = (document: unknown) => ({ inlinePolicies: [{ name: "odd", document }] });
const withTrust = (document: unknown) => ({ trust: { document } });

describe("the policies of a spec", () => {
  test("may be none", () => {
    expect(specOf({}).inlinePolicies).toEqual([]);
  });

  test("are the short form and the list, in this order, each with the place that messages name", () => {
    const inlinePolicies = [
      { name: "more", statements: [readS3] },
      { name: "odd", document: { Statement: READ } },
    ];
    expect(specOf({ statements: [readS3], policyName: "first", inlinePolicies }).inlinePolicies).toEqual([
      { name: "first", fieldPath: "spec.statements", statements: [readS3] },
      { name: "more", fieldPath: "spec.inlinePolicies[0].statements", statements: [readS3] },
      {
        name: "odd",
        fieldPath: "spec.inlinePolicies[1].document",
        statements: [WRITTEN],
        document: { Statement: READ },
      },
    ]);
  });

  test.each([
    ["a name twice", [{ name: "a" }, { name: "a" }], "spec.inlinePolicies[1]: Duplicate value"],
    ["names that differ in case", [{ name: "a" }, { name: "A" }], "differ only in case"],
    ["the name of the short form", [{ name: "App" }], "has the name of the policy of statements"],
  ])("refuse %s", (_, names, message) => {
    const inlinePolicies = names.map((one) => ({ ...one, statements: [readS3] }));
    expect(refusal({ statements: [readS3], inlinePolicies })).toContain(message);
  });

  test("may have the name of the role when there are no statements beside them", () => {
    expect(specOf({ inlinePolicies: [{ name: "app", statements: [readS3] }] }).inlinePolicies).toHaveLength(1);
  });

  test("have Sids that are unique in each of them", () => {
    const once = { name: "a", statements: [{ ...readS3, sid: "Read" }] };
    expect(specOf({ inlinePolicies: [once, { ...once, name: "b" }] }).inlinePolicies).toHaveLength(2);
    const twice = { name: "a", statements: [...once.statements, ...once.statements] };
    expect(refusal({ inlinePolicies: [twice] })).toContain("spec.inlinePolicies[0].statements: Invalid value: two");
  });

  test.each([[{ name: "a" }], [{ name: "a", statements: [readS3], document: { Statement: READ } }]])(
    "have statements or a document: not %j",
    (policy) => {
      expect(refusal({ inlinePolicies: [policy] })).toContain(
        "spec.inlinePolicies[0]: Invalid value: write exactly one of statements and document",
      );
    },
  );

  test("have as many actions as IAM has room for", () => {
    const actions = Array.from({ length: 900 }, (_, index) => `a:b${index}`);
    expect(specOf({ statements: [{ ...readS3, actions }] }).inlinePolicies[0]?.statements[0]?.actions).toHaveLength(
      900,
    );
  });
});

describe("a document", () => {
  test.each<[string, unknown]>([
    ["an object", { Version: "2012-10-17", Id: "x", Statement: [READ] }],
    ["a text", JSON.stringify({ Statement: READ })],
    ["a text with white space", JSON.stringify({ Statement: READ }, undefined, 2)],
  ])("is %s", (_, document) => {
    expect(specOf(withDocument(document)).inlinePolicies[0]?.statements).toEqual([WRITTEN]);
  });

  test("may have numbers, truth values and single values in conditions", () => {
    const Condition = { Bool: { "aws:SecureTransport": true }, NumericLessThan: { "s3:max-keys": [10, "20"] } };
    expect(
      specOf(withDocument({ Statement: { ...READ, Condition } })).inlinePolicies[0]?.statements[0]?.conditions,
    ).toEqual({
      Bool: { "aws:SecureTransport": ["true"] },
      NumericLessThan: { "s3:max-keys": ["10", "20"] },
    });
  });

  test.each<[string, unknown, string]>([
    ["no JSON", "{", "spec.inlinePolicies[0].document: Invalid value: the text is not JSON"],
    ["a key twice", '{"Statement":{"Effect":"Allow","Effect":"Deny"}}', 'the key "Statement.Effect" is there twice'],
    [
      "a control character",
      { Statement: { ...READ, Resource: "arn:aws:s3:::a\u001b" } },
      "document.Statement.Resource: Invalid value: IAM takes no control characters",
    ],
    [
      "a control character in a condition",
      { Statement: { ...READ, Condition: { StringEquals: { "aws:x": ["\u0000"] } } } },
      "Condition.StringEquals.aws:x: Invalid value: IAM takes no control characters",
    ],
    [
      "a number that JSON has not",
      JSON.stringify({ Statement: { ...READ, Condition: { NumericLessThan: { "s3:max-keys": 1 } } } }).replace(
        ":1}",
        ":1e400}",
      ),
      "Condition.NumericLessThan.s3:max-keys: Invalid value: the number is too large",
    ],
    ["a list", [], "document in body must be of type object"],
    ["nothing", {}, "document.Statement: Required value"],
    ["an unknown element", { Statement: READ, Sid: "x" }, 'document.Sid: unknown element "Sid"'],
    ["an old version", { Version: "2011-01-01", Statement: READ }, "document.Version: Unsupported value"],
    ["the words of statements", { Statement: [WRITTEN] }, 'document.Statement[0].effect: unknown element "effect"'],
    ["a principal", { Statement: { ...READ, Principal: "*" } }, "document.Statement.Principal: unknown element"],
    ["an effect in lower case", { Statement: { ...READ, Effect: "allow" } }, "document.Statement.Effect: Unsupported"],
    ["both actions", { Statement: [{ ...READ, NotAction: "a:b" }] }, "write exactly one of Action and NotAction"],
    ["an action without service", { Statement: { ...READ, Action: ["Get"] } }, "Statement.Action[0]: Invalid value"],
    ["no resource", { Statement: { ...READ, Resource: [] } }, "document.Statement.Resource: Invalid value: write at"],
    ["a bucket's name", { Statement: { ...READ, Resource: "bucket" } }, "write an ARN"],
    [
      "a Sid twice",
      {
        Statement: [
          { ...READ, Sid: "A" },
          { ...READ, Sid: "A" },
        ],
      },
      "two statements have the same Sid",
    ],
    [
      "a condition that is none",
      { Statement: { ...READ, Condition: { Bool: "x" } } },
      "Statement.Condition.Bool in body",
    ],
  ])("is refused with %s", (_, document, message) => {
    expect(refusal(withDocument(document))).toContain(message);
  });

  test("that is nested too deeply, or too large, is not read", () => {
    const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`) as unknown;
    const large = { Statement: { ...READ, Action: Array.from({ length: 9_000 }, (_, index) => `a:b${index}`) } };
    for (const document of [deep, large, JSON.stringify(large)]) {
      const { oversize, spec } = parseInstanceProfile(aManifest(withDocument(document)));
      expect(oversize).toEqual([
        { field: "spec.inlinePolicies", message: expect.stringContaining("IAM takes no more") },
      ]);
      expect(spec.inlinePolicies.map(({ statements }) => statements[0]?.effect)).toEqual(["Deny"]);
    }
  });
});

describe("a trust document", () => {
  const TRUST = { Effect: "Allow", Action: "STS:AssumeRole", Principal: { Service: "ec2.amazonaws.com" } };

  test("says who is trusted, as services and statements do", () => {
    const ops = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: "123456789012" } };
    expect(specOf(withTrust({ Statement: [TRUST, ops] })).trust).toEqual({
      services: ["ec2.amazonaws.com"],
      statements: [{ effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws: ["123456789012"] } }],
      document: { Statement: [TRUST, ops] },
    });
  });

  test.each<[string, unknown, string]>([
    [
      "a resource",
      { Statement: { ...TRUST, Resource: "*" } },
      "spec.trust.document.Statement.Resource: unknown element",
    ],
    [
      "no principal",
      { Statement: { Effect: "Allow", Action: "sts:AssumeRole" } },
      "Statement.Principal: Invalid value",
    ],
    ["an action of S3", { Statement: { ...TRUST, Action: "s3:Get" } }, "a trust policy takes STS actions only"],
  ])("is refused with %s", (_, document, message) => {
    expect(refusal(withTrust(document))).toContain(message);
  });

  test("stands alone", () => {
    const document = { Statement: TRUST };
    expect(refusal({ trust: { document, services: ["lambda.amazonaws.com"] } })).toContain("write either document");
    expect(refusal({ trust: { document, services: ["ec2.amazonaws.com"], statements: [] } })).toBe("");
  });

  test("is not the only place where an action may be in capitals", () => {
    const statements = [{ effect: "Allow", actions: ["STS:AssumeRole"], principals: { aws: ["123456789012"] } }];
    expect(refusal({ trust: { statements } })).toBe("");
  });
});
