import { expect, test } from "vitest";
import type { ObservedRole, ObservedState } from "../../../src/model/observed-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import { desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

const READ = [{ effect: "Allow" as const, actions: ["s3:Get*"], resources: ["*"] }];
const MADE = stateAfter(NOTHING, diff(desiredOf({ policyName: "Access", statements: READ }), NOTHING).actions);
const ROLE = MADE.role as ObservedRole;
const DOCUMENT = ROLE.inlinePolicyDocuments["Access"] ?? "";

function withPolicies(names: readonly string[], documents: Readonly<Record<string, string>>): ObservedState {
  return { ...MADE, role: { ...ROLE, inlinePolicyNames: names, inlinePolicyDocuments: documents } };
}

test("a policy whose name IAM keeps in other letters is the one that the spec names, and is recorded by both", () => {
  const desired = desiredOf({ policyName: "Access", statements: READ });
  // IAM finds it by the name of the spec, and lists it by the name that it was made with.
  const state = withPolicies(["ACCESS"], { Access: DOCUMENT });
  const { actions, ...rest } = diff(desired, state);
  expect(rest).toEqual({ blockers: [], unmanagedPolicies: [] });
  expect(actions.map(({ kind }) => kind)).toEqual(["TagRole"]);
  expect(diff(desired, stateAfter(state, actions)).actions).toEqual([]);
});

test("a policy whose name is the spec's in other letters is told as somebody else's while the spec's is there itself", () => {
  const desired = desiredOf({ policyName: "Access", statements: READ });
  const plan = diff(desired, withPolicies(["ACCESS", "Access"], { Access: DOCUMENT }));
  expect(plan.actions).toEqual([]);
  expect(plan.unmanagedPolicies).toEqual(["ACCESS"]);
});

test("a policy that is in the list and was not found is put again", () => {
  const desired = desiredOf({ policyName: "Access", statements: READ });
  const plan = diff(desired, withPolicies(["Access"], {}));
  expect(plan.actions.map(({ kind }) => kind)).toEqual(["PutRolePolicy"]);
});

test("a renamed policy that grants the same is put under its new name before the old one goes", () => {
  const desired = desiredOf({ policyName: "Renamed", statements: READ });
  const plan = diff(desired, withPolicies(["Access"], { Access: DOCUMENT }));
  const policies = plan.actions.flatMap((action) =>
    "policyName" in action ? [`${action.kind} ${action.policyName}`] : [],
  );
  expect(policies).toEqual(["PutRolePolicy Renamed", "DeleteRolePolicy Access"]);
});
