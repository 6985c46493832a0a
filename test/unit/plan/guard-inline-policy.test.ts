import { describe, expect, test } from "vitest";
import type { ObservedRole } from "../../../src/model/observed-state.ts";
import { guardInlinePolicy } from "../../../src/plan/role/guard-inline-policy.ts";
import { createdState, desiredOf, type SpecOverrides } from "../../support/builders.ts";

const UNMANAGED = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]}';

/** A role that the object owns and that has a policy `app`, which the controller has not written. */
const WITH_UNMANAGED: ObservedRole = {
  ...createdState({ policyName: "former" }).role,
  inlinePolicyNames: ["app"],
  inlinePolicyDocuments: { app: UNMANAGED },
};

const reasonsFor = (role: ObservedRole, spec: SpecOverrides = {}): readonly string[] =>
  guardInlinePolicy(desiredOf(spec), role).map(({ reason }) => reason);

test("an unmanaged inline policy with the name of the spec blocks the plan, because it may hold a Deny", () => {
  expect(guardInlinePolicy(desiredOf(), WITH_UNMANAGED)).toEqual([
    {
      reason: "InlinePolicyNotOwned",
      message:
        "role app has inline policy app, which is unmanaged and would be overwritten. Delete the policy, give the one of the spec another name, " +
        "or set unmanagedPolicies: Remove to overwrite it.",
    },
  ]);
});

describe("nothing is blocked", () => {
  test("when the controller wrote the policy, whoever changed it since", () => {
    const inlinePolicyDocuments = { app: UNMANAGED };
    expect(reasonsFor({ ...createdState().role, inlinePolicyDocuments })).toEqual([]);
  });

  test("when the controller wrote it under a name in another case, which IAM may treat as the same", () => {
    const { role } = createdState({ policyName: "APP" });
    const inlinePolicyDocuments = { app: UNMANAGED };
    expect(reasonsFor({ ...role, inlinePolicyDocuments })).toEqual([]);
    expect(reasonsFor({ ...role, inlinePolicyNames: [], inlinePolicyDocuments })).toEqual(["InlinePolicyNotOwned"]);
  });

  test("when the policy is equivalent to the spec", () => {
    const document =
      '{"Statement":{"Resource":["*"],"Action":["s3:List*","s3:Get*"],"Effect":"Allow"},"Version":"2012-10-17"}';
    expect(reasonsFor({ ...WITH_UNMANAGED, inlinePolicyDocuments: { app: document } })).toEqual([]);
  });

  test("when the role has no policy of that name", () => {
    expect(reasonsFor(WITH_UNMANAGED, { policyName: "another" })).toEqual([]);
  });

  test("when the spec has no statements, and so writes no policy", () => {
    expect(reasonsFor(WITH_UNMANAGED, { statements: [] })).toEqual([]);
  });

  test("with unmanagedPolicies: Remove", () => {
    expect(reasonsFor(WITH_UNMANAGED, { unmanagedPolicies: "Remove" })).toEqual([]);
  });

  test("for an adoption, which is reported before it changes anything", () => {
    expect(reasonsFor({ ...WITH_UNMANAGED, tags: {} }, { adoptionPolicy: "IfExists" })).toEqual([]);
  });
});
