import { describe, expect, test } from "vitest";
import { compareAccess } from "../../../../src/model/access/compare-access.ts";
import type { JsonValue } from "../../../../src/model/policy/policy-json.ts";
import { accessReport } from "../../../../src/plan/access/access-report.ts";
import { accessLine, accessLines } from "../../../../src/plan/access/access-text.ts";
import { compareRoles } from "../../../../src/plan/access/compare-roles.ts";
import { NO_ROLE, type RoleAccess, type RolePolicy, TRUST_POLICY } from "../../../../src/plan/access/role-access.ts";

const policy = (...statements: readonly object[]): JsonValue => ({
  Version: "2012-10-17",
  Statement: statements as readonly never[],
});
const allow = (action: string, resource = "*"): object => ({ Effect: "Allow", Action: [action], Resource: [resource] });
const deny = (action: string): object => ({ Effect: "Deny", Action: [action], Resource: ["*"] });
const trusting = (...services: readonly string[]): RolePolicy => ({
  name: TRUST_POLICY,
  document: policy({ Effect: "Allow", Principal: { Service: services }, Action: ["sts:AssumeRole"] }),
});
const inline = (document: JsonValue | undefined, name = "inline policy app"): RolePolicy => ({ name, document });
const READ_ONLY = "managed policy arn:aws:iam::aws:policy/ReadOnlyAccess";
const unread = (name: string): RolePolicy => ({ name, document: undefined });

const role = (permissions: readonly RolePolicy[], rest: Partial<RoleAccess> = {}): RoleAccess => ({
  permissions,
  boundary: undefined,
  trust: trusting("ec2.amazonaws.com"),
  ...rest,
});

const report = (from: RoleAccess, to: RoleAccess) => accessReport(compareRoles(from, to, compareAccess));

