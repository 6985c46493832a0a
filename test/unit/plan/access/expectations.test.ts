import { describe, expect, test } from "vitest";
import type { JsonValue } from "../../../../src/model/policy/policy-json.ts";
import { type Expectation, type Expectations, failedExpectations } from "../../../../src/plan/access/expectations.ts";
import { NO_ROLE, type RoleAccess } from "../../../../src/plan/access/role-access.ts";

const policy = (...statements: readonly object[]): JsonValue => ({
  Version: "2012-10-17",
  Statement: statements as readonly never[],
});
const ACCESS: RoleAccess = {
  ...NO_ROLE,
  permissions: [
    {
      name: "inline policy app",
      document: policy(
        { Sid: "Read", Effect: "Allow", Action: ["s3:Get*"], Resource: ["arn:aws:s3:::reports/*"] },
        {
          Sid: "Tagged",
          Effect: "Allow",
          Action: ["ec2:*"],
          Resource: ["*"],
          Condition: { StringEquals: { "aws:ResourceTag/team": ["a"] } },
        },
        { Sid: "No", Effect: "Deny", Action: ["s3:GetObjectAcl"], Resource: ["*"] },
      ),
    },
  ],
};
const expectation = (actions: readonly string[], resources: readonly string[] = ["*"], context = {}): Expectation => ({
  actions,
  resources,
  context,
});
const failed = (expectations: Partial<Expectations>, access: RoleAccess = ACCESS) =>
  failedExpectations({ allow: [], deny: [], noMoreThan: undefined, ...expectations }, access);
const messages = (expectations: Partial<Expectations>, access?: RoleAccess) =>
  failed(expectations, access).map(({ path, message }) => `${path}: ${message}`);

const REPORT = ["arn:aws:s3:::reports/2024"];

describe("allow", () => {
  test("is met by a request that a statement allows", () => {
    expect(failed({ allow: [expectation(["s3:GetObject"], REPORT)] })).toEqual([]);
  });

  test("fails with the reason: no statement, or the one that denies", () => {
    expect(messages({ allow: [expectation(["s3:GetObject"], REPORT), expectation(["s3:PutObject"], REPORT)] })).toEqual(
      ["allow[1]: s3:PutObject on arn:aws:s3:::reports/2024 must be allowed, but no statement allows it"],
    );
    expect(messages({ allow: [expectation(["s3:GetObjectAcl"], REPORT)] })).toEqual([
      'allow[0]: s3:GetObjectAcl on arn:aws:s3:::reports/2024 must be allowed, but statement 3 "No" of inline policy app denies it',
    ]);
  });

  test("with a pattern stands for every request of it", () => {
    expect(failed({ allow: [expectation(["s3:GetObject*"], ["arn:aws:s3:::reports/a/*"])] })).toMatchObject([
      { path: "allow[0]", message: expect.stringMatching(/but s3:getobjectacl on arn:aws:s3:::reports\/a\//i) },
    ]);
    expect(failed({ allow: [expectation(["s3:GetBucket*"], ["arn:aws:s3:::reports/a/*"])] })).toEqual([]);
  });

  test("is about requests with exactly its context, with and without patterns", () => {
    const team = { "aws:ResourceTag/team": "a" };
    for (const action of ["ec2:RunInstances", "ec2:Run*"]) {
      expect(failed({ allow: [expectation([action], ["*"], team)] })).toEqual([]);
      expect(failed({ allow: [expectation([action], ["*"], { "aws:ResourceTag/team": "b" })] })).toHaveLength(1);
      expect(failed({ allow: [expectation([action])] })).toHaveLength(1);
      expect(failed({ deny: [expectation([action])] })).toEqual([]);
      expect(failed({ deny: [expectation([action], ["*"], team)] })).toHaveLength(1);
    }
  });

  test("fails where the boundary does not allow the request", () => {
    const boundary = {
      name: "permissions boundary arn:b",
      document: policy({ Effect: "Allow", Action: "ec2:*", Resource: "*" }),
    };
    expect(messages({ allow: [expectation(["s3:GetObject"], REPORT)] }, { ...ACCESS, boundary })).toEqual([
      "allow[0]: s3:GetObject on arn:aws:s3:::reports/2024 must be allowed, but in permissions boundary arn:b no statement allows it",
    ]);
    expect(failed({ deny: [expectation(["s3:*"])] }, { ...ACCESS, boundary })).toEqual([]);
  });
});

describe("deny", () => {
  test("is met when no statement allows any of the requests", () => {
    expect(
      failed({ deny: [expectation(["iam:*", "s3:DeleteBucket"]), expectation(["s3:Get*"], ["arn:aws:s3:::other/*"])] }),
    ).toEqual([]);
  });

  test("fails with the statement that allows one of them", () => {
    expect(messages({ deny: [expectation(["s3:GetObject"], REPORT)] })).toEqual([
      'deny[0]: s3:GetObject on arn:aws:s3:::reports/2024 must be denied, but it is allowed: statement 1 "Read" of inline policy app',
    ]);
    expect(messages({ deny: [expectation(["s3:*"])] })).toEqual([
      expect.stringMatching(
        /^deny\[0\]: s3:\* on \* must be denied, but s3:Get\S+ on arn:aws:s3:::reports\/\S* is allowed: statement 1 "Read"/,
      ),
    ]);
  });
});

test("a request must be allowed, or denied, by every reading of wildcards in ARNs", () => {
  const document = policy({ Effect: "Allow", Action: ["s3:Get*"], Resource: ["arn:aws:s3:*:a"] });
  const access = { ...ACCESS, permissions: [{ name: "inline policy app", document }] };
  const requests = expectation(["s3:GetObject"], ["arn:aws:s3:x:y:a:z"]);
  expect(failed({ allow: [requests] }, access)).toHaveLength(1);
  expect(failed({ deny: [requests] }, access)).toHaveLength(1);
});

describe("noMoreThan", () => {
  const reference = (...actions: readonly string[]): JsonValue =>
    policy({ Effect: "Allow", Action: actions, Resource: "*" });

  test("is met by an object within the policy", () => {
    expect(failed({ noMoreThan: reference("s3:*", "ec2:*") })).toEqual([]);
  });

  test("fails with what the object grants beyond it, and an example", () => {
    expect(messages({ noMoreThan: reference("s3:*") })).toEqual([
      expect.stringMatching(
        /^noMoreThan: the object grants more: ec2:\* on \* \(example: ec2:\S+ on \S+ with aws:resourcetag\/team = "a"; statement 2 "Tagged" of inline policy app\)$/,
      ),
    ]);
  });
});

test("deny is not met while a statement is not known to hold, although a Deny matches by one reading of wildcards", () => {
  const document = policy(
    { Effect: "Allow", Action: "ec2:*", Resource: "*", Condition: { FutureEquals: { "aws:x": "1" } } },
    { Effect: "Deny", Action: "ec2:*", Resource: "arn:aws:ec2:*:instance/*" },
  );
  const access: RoleAccess = { ...NO_ROLE, permissions: [{ name: "inline policy app", document }] };
  const instance = ["arn:aws:ec2:eu-west-1:111122223333:instance/i-1"];
  expect(messages({ deny: [expectation(["ec2:StopInstances"], instance)] }, access)).toEqual([
    expect.stringMatching(/^deny\[0\]: it is not decided whether ec2:StopInstances on .* is denied: /),
  ]);
});
