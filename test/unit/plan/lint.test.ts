import { describe, expect, test } from "vitest";
import { lint } from "../../../src/plan/lint/lint.ts";
import { anInstanceProfile, type SpecOverrides } from "../../support/builders.ts";

const found = (spec: SpecOverrides): string[] =>
  lint(anInstanceProfile({ spec })).map(({ severity, path, message }) => `${severity} ${path}: ${message}`);

const STATEMENT = { effect: "Allow" as const, actions: ["s3:Get*"], resources: ["*"] };
const testing = (...operators: string[]) =>
  found({
    statements: [{ ...STATEMENT, conditions: Object.fromEntries(operators.map((it) => [it, { "aws:a": ["b"] }])) }],
  });

describe("condition operators", () => {
  test("that IAM knows pass, in every form", () => {
    const strings = ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"];
    const numbers = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];
    const plain = [
      ...[...strings, "StringLike", "StringNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"],
      ...["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
      ...numbers.flatMap((it) => [`Numeric${it}`, `Date${it}`]),
    ];
    expect(plain.length).toBe(27);
    const forms = plain.flatMap((it) => [it, `${it}IfExists`, `ForAllValues:${it}`, `ForAnyValue:${it}IfExists`]);
    expect(testing(...forms)).toEqual([]);
    expect(testing("stringlike", "FORANYVALUE:arnlikeifexists")).toEqual([]);
  });

  test("that IAM does not know are errors, with the one that was meant where there is one", () => {
    const path = "error spec.statements[0].conditions";
    expect(testing("stringlik", "StringMatches", "ForSomeValues:StringLike")).toEqual([
      `${path}.stringlik: stringlik is not an IAM condition operator (did you mean StringLike?), so IAM refuses the policy`,
      `${path}.StringMatches: StringMatches is not an IAM condition operator, so IAM refuses the policy`,
      `${path}.ForSomeValues:StringLike: ForSomeValues:StringLike is not an IAM condition operator, so IAM refuses the policy`,
    ]);
  });

  test("are looked at in trust statements too", () => {
    const trusted = { effect: "Allow" as const, principals: { aws: ["123456789012"] }, actions: ["sts:AssumeRole"] };
    const statements = [trusted, { ...trusted, conditions: { bol: { "aws:a": ["true"] } } }];
    expect(found({ trust: { services: ["ec2.amazonaws.com"], statements } })).toEqual([
      "error spec.trust.statements[1].conditions.bol: bol is not an IAM condition operator (did you mean Bool?), so IAM refuses the policy",
    ]);
  });
});

test("a unique id as a principal is an error; the other principals are not", () => {
  const aws = ["AROAEXAMPLE", "arn:aws:iam::123456789012:role/app", "AIDAEXAMPLE"];
  const statements = [{ effect: "Allow" as const, principals: { aws }, actions: ["sts:AssumeRole"] }];
  const path = "error spec.trust.statements[0].principals.aws";
  expect(found({ trust: { services: ["ec2.amazonaws.com"], statements } })).toEqual([
    `${path}: AROAEXAMPLE is a unique id; use the ARN of the role or user, which IAM resolves`,
    `${path}: AIDAEXAMPLE is a unique id; use the ARN of the role or user, which IAM resolves`,
  ]);
});

describe("sizes", () => {
  // In the shortest form, which is sent where it decides.
  const wrapping = '{"Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":""}}'.length;
  const sized = (chars: number) => found({ statements: [{ ...STATEMENT, resources: ["r".repeat(chars - wrapping)] }] });

  test("an inline policy as large as IAM allows passes, one character more does not", () => {
    expect(sized(10_240)).toEqual([]);
    expect(sized(10_241)).toEqual([
      "error spec.statements: the inline policy has 10241 characters, IAM allows a role 10240; use wildcards, or move " +
        "statements to managedPolicies",
    ]);
  });

  test("a trust policy as large as IAM allows passes, one character more is a warning", () => {
    const trusting = (name: string) => ({ trust: { services: ["ec2.amazonaws.com", name], statements: [] } });
    const wrapped =
      '{"Statement":{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com",""]},"Action":"sts:AssumeRole"}}';
    const name = "s".repeat(2_048 - wrapped.length);
    expect(found(trusting(name))).toEqual([]);
    expect(found(trusting(`${name}s`))).toEqual([
      "warning spec.trust: the trust policy has 2049 characters; IAM allows 2048 unless the account's quota was raised",
    ]);
  });
});

/** The colon of the variable ends no field. */
const ACCOUNTS_ROLES = `arn:aws:iam::\${aws:PrincipalAccount}:role/*`;

