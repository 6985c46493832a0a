import { describe, expect, test } from "vitest";
import { buildPolicy, samePolicy } from "../../../src/model/policy/policy-document.ts";
import {
  inlineDocuments,
  permissionsDocument,
  shortestForm,
  trustDocument,
  trustPolicyOf,
} from "../../../src/model/policy/policy-spec.ts";
import { trustFrom } from "../../../src/model/policy/statements-of.ts";
import { aPolicy } from "../../support/builders.ts";

describe("the inline policy of a spec", () => {
  test("has the statements in the author's order, and lists stay lists", () => {
    const document = permissionsDocument([
      { sid: "Read", effect: "Allow", actions: ["s3:List*", "s3:Get*"], resources: ["*"] },
      {
        effect: "Deny",
        notActions: ["iam:*"],
        notResources: ["arn:aws:s3:::x"],
        conditions: { StringEquals: { "aws:RequestedRegion": ["eu-west-1"] } },
      },
    ]);
    expect(document).toEqual({
      Version: "2012-10-17",
      Statement: [
        { Sid: "Read", Effect: "Allow", Action: ["s3:List*", "s3:Get*"], Resource: ["*"] },
        {
          Effect: "Deny",
          NotAction: ["iam:*"],
          NotResource: ["arn:aws:s3:::x"],
          Condition: { StringEquals: { "aws:RequestedRegion": ["eu-west-1"] } },
        },
      ],
    });
  });

  test("leaves out what the spec leaves out, also conditions that are empty", () => {
    const [bare, empty] = [{}, { conditions: {} }].map((over) =>
      JSON.stringify(permissionsDocument([{ effect: "Allow", actions: ["a:b"], resources: ["*"], ...over }])),
    );
    expect(bare).toBe('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a:b"],"Resource":["*"]}]}');
    expect(empty).toBe(bare);
  });
});

describe("the trust policy of a spec", () => {
  test("lets the services assume the role in one statement, whatever order they are written in", () => {
    const document = trustDocument({
      services: ["ssm.amazonaws.com", "ec2.amazonaws.com", "ssm.amazonaws.com"],
      statements: [],
    });
    expect(document).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: ["ec2.amazonaws.com", "ssm.amazonaws.com"] },
          Action: ["sts:AssumeRole"],
        },
      ],
    });
  });

  test("the canonical users of a trust statement are not left out", () => {
    const canonicalUsers = ["a".repeat(64)];
    const document = trustDocument({
      services: [],
      statements: [{ effect: "Deny", actions: ["sts:AssumeRole"], principals: { canonicalUsers } }],
    });
    expect(document).toMatchObject({ Statement: [{ Principal: { CanonicalUser: canonicalUsers } }] });
    expect(trustFrom(document)?.statements[0]?.principals).toEqual({ canonicalUsers });
  });

  test("puts the free statements behind it, with every kind of principal", () => {
    const document = trustDocument({
      services: ["ec2.amazonaws.com"],
      statements: [
        {
          sid: "Oidc",
          effect: "Allow",
          actions: ["sts:AssumeRoleWithWebIdentity"],
          principals: {
            federated: ["accounts.google.com"],
            aws: ["123456789012"],
            services: ["a"],
          },
          conditions: { StringLike: { "accounts.google.com:sub": ["x*"] } },
        },
      ],
    });
    expect(document).toMatchObject({
      Statement: [
        { Principal: { Service: ["ec2.amazonaws.com"] } },
        {
          Sid: "Oidc",
          Effect: "Allow",
          Principal: {
            AWS: ["123456789012"],
            Service: ["a"],
            Federated: ["accounts.google.com"],
          },
          Action: ["sts:AssumeRoleWithWebIdentity"],
          Condition: { StringLike: { "accounts.google.com:sub": ["x*"] } },
        },
      ],
    });
  });

  test("without services has the free statements alone", () => {
    const document = trustDocument({
      services: [],
      statements: [{ effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws: ["*"] } }],
    });
    expect(document).toEqual({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: ["*"] }, Action: ["sts:AssumeRole"] }],
    });
  });
});

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
