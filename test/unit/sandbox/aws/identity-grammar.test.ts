import { describe, expect, test } from "vitest";
import { AwsFault } from "../../../../src/sandbox/aws/fault.ts";
import { checkIdentityPolicy } from "../../../../src/sandbox/aws/policy/identity-grammar.ts";
import { policy } from "./in-process.ts";

const allow = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };

function complaint(document: string, requiresCurrentVersion = false): string | undefined {
  try {
    checkIdentityPolicy(document, { partition: "aws", requiresCurrentVersion });
    return undefined;
  } catch (error) {
    if (error instanceof AwsFault && error.code === "MalformedPolicyDocument") {
      return error.message;
    }
    throw error;
  }
}

const syntax = "Syntax errors in policy.";
const legacy = "The policy failed legacy parsing";
const vendor = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";

/** IAM completes them. */
const CUT_OFF = [
  ...["arn:aws:sqs", "arn:aws:sqs:us-east-1", "arn:aws:sqs:*", "arn:aws:sqs:us-east-1:123456789012"],
  ...["arn:aws:s3", "arn:aws:s3:::", "arn:aws:iam", "arn:aws:iam::123456789012", "arn:*:sqs"],
];

/** As the service authorization reference of S3 has them. */
const REGIONAL_S3 = [
  ...["accesspoint/a", "access-grants/default", "access-grants/default/location/l", "access-grants/default/grant/g"],
  ...["job/*", "storage-lens/*", "storage-lens-group/g", "async-request/mrap/create/token"],
].map((path) => `arn:aws:s3:us-east-1:111122223333:${path}`);

describe("accepts", () => {
  test.each([
    ["a single statement without a list", JSON.stringify({ Version: "2012-10-17", Statement: allow })],
    ["no version", JSON.stringify({ Statement: [allow] })],
    ["the old version", JSON.stringify({ Version: "2008-10-17", Id: "x", Statement: [allow] })],
    ["everything", policy({ Effect: "Deny", NotAction: "*", NotResource: "*" })],
    ["an action of no known service", policy({ ...allow, Action: "nosuch:Thing" })],
    ["several empty Sids", policy({ ...allow, Sid: "" }, { ...allow, Sid: "" })],
    [
      "operators in any case, with sets and IfExists",
      condition("forallvalues:stringlikeIFEXISTS", "aws:TagKeys", "a*"),
    ],
    ["numbers and truth values in conditions", condition("Bool", "aws:SecureTransport", true)],
    ["a variable in a resource", policy({ ...allow, Resource: `arn:aws:s3:::b/\${aws:username}/*` })],
    ["a wildcard partition", policy({ ...allow, Resource: "arn:*:s3:::b" })],
    [
      "account variables, whose colons are none of the ARN's",
      policy({
        ...allow,
        Resource: [
          `arn:aws:kms:*:\${aws:PrincipalAccount}:key/*`,
          `arn:aws:sns:\${aws:RequestedRegion}:\${aws:ResourceAccount}:topic`,
          `arn:aws:iam::\${aws:PrincipalAccount}:role/\${aws:PrincipalTag/team, 'a:b:c'}`,
        ],
      }),
    ],
    ["ARNs that leave fields out", policy({ ...allow, Resource: CUT_OFF })],
    ["S3 resources of a region", policy({ ...allow, Resource: REGIONAL_S3 })],
    [
      "an IAM resource with wild cards",
      policy({ ...allow, Resource: ["arn:aws:iam::123456789012:*", "arn:aws:iam::*:role/x*"] }),
    ],
  ])("%s", (_name, document) => {
    expect(complaint(document)).toBeUndefined();
  });
});

function condition(operator: string, key: string, value: unknown): string {
  return policy({ ...allow, Condition: { [operator]: { [key]: value } } });
}

