import { describe, expect, test } from "vitest";
import type { ObservedState } from "../../../../src/model/observed-state.ts";
import { accessEffect, grantedLine } from "../../../../src/plan/access/access-effect.ts";
import { changesAccess, managedArnsOf } from "../../../../src/plan/access/planned-access.ts";
import type { Action } from "../../../../src/plan/action.ts";
import { createdState, NOTHING } from "../../../support/builders.ts";

const roleName = "app";
const put = (...actions: readonly string[]): Action => ({
  kind: "PutRolePolicy",
  roleName,
  policyName: "app",
  document: JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: actions, Resource: ["*"] }],
  }),
  changes: ["~"],
});
const BEFORE: ObservedState = createdState({
  statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }],
});
const BOUNDARY: Action = {
  kind: "PutRolePermissionsBoundary",
  roleName,
  permissionsBoundaryArn: "arn:aws:iam::111122223333:policy/b",
};
const ATTACH: Action = { kind: "AttachRolePolicy", roleName, policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" };
const TAG: Action = { kind: "TagRole", roleName, tags: { team: "a" } };

describe("what writes did to access", () => {
  test.each<[string, readonly Action[], string | undefined]>([
    ["a wider policy", [put("s3:*")], "access widened"],
    ["a narrower policy", [put("s3:GetObject")], "access narrowed"],
    ["another policy", [put("s3:Put*")], "access widened and narrowed"],
    ["the same policy in other words", [put("s3:get*", "s3:GetObject")], "access unchanged"],
    ["no policy", [{ kind: "DeleteRolePolicy", roleName, policyName: "app" }], "access narrowed"],
    ["a boundary that is not read", [BOUNDARY], "access possibly narrowed"],
    ["a managed policy that is not read", [ATTACH], "access possibly widened and possibly narrowed"],
    ["a wider policy that is narrowed again", [put("s3:*"), put("s3:Get*")], "access unchanged"],
    ["tags", [TAG], undefined],
  ])("%s", (_name, actions, effect) => {
    expect(accessEffect(BEFORE, actions)).toBe(effect);
  });

  test("is not reported of a new role, whose access is all new", () => {
    expect(accessEffect(NOTHING, [put("s3:*")])).toBeUndefined();
  });
});

describe("what the writes of a dry run grant", () => {
  test("is one line", () => {
    expect(grantedLine(BEFORE, [put("s3:Get*", "s3:PutObject"), TAG])).toBe(
      "Grants new access: s3:PutObject on * (statement 1 of inline policy app)",
    );
    expect(grantedLine(BEFORE, [put("s3:GetObject")])).toBe("Grants no new access.");
  });

  test("is nothing for writes that change no access", () => {
    expect(grantedLine(BEFORE, [TAG])).toBeUndefined();
    expect(changesAccess(TAG)).toBe(false);
  });
});

test("the managed policies and boundaries of before and after are the ones to read", () => {
  expect(managedArnsOf(BEFORE, [ATTACH, BOUNDARY])).toEqual([
    "arn:aws:iam::111122223333:policy/b",
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
  ]);
});