describe("grants that give away more than was meant are warnings", () => {
  const RULES = /^warning (\S+): (.*)$/;
  const granted = (statement: object, spec: SpecOverrides = {}) =>
    found({ statements: [{ ...STATEMENT, ...statement } as (typeof spec.statements & object)[number]], ...spec }).map(
      (line) => RULES.exec(line)?.slice(1) ?? [line],
    );
  const at = "spec.statements[0]";

  test.each([
    ["iam:*", "*", "iam:* on * allows an instance to grant itself permissions"],
    [
      "IAM:put*policy",
      "arn:aws:iam::123456789012:role/*",
      "IAM:put*policy on arn:aws:iam::123456789012:role/* allows an instance to grant",
    ],
    ["iam:PassRole", "*", "iam:PassRole on * allows an instance to grant itself permissions"],
    // IAM reads * in the fields that are left out.
    ["iam:*", "arn:aws:iam", "iam:* on arn:aws:iam allows an instance to grant itself permissions"],
    ["iam:*", "arn:aws:iam::123456789012", "iam:* on arn:aws:iam::123456789012 allows an instance to grant"],
    ["iam:PutRolePolicy", "arn:*", "iam:PutRolePolicy on arn:* allows an instance to grant"],
    ["iam:PassRole", ACCOUNTS_ROLES, `iam:PassRole on ${ACCOUNTS_ROLES} allows an instance to grant`],
    ["*", "arn:aws", "every action on arn:aws makes each instance an administrator"],
    ["sts:AssumeRol?", "*", "sts:AssumeRol? on * allows an instance to assume any role there"],
    ["*", "*", "every action on * makes each instance an administrator"],
  ])("%s on %s", (action, resource, words) => {
    const [finding, ...others] = granted({ actions: ["s3:Get*", action], resources: [resource] });
    expect(finding).toEqual([`${at}.actions[1]`, expect.stringContaining(words)]);
    expect(others).toEqual([]);
  });

  test("are not those that name their resources, read only, deny, or stand within a boundary", () => {
    const role = "arn:aws:iam::123456789012:role/team-a/web";
    expect(granted({ actions: ["iam:PassRole", "sts:AssumeRole"], resources: [role] })).toEqual([]);
    expect(granted({ actions: ["iam:Get*", "iam:List*", "sts:Get*"] })).toEqual([]);
    expect(granted({ effect: "Deny", actions: ["*"] })).toEqual([]);
    const boundary = "arn:aws:iam::123456789012:policy/boundary";
    expect(granted({ actions: ["*"] }, { permissionsBoundaryArn: boundary })).toEqual([]);
  });

  test("by what they leave out are two of them", () => {
    const statement = { effect: "Allow", notActions: ["iam:*"], notResources: ["arn:aws:s3:::a"] };
    const { effect, ...rest } = statement;
    const lines = found({ statements: [{ effect: effect as "Allow", ...rest }] });
    expect(lines.map((line) => line.split(":")[0])).toEqual([`warning ${at}.notActions`, `warning ${at}.notResources`]);
  });

  test("to everyone who may assume the role, unless there are conditions", () => {
    const everyone = { effect: "Allow" as const, principals: { aws: ["*"] }, actions: ["sts:AssumeRole"] };
    const conditions = { StringEquals: { "aws:PrincipalOrgID": ["o-1"] } };
    const trusting = (statement: typeof everyone) => found({ trust: { services: [], statements: [statement] } });
    expect(trusting(everyone)[0]).toContain("warning spec.trust.statements[0].principals.aws[0]: every AWS account");
    expect(trusting({ ...everyone, conditions } as typeof everyone)).toEqual([]);
  });
});

test("more managed policies than IAM allows by default are a warning, a missing boundary an error where one is required", () => {
  const arns = Array.from({ length: 11 }, (_, i) => `arn:aws:iam::aws:policy/P${i}`);
  expect(found({ managedPolicyArns: arns.slice(1) })).toEqual([]);
  expect(found({ managedPolicyArns: arns })[0]).toMatch(/^warning spec[.]managedPolicyArns: 11 managed policies/);
  const demanding = lint(anInstanceProfile(), { requiresBoundary: true });
  expect(demanding.map(({ rule, severity }) => [rule, severity])).toEqual([["missing-boundary", "error"]]);
});

test("a name with the id of the cluster is a warning where the object adopts from another cluster", () => {
  const adoptFrom = { clusterId: "old-cluster" };
  expect(found({ roleName: "{cluster}-app" })).toEqual([]);
  expect(found({ roleName: "app", adoptFrom })).toEqual([]);
  expect(found({ roleName: "{cluster}-app", instanceProfileName: "{cluster}-app", adoptFrom })).toEqual([
    "warning spec.roleName: {cluster} has another value in the cluster that spec.adoptFrom names; write the name that exists in AWS",
  ]);
});
