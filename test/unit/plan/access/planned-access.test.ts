import { describe, expect, test } from "vitest";
import type { ObservedState } from "../../../../src/model/observed-state.ts";
import {
  accessEffect,
  changesAccess,
  grantedLine,
  managedArnsOf,
  removesAccess,
} from "../../../../src/plan/access/planned-access.ts";
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

const instanceProfileName = "app";
const ASSOCIATION = { region: "eu-west-1", instanceId: "i-1", associationId: "iip-assoc-1" };
const OWN_KEY = "iam.instanceprofile.dev/name";

const changed = (...changes: readonly string[]): Action => {
  return { kind: "PutRolePolicy", roleName, policyName: "app", document: "{}", changes };
};
const trust = (...changes: readonly string[]): Action => {
  return { kind: "UpdateAssumeRolePolicy", roleName, document: "{}", changes };
};
const update = (...changes: readonly string[]): Action => {
  return { kind: "UpdateRole", roleName, description: "", maxSessionDurationSeconds: 3600, changes };
};

describe("access is removed by", () => {
  test.each<[string, Action]>([
    ["a policy that loses a statement", changed("+ Allow s3:Get*", "- Allow s3:Put*")],
    ["a policy that changes a statement", changed("~ Allow s3:Get*")],
    ["a trust policy that loses a statement", trust("- Allow ec2.amazonaws.com")],
    ["a shorter or longer session", update("~ description: a -> b", "~ maxSessionDurationSeconds: 7200 -> 3600")],
    ["a tag of the user, which a policy can grant access by", { kind: "TagRole", roleName, tags: { team: "b" } }],
    ["the removal of a tag of the user", { kind: "UntagRole", roleName, tagKeys: [OWN_KEY, "team"] }],
    ["a tag on the instance profile", { kind: "TagInstanceProfile", instanceProfileName, tags: { team: "b" } }],
    ["the removal of that tag", { kind: "UntagInstanceProfile", instanceProfileName, tagKeys: ["team"] }],
    ["a boundary", { kind: "PutRolePermissionsBoundary", roleName, permissionsBoundaryArn: "arn" }],
    ["the deletion of the role", { kind: "DeleteRole", roleName }],
    ["the deletion of a policy", { kind: "DeleteRolePolicy", roleName, policyName: "app" }],
    ["a detached policy", { kind: "DetachRolePolicy", roleName, policyArn: "arn" }],
    ["the deletion of the instance profile", { kind: "DeleteInstanceProfile", instanceProfileName }],
    ["a role that leaves the profile", { kind: "RemoveRoleFromInstanceProfile", instanceProfileName, roleName }],
    ["a disassociation", { kind: "DisassociateIamInstanceProfile", ...ASSOCIATION, removes: "arn" }],
    [
      "a replaced profile",
      { kind: "ReplaceIamInstanceProfileAssociation", ...ASSOCIATION, iamInstanceProfile: "app", replaces: "arn" },
    ],
  ])("%s", (_, action) => {
    expect(removesAccess(action)).toBe(true);
  });
});

describe("access is not removed by", () => {
  const { associationId: _, ...instance } = ASSOCIATION;
  const tags = { [OWN_KEY]: "app" };

  test.each<[string, Action]>([
    ["a new policy", changed()],
    ["a policy that gains a statement", changed("+ Allow s3:Get*")],
    ["a trust policy that gains a statement", trust("+ Allow ec2.amazonaws.com")],
    ["a new description", update("~ description: a -> b")],
    ["a tag of the controller", { kind: "TagRole", roleName, tags }],
    [
      "the removal of a tag of the controller",
      { kind: "UntagInstanceProfile", instanceProfileName, tagKeys: [OWN_KEY] },
    ],
    ["a boundary that is removed", { kind: "DeleteRolePermissionsBoundary", roleName }],
    ["an attached policy", { kind: "AttachRolePolicy", roleName, policyArn: "arn" }],
    ["a role that joins the profile", { kind: "AddRoleToInstanceProfile", instanceProfileName, roleName }],
    ["an association", { kind: "AssociateIamInstanceProfile", ...instance, iamInstanceProfile: "app" }],
    ["the marker of an instance", { kind: "CreateTags", ...instance, tags }],
    ["the removal of the marker", { kind: "DeleteTags", ...instance, tags }],
  ])("%s", (_, action) => {
    expect(removesAccess(action)).toBe(false);
  });
});
