import { describe, expect, test } from "vitest";
import { inlineDocuments, shortestForm, trustPolicyOf } from "../../../src/model/policy/desired-policies.ts";
import { buildPolicy, samePolicy } from "../../../src/model/policy/policy-document.ts";
import { aPolicy } from "../../support/builders.ts";

const USER = ["$", "{aws:username}"].join("");

describe("the shortest form of a document", () => {
  test("has no list around one member, no empty Sid, and no Version without an effect", () => {
    const Condition = { Bool: { "aws:SecureTransport": ["true"] } };
    const statement = { Sid: "", Effect: "Allow", Action: ["s3:GetObject"], Resource: ["*"], Condition };
    const long = { Version: "2012-10-17", Id: "x", Statement: [statement] };
    expect(shortestForm(long)).toEqual({
      Id: "x",
      Statement: {
        Effect: "Allow",
        Action: "s3:GetObject",
        Resource: "*",
        Condition: { Bool: { "aws:SecureTransport": "true" } },
      },
    });
    expect(samePolicy(buildPolicy(shortestForm(long), "permissions"), buildPolicy(long, "permissions"))).toBe(true);
  });

  test("keeps a Version where a variable stands, and lists of several", () => {
    const Statement = [{ Effect: "Allow", Action: ["a:b", "a:c"], Resource: [`arn:aws:s3:::${USER}`] }];
    expect(shortestForm({ Version: "2012-10-17", Statement })).toEqual({
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Action: ["a:b", "a:c"], Resource: `arn:aws:s3:::${USER}` },
    });
  });

  test("is not sent while what people compare with their manifest fits", () => {
    const policy = (chars: number) =>
      aPolicy([{ effect: "Allow", actions: ["s3:Get*"], resources: [`arn:aws:s3:::${"a".repeat(chars)}`] }]);
    const texts = (chars: number) => inlineDocuments([policy(chars), policy(5)]).map(({ text }) => text.slice(0, 13));
    expect(texts(10_000)).toEqual(['{"Version":"2', '{"Version":"2']);
    expect(texts(10_040)).toEqual(['{"Statement":', '{"Statement":']);
  });

  test("is sent for a trust policy beyond the first quota of accounts", () => {
    const trust = (count: number) => ({
      services: Array.from({ length: count }, (_, index) => `s${index}.amazonaws.com`),
      statements: [],
    });
    expect(trustPolicyOf(trust(2)).text).toContain("2012-10-17");
    expect(trustPolicyOf(trust(200)).text).not.toContain("2012-10-17");
  });
});