describe("what a change of a role grants", () => {
  test("an action that the statement did not have is new, with the statement that allows it", () => {
    const found = report(
      role([inline(policy(allow("s3:Get*")))]),
      role([inline(policy(allow("s3:Get*"), allow("s3:PutObject")))]),
    );
    expect(found.verdict).toBe("new-access");
    expect(found.permissions.examples).toMatchObject([
      { action: "s3:PutObject", resource: "*", policy: "inline policy app", statement: 1 },
    ]);
    expect(found.trust.verdict).toBe("no-new-access");
  });

  test.each<[string, readonly object[], readonly object[]]>([
    ["from s3:* to s3:Get*", [allow("s3:*")], [allow("s3:Get*")]],
    ["statements in another order", [allow("s3:Get*"), allow("ec2:*")], [allow("ec2:*"), allow("s3:Get*")]],
    ["a new Deny", [allow("s3:*")], [allow("s3:*"), deny("s3:Put*")]],
  ])("%s grants nothing", (_name, before, after) => {
    const found = report(role([inline(policy(...before))]), role([inline(policy(...after))]));
    expect(accessLines(found)).toEqual(["Grants no new access."]);
  });

  test("another Version grants nothing when no policy has variables", () => {
    const before = { Version: "2008-10-17", Statement: [allow("s3:Get*")] } as unknown as JsonValue;
    expect(report(role([inline(before)]), role([inline(policy(allow("s3:Get*")))])).verdict).toBe("no-new-access");
  });

  test("every statement of a new role is new, and so is who may assume it", () => {
    const found = report(NO_ROLE, role([inline(policy(allow("s3:Get*")))]));
    expect(accessLines(found)).toEqual([
      expect.stringMatching(/^Grants new access: s3:Get\* on \* \(example: s3:Get/),
      "Lets new principals assume the role: Service:ec2.amazonaws.com (sts:AssumeRole; statement 1 of trust policy)",
    ]);
  });

  test("a service that may newly assume the role is named", () => {
    const found = report(role([]), role([], { trust: trusting("ec2.amazonaws.com", "lambda.amazonaws.com") }));
    expect(accessLine(found)).toBe(
      "Lets new principals assume the role: Service:lambda.amazonaws.com (sts:AssumeRole; statement 1 of trust policy)",
    );
  });

  test("a boundary bounds what is new", () => {
    const boundary = { name: "permissions boundary arn:b", document: policy(allow("s3:*")) };
    const before = role([inline(policy(allow("s3:Get*")))], { boundary });
    expect(report(before, role([inline(policy(allow("s3:Get*"), allow("iam:*")))], { boundary })).verdict).toBe(
      "no-new-access",
    );
    expect(report(before, role([inline(policy(allow("s3:Put*")))], { boundary })).verdict).toBe("new-access");
  });

  test("a boundary that is removed or wider grants what it denied before", () => {
    const bounded = (document: JsonValue): RoleAccess =>
      role([inline(policy(allow("*")))], { boundary: { name: "permissions boundary arn:b", document } });
    const before = bounded(policy(allow("s3:*")));
    expect(report(before, role([inline(policy(allow("*")))])).verdict).toBe("new-access");
    expect(report(before, bounded(policy(allow("s3:*"), allow("ec2:*")))).verdict).toBe("new-access");
    expect(report(role([inline(policy(allow("*")))]), before).verdict).toBe("no-new-access");
  });
});

describe("policies that were not read", () => {
  const READ = inline(policy(allow("s3:Get*")));

  test("one that stays changes nothing, and is named", () => {
    const found = report(role([READ, unread(READ_ONLY)]), role([READ, unread(READ_ONLY)]));
    expect(accessLines(found)).toEqual([`Grants no new access. Unchanged and not read: ${READ_ONLY}.`]);
  });

  test("one that stays can allow what is no longer denied", () => {
    const found = report(
      role([inline(policy(allow("s3:Get*"), deny("s3:Put*"))), unread(READ_ONLY)]),
      role([READ, unread(READ_ONLY)]),
    );
    expect(found.verdict).toBe("undecided");
    expect(accessLine(found)).toBe(
      `New access is not decided: the change denies less, and ${READ_ONLY} (not read) can allow the rest; review it by hand`,
    );
  });

  test("one that is attached can allow anything", () => {
    expect(accessLine(report(role([READ]), role([READ, unread(READ_ONLY)])))).toBe(
      `New access is not decided: the change attaches ${READ_ONLY} (not read), which can allow any request; review it by hand`,
    );
  });

  test("one that is attached grants nothing to a role that allows everything", () => {
    const all = inline(policy(allow("*")));
    expect(report(role([all]), role([all, unread(READ_ONLY)])).verdict).toBe("no-new-access");
  });

  test("one that is attached is bounded by a boundary that was read", () => {
    const boundary = { name: "permissions boundary arn:b", document: policy(allow("s3:Get*")) };
    expect(report(role([READ], { boundary }), role([READ, unread(READ_ONLY)], { boundary })).verdict).toBe(
      "no-new-access",
    );
  });

  test("one that is detached can have denied anything that the role allows", () => {
    expect(report(role([READ, unread(READ_ONLY)]), role([READ])).verdict).toBe("undecided");
    expect(report(role([READ, unread(READ_ONLY)]), role([])).verdict).toBe("no-new-access");
  });

  test("one that is detached can have denied what another one that stays allows", () => {
    const other = unread("managed policy arn:aws:iam::aws:policy/AdministratorAccess");
    expect(report(role([unread(READ_ONLY), other]), role([other])).verdict).toBe("undecided");
  });

  test("an inline policy whose text is replaced can have denied anything", () => {
    const found = report(role([inline(undefined), READ]), role([READ]));
    expect(found.verdict).toBe("undecided");
  });

  const boundary = unread("permissions boundary arn:aws:iam::111122223333:policy/boundary");

  test("a boundary that is removed or replaced can have denied anything", () => {
    expect(accessLine(report(role([READ], { boundary }), role([READ])))).toBe(
      `New access is not decided: the change removes or replaces ${boundary.name} (not read), which can have denied requests; review it by hand`,
    );
    expect(
      report(role([READ], { boundary }), role([READ], { boundary: unread("permissions boundary b") })).verdict,
    ).toBe("undecided");
    expect(report(role([READ], { boundary }), role([])).verdict).toBe("no-new-access");
  });

  test("a boundary that stays or is added only takes away", () => {
    expect(report(role([READ], { boundary }), role([READ], { boundary })).verdict).toBe("no-new-access");
    expect(report(role([READ]), role([READ], { boundary })).verdict).toBe("no-new-access");
  });

  test("they do not hide what is known to be new", () => {
    const found = report(role([READ]), role([inline(policy(allow("s3:*"))), unread(READ_ONLY)]));
    expect(found.verdict).toBe("new-access");
    expect(found.permissions.examples).toHaveLength(1);
    expect(found.permissions.undecided).toHaveLength(1);
  });

  test("a trust policy that is not readable is not decided", () => {
    const unreadable = { name: TRUST_POLICY, document: undefined };
    expect(report(role([], { trust: unreadable }), role([])).trust.verdict).not.toBe("no-new-access");
    expect(report(role([]), role([], { trust: unreadable })).trust.verdict).toBe("undecided");
  });
});