describe("refuses", () => {
  test.each([
    ["text that is not JSON", "not json", syntax],
    ["JSON that is not an object", "[]", syntax],
    ["null", "null", syntax],
    ["no statement", JSON.stringify({ Version: "2012-10-17" }), syntax],
    ["an empty list of statements", policy(), syntax],
    ["an unknown element at the top", JSON.stringify({ Version: "2012-10-17", Statement: [allow], Extra: 1 }), syntax],
    ["an unknown element in a statement", policy({ ...allow, Actions: [] }), syntax],
    ["an unknown version", JSON.stringify({ Version: "2020-01-01", Statement: [allow] }), syntax],
    ["Action beside NotAction", policy({ ...allow, NotAction: "s3:*" }), syntax],
    ["Resource beside NotResource", policy({ ...allow, NotResource: "*" }), syntax],
    ["an action that is a number", policy({ ...allow, Action: 5 }), syntax],
    ["no effect", policy({ Action: "s3:*", Resource: "*" }), syntax],
    ["another effect", policy({ ...allow, Effect: "Maybe" }), syntax],
    ["an effect in lower case", policy({ ...allow, Effect: "allow" }), legacy],
    ["an unknown operator", condition("StringEqual", "aws:a", "b"), syntax],
    ["a condition without operators", policy({ ...allow, Condition: { "aws:a": "b" } }), syntax],
    [
      "a Sid with other characters",
      policy({ ...allow, Sid: "my-sid" }),
      /^Statement IDs \(SID\) must be alpha-numeric/,
    ],
    ["a Sid used twice", policy({ ...allow, Sid: "a" }, { ...allow, Sid: "a" }), /must be unique/],
    ["a principal", policy({ ...allow, Principal: "*" }), "Policy document should not specify a principal."],
    ["no action", policy({ Effect: "Allow", Resource: "*" }), "Policy statement must contain actions."],
    ["an empty list of actions", policy({ ...allow, Action: [] }), "Policy statement must contain actions."],
    ["no resource", policy({ Effect: "Allow", Action: "s3:*" }), "Policy statement must contain resources."],
    ["an empty list of resources", policy({ ...allow, Resource: [] }), "Policy statement must contain resources."],
    ["an action without a service", policy({ ...allow, Action: ["s3:Get*", "GetObject"] }), vendor],
    [
      "an action with two colons",
      policy({ ...allow, Action: "s3:a:b" }),
      "Actions/Condition can contain only one colon.",
    ],
    ["a service with wild cards", policy({ ...allow, Action: "s*:Get" }), "Vendor s* is not valid"],
    [
      "a resource that is no ARN",
      policy({ ...allow, Resource: "bucket" }),
      'Resource bucket must be in ARN format or "*".',
    ],
    ["an ARN with its name in the account's field", policy({ ...allow, Resource: "arn:aws:s3::bucket" }), legacy],
    ["an ARN without a service", policy({ ...allow, Resource: "arn:aws::bucket" }), legacy],
    ["an ARN that leaves the service out", policy({ ...allow, Resource: "arn:aws" }), /^Resource vendor must be/],
    [
      "an ARN of another partition, in full",
      policy({ ...allow, Resource: "aws:s3:::bucket" }),
      'Partition "s3" is not valid for resource "arn:s3:::bucket:*".',
    ],
    [
      "another partition",
      policy({ ...allow, Resource: "arn:aws-cn:s3:::b" }),
      'Partition "aws-cn" is not valid for resource "arn:aws-cn:s3:::b".',
    ],
    ["an account that is no account", policy({ ...allow, Resource: "arn:aws:iam::1234:role/x" }), legacy],
    [
      "a region in an S3 resource",
      policy({ ...allow, Resource: "arn:aws:s3:eu-west-1::b" }),
      "Resource arn:aws:s3:eu-west-1::b can not contain region information.",
    ],
    [
      "a region in an IAM resource",
      policy({ ...allow, Resource: "arn:aws:iam:eu-west-1:123456789012:role/x" }),
      /^IAM resource .* cannot contain region information\.$/,
    ],
    [
      "an IAM resource of an unknown kind",
      policy({ ...allow, Resource: "arn:aws:iam::123456789012:thing/x" }),
      /^IAM resource path must either be "\*" or start with user\/,/,
    ],
    [
      "a service in the resource with wild cards",
      policy({ ...allow, Resource: "arn:aws:s*:::b" }),
      /^Resource vendor must be fully qualified/,
    ],
  ])("%s", (_name, document, message) => {
    expect(complaint(document)).toMatch(message);
  });

  test("a managed policy that does not say 2012-10-17", () => {
    const words = "Policy document must be version 2012-10-17 or greater.";
    expect(complaint(JSON.stringify({ Statement: [allow] }), true)).toBe(words);
    expect(complaint(JSON.stringify({ Version: "2008-10-17", Statement: [allow] }), true)).toBe(words);
    expect(complaint(policy(allow), true)).toBeUndefined();
  });
});
