import { describe, expect, test } from "vitest";
import type { ServiceAccess } from "../../../../src/model/access/service-access.ts";
import type { JsonObject } from "../../../../src/model/policy/policy-json.ts";
import { type ActionUse, actionUse } from "../../../../src/plan/usage/action-use.ts";
import { narrowManifest } from "../../../../src/plan/usage/narrow-manifest.ts";

const USED = "2026-01-05T00:00:00.000Z";

function service(
  name: string,
  used: readonly string[],
  unused: readonly string[],
  lastAccessed?: string,
): ServiceAccess {
  return {
    service: name,
    ...(lastAccessed !== undefined && { lastAccessed }),
    trackedActions: [
      ...used.map((action) => ({ action, lastAccessed: USED })),
      ...unused.map((action) => ({ action })),
    ],
  };
}

const SERVICES = [
  service("s3", ["ListAllMyBuckets"], ["CreateBucket", "DeleteBucket", "PutBucketTagging"], USED),
  service("ec2", ["RunInstances"], ["CreateTags", "StopInstances"], USED),
  service("iam", [], ["CreateRole", "CreateServiceLinkedRole", "TagRole"]),
  service("kms", [], ["CreateKey", "Decrypt"]),
  service("sqs", [], []),
];

const use = (action: string, dropsUnusedServices = false): ActionUse =>
  actionUse(action, { services: SERVICES, dropsUnusedServices });
const verdicts = (actions: readonly string[], drops = false) =>
  Object.fromEntries(actions.map((action) => [action, use(action, drops).verdict]));

describe("an action is unused only if IAM tracks it and knows no request", () => {
  test("in any case of its letters", () => {
    expect(verdicts(["s3:CreateBucket", "S3:createbucket", "ec2:StopInstances", "iam:TagRole"])).toEqual({
      ...{ "s3:CreateBucket": "unused", "S3:createbucket": "unused" },
      ...{ "ec2:StopInstances": "unused", "iam:TagRole": "unused" },
    });
    expect(use("S3:LISTALLMYBUCKETS")).toMatchObject({ verdict: "used", lastAccessed: USED });
  });

  test.each([
    ["s3:GetObject", "IAM does not track it"],
    ["sqs:SendMessage", "IAM does not track it; it knows no request to the service"],
    ["dynamodb:GetItem", "the report of IAM does not have the service dynamodb"],
    ["s3:*", "a pattern: it also matches actions that IAM does not track"],
    ["s3:Delete*", "a pattern: it also matches actions that IAM does not track"],
    ["s3:DeleteBucke?", "a pattern: it also matches actions that IAM does not track"],
    ["*", "a pattern of several services"],
    ["s*:DeleteBucket", "a pattern of several services"],
    ["iam:PassRole", "IAM does not track iam:PassRole, which other requests need"],
    ["iam:Pass*", "IAM does not track iam:PassRole, which other requests need"],
    ["iam:CreateServiceLinkedRole", "other services use it when they are first used"],
    ["kms:Decrypt", "other services use kms with the permissions of the role"],
    ["ec2:CreateTags", "requests that create something with tags need it too"],
    ["s3:PutBucketTagging", "requests that create something with tags need it too"],
  ])("so %s is kept: %s", (action, why) => {
    expect(use(action)).toEqual({ action, verdict: "kept", why });
  });

  test("unless a user chooses to remove services that the role has never accessed", () => {
    expect(verdicts(["sqs:SendMessage", "sqs:*", "s3:GetObject", "s3:*"], true)).toEqual({
      ...{ "sqs:SendMessage": "unused", "sqs:*": "unused" },
      ...{ "s3:GetObject": "kept", "s3:*": "kept" },
    });
    expect(verdicts(["iam:*", "iam:PassRole", "kms:*", "iam:Create*", "iam:Get*", "dynamodb:*", "*"], true)).toEqual({
      ...{ "iam:*": "kept", "iam:PassRole": "kept", "kms:*": "kept", "iam:Create*": "kept", "iam:Get*": "unused" },
      ...{ "dynamodb:*": "kept", "*": "kept" },
    });
  });

  test("and an empty report removes nothing", () => {
    const evidence = { services: [], dropsUnusedServices: true };
    expect(actionUse("s3:CreateBucket", evidence).verdict).toBe("kept");
  });
});

