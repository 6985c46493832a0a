import { describe, expect, test } from "vitest";
import type { Action } from "../../../src/plan/action.ts";
import { removesAccess } from "../../../src/plan/removes-access.ts";

const roleName = "app";
const instanceProfileName = "app";
const ASSOCIATION = { region: "eu-west-1", instanceId: "i-1", associationId: "iip-assoc-1" };
const OWN_KEY = "iam.instanceprofile.dev/name";

const put = (...changes: readonly string[]): Action => {
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
    ["a policy that loses a statement", put("+ Allow s3:Get*", "- Allow s3:Put*")],
    ["a policy that changes a statement", put("~ Allow s3:Get*")],
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
    ["a new policy", put()],
    ["a policy that gains a statement", put("+ Allow s3:Get*")],
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
