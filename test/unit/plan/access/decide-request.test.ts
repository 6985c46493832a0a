import { describe, expect, test } from "vitest";
import { requestContext } from "../../../../src/model/access/access-request.ts";
import type { JsonValue } from "../../../../src/model/policy/policy-json.ts";
import { decideRequest } from "../../../../src/plan/access/decide-request.ts";
import { NO_ROLE, type RoleAccess, type RolePolicy } from "../../../../src/plan/access/role-access.ts";

const GET = { action: "s3:GetObject", resource: "arn:aws:s3:::logs/a", context: requestContext({}) };

const statement = (more: object = {}) => ({ Effect: "Allow", Action: "s3:*", Resource: "*", ...more });

const policy = (name: string, ...statements: readonly object[]): RolePolicy => ({
  name,
  document: { Version: "2012-10-17", Statement: statements as unknown as JsonValue },
});

const UNREAD: RolePolicy = { name: "managed policy m", document: undefined };

const role = (permissions: readonly RolePolicy[], boundary?: RolePolicy): RoleAccess => ({
  ...NO_ROLE,
  permissions,
  boundary,
});

const decide = (permissions: readonly RolePolicy[], boundary?: RolePolicy, request = GET) =>
  decideRequest(role(permissions, boundary), request);

const DENY = { Effect: "Deny" };

describe("a request is allowed", () => {
  test("by every statement that allows it, named by its policy", () => {
    expect(decide([policy("a", statement({ Action: "ec2:*" })), policy("b", statement({ Sid: "Read" }))])).toEqual({
      answer: "allowed",
      decidedBy: [{ effect: "Allow", policy: "b", statement: 0, sid: "Read" }],
      underConditions: [],
    });
  });

  test("by the role's policies and its boundary together", () => {
    expect(decide([policy("own", statement())], policy("bound", statement()))).toMatchObject({
      answer: "allowed",
      decidedBy: [{ policy: "own" }, { policy: "bound" }],
    });
  });

  test("unless a condition of a Deny comes to hold, and that Deny is named with its keys", () => {
    const Condition = { Bool: { "aws:SecureTransport": "false" }, StringEquals: { "aws:a": "b" } };
    expect(decide([policy("own", statement(), statement({ ...DENY, Condition }))])).toMatchObject({
      answer: "allowed",
      underConditions: [{ effect: "Deny", statement: 1, conditionKeys: ["aws:SecureTransport", "aws:a"] }],
    });
  });
});

describe("a request is denied", () => {
  test("by a Deny, also when other policies were not read", () => {
    expect(decide([policy("own", statement(), statement(DENY)), UNREAD])).toEqual({
      answer: "denied",
      decidedBy: [{ effect: "Deny", policy: "own", statement: 1 }],
      underConditions: [],
    });
  });

  test("because no statement allows it, and what would under its conditions is named", () => {
    const Condition = { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } };
    expect(decide([policy("own", statement({ Action: "ec2:*" }), statement({ Condition }))])).toEqual({
      answer: "denied",
      decidedBy: [],
      reason: "no statement allows it",
      underConditions: [{ effect: "Allow", policy: "own", statement: 1, conditionKeys: ["aws:SourceIp"] }],
    });
  });

  test("by a boundary that does not allow it, also when the role's policies were not read", () => {
    expect(decide([UNREAD], policy("boundary b", statement({ Action: "ec2:*" })))).toMatchObject({
      answer: "denied",
      reason: "no statement of boundary b allows it",
    });
  });
});

describe("the answer is unknown", () => {
  test("when nothing allows the request and a policy that was not read could", () => {
    expect(decide([policy("own", statement({ Action: "ec2:*" })), UNREAD])).toMatchObject({
      answer: "unknown",
      decidedBy: [],
      reason: "denied unless managed policy m allows it",
    });
  });

  test("when a statement allows the request and a policy that was not read could deny it", () => {
    expect(decide([policy("own", statement()), UNREAD])).toMatchObject({
      answer: "unknown",
      decidedBy: [{ policy: "own" }],
      reason: "allowed unless managed policy m denies it",
    });
  });

  test("when neither the role's policies nor the boundary were read", () => {
    expect(decide([UNREAD], { name: "boundary b", document: undefined })).toMatchObject({
      reason: "denied unless managed policy m allows it, and boundary b allows it",
    });
  });

  test("when it depends on a statement that cannot be decided, for Allow and for Deny", () => {
    const Condition = { NumericLessThan: { k: "five" } };
    const request = { ...GET, context: requestContext({ k: "4" }) };
    const why = '(not decided: NumericLessThan cannot read the value "five" of k)';
    const allowing = decide([policy("own", statement({ Sid: "S", Condition }))], undefined, request);
    expect(allowing).toMatchObject({
      answer: "unknown",
      reason: `denied unless statement 1 "S" of own ${why} allows it`,
    });
    const denying = decide([policy("own", statement(), statement({ ...DENY, Condition }))], undefined, request);
    expect(denying).toMatchObject({ answer: "unknown", reason: `allowed unless statement 2 of own ${why} denies it` });
  });

  test("not, when the statement that cannot be decided could only say the same", () => {
    const Condition = { StringIs: { k: "v" } };
    const undecidedDeny = statement({ ...DENY, Condition });
    expect(decide([policy("own", undecidedDeny)])).toMatchObject({
      answer: "denied",
      reason: "no statement allows it",
    });
    expect(decide([policy("own", statement(), statement({ Condition }))])).toMatchObject({ answer: "allowed" });
  });

  test("when it depends on what AWS leaves open: whether a wildcard matches a colon", () => {
    const open = [policy("own", statement({ Action: "sqs:*", Resource: "arn:aws:sqs:*:q" }))];
    const request = { action: "sqs:SendMessage", resource: "arn:aws:sqs:us-east-1:1:q", context: requestContext({}) };
    expect(decide(open, undefined, request)).toMatchObject({ answer: "denied" });
    const wide = [policy("own", statement({ Action: "sqs:*", Resource: "arn:aws:sqs:*:1:q:r" }))];
    const deep = { ...request, resource: "arn:aws:sqs:us:x:1:q:r" };
    expect(decide(wide, undefined, deep)).toMatchObject({
      answer: "unknown",
      decidedBy: [],
      reason: expect.stringContaining("whether a wildcard before the last field of an ARN matches a colon"),
    });
  });
});