const RESOURCES = ["arn:aws:s3:::logs"];
const CONDITIONS = { StringEquals: { "aws:RequestedRegion": ["eu-west-1"] } };
const allow = (...actions: readonly string[]) => ({ effect: "Allow", actions, resources: RESOURCES });

function manifestOf(spec: object): JsonObject {
  const metadata = { name: "app", namespace: "team-a" };
  return { apiVersion: "iam.instanceprofile.dev/v1beta1", kind: "InstanceProfile", metadata, spec } as never;
}
const narrowed = (spec: object) =>
  narrowManifest(manifestOf({ roleName: "app", ...spec }), { services: SERVICES, dropsUnusedServices: false });
const specOf = (spec: object) => narrowed(spec).manifest["spec"];

describe("a narrowed manifest", () => {
  test("has fewer actions, and the same conditions, resources and Sids", () => {
    const statement = {
      ...allow("s3:ListAllMyBuckets", "s3:CreateBucket", "s3:Get*"),
      sid: "Logs",
      conditions: CONDITIONS,
    };
    expect(specOf({ statements: [statement] })).toEqual({
      roleName: "app",
      statements: [{ ...statement, actions: ["s3:ListAllMyBuckets", "s3:Get*"] }],
    });
  });

  test("keeps Deny statements and NotAction statements as they are, and says so of the latter", () => {
    const deny = { effect: "Deny", actions: ["s3:DeleteBucket"], resources: ["*"] };
    const not = { effect: "Allow", notActions: ["iam:*"], resources: ["*"] };
    const result = narrowed({ statements: [deny, not, allow("s3:CreateBucket")] });
    expect(result.manifest["spec"]).toEqual({ roleName: "app", statements: [deny, not] });
    expect(result.actions.map(({ action }) => action)).toEqual(["s3:CreateBucket"]);
    expect(result.untouched).toEqual(["spec.statements[1]: notActions allows actions that it does not name"]);
  });

  test("loses statements without an action, and policies without a statement", () => {
    const unused = allow("s3:CreateBucket");
    const document = {
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Action: "s3:DeleteBucket", Resource: "*" },
    };
    const inlinePolicies = [
      { name: "a", statements: [unused] },
      { name: "b", document },
      { name: "c", statements: [unused, allow("s3:ListAllMyBuckets")] },
    ];
    expect(specOf({ statements: [unused], inlinePolicies })).toEqual({
      roleName: "app",
      inlinePolicies: [{ name: "c", statements: [allow("s3:ListAllMyBuckets")] }],
    });
    expect(specOf({ statements: [unused], inlinePolicies: [{ name: "a", statements: [unused] }] })).toEqual({
      roleName: "app",
    });
  });

  test("keeps the form of a document: a single statement, and a single action that is not in a list", () => {
    const statement = { Sid: "A", Effect: "Allow", Action: ["s3:ListAllMyBuckets", "s3:CreateBucket"], Resource: "*" };
    const kept = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
    const documents = [
      { Version: "2012-10-17", Statement: statement },
      { Version: "2008-10-17", Id: "x", Statement: [kept, statement] },
    ];
    const inlinePolicies = documents.map((document, index) => ({ name: `p${index}`, document }));
    const narrow = { ...statement, Action: ["s3:ListAllMyBuckets"] };
    expect(specOf({ inlinePolicies })).toEqual({
      roleName: "app",
      inlinePolicies: [
        { name: "p0", document: { Version: "2012-10-17", Statement: narrow } },
        { name: "p1", document: { Version: "2008-10-17", Id: "x", Statement: [kept, narrow] } },
      ],
    });
  });

  test("leaves managed policies alone, and names them", () => {
    const managedPolicies = [{ name: "own", statements: [allow("s3:CreateBucket")] }];
    const spec = { managedPolicies, managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] };
    const { manifest, untouched } = narrowed(spec);
    expect(manifest["spec"]).toEqual({ roleName: "app", ...spec });
    expect(untouched).toEqual([
      "spec.managedPolicies: other roles may use them",
      "spec.managedPolicyArns: arn:aws:iam::aws:policy/ReadOnlyAccess is not a policy of this object",
    ]);
  });
});
