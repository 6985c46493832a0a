import { expect, test } from "vitest";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { desiredState } from "../../../src/model/desired-state.ts";
import { ABSENT } from "../../../src/model/observed-state.ts";
import { diff } from "../../../src/plan/diff.ts";

/** The writes that create a role with a managed policy of its own, and an inline policy that allows everything. */
function creation(statement: Readonly<Record<string, unknown>>): readonly string[] {
  const object = parseInstanceProfile({
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name: "app", namespace: "team-a" },
    spec: {
      roleName: "app",
      statements: [{ effect: "Allow", actions: ["*"], resources: ["*"] }],
      managedPolicies: [{ name: "limits", statements: [{ actions: ["s3:*"], resources: ["*"], ...statement }] }],
    },
  });
  const placed = { ...object, place: { accountId: "123456789012", partition: "aws", region: "us-east-1" } } as const;
  const plan = diff(desiredState(placed, "cluster"), { role: ABSENT, instanceProfile: ABSENT });
  return plan.actions.map(({ kind }) => kind).slice(0, 4);
}

test("a managed policy that only denies is attached before an inline policy allows what it denies", () => {
  expect(creation({ effect: "Deny" })).toEqual(["CreateRole", "CreatePolicy", "AttachRolePolicy", "PutRolePolicy"]);
});

test("one that allows is attached after the inline policies, which may deny", () => {
  expect(creation({ effect: "Allow" })).toEqual(["CreateRole", "CreatePolicy", "PutRolePolicy", "AttachRolePolicy"]);
});
