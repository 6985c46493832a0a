import { describe, expect, test } from "vitest";
import { permissionsDocument, trustDocument } from "../../../src/model/policy/policy-document.ts";
import { trustFrom } from "../../../src/model/policy/statements-of.ts";

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
