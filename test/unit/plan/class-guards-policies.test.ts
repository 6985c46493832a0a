import { describe, expect, test } from "vitest";
import type { OwnPolicySpec } from "../../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import type { Bounds } from "../../../src/plan/class/class-bounds.ts";
import { withoutExcess } from "../../../src/plan/class/class-bounds.ts";
import { revocationsOf } from "../../../src/plan/class/class-excess.ts";
import { classViolations } from "../../../src/plan/class/class-guards.ts";
import { aClass, anInstanceProfile, createdState, desiredOf } from "../../support/builders.ts";

const policy = (action: string, rest: Partial<OwnPolicySpec> = {}): OwnPolicySpec => ({
  name: "own",
  fieldPath: "spec.managedPolicies[0].statements",
  statements: [{ effect: "Allow", actions: [action], resources: ["*"] }],
  ...rest,
});

const boundsOf = (spec: Partial<InstanceProfileClassSpec>): Bounds => ({
  class: aClass({ allowManagedPolicies: true, ...spec }),
  namespace: "team-a",
  clusterId: "cluster-1",
  olderPeers: 0,
});

function reasonsOf(own: OwnPolicySpec, spec: Partial<InstanceProfileClassSpec> = {}): readonly string[] {
  const { spec: asked } = anInstanceProfile({ spec: { managedPolicies: [own] } });
  return classViolations(asked, boundsOf(spec)).map(({ reason, message }) => `${reason} ${message}`);
}

describe("a managed policy of the object", () => {
  test("is refused by a class that does not allow any", () => {
    expect(reasonsOf(policy("s3:GetObject"), { allowManagedPolicies: false })).toEqual([
      "ManagedPolicyNotAllowed spec.managedPolicies[0]: class readers does not allow objects to create managed policies. Write an inline " +
        "policy instead.",
    ]);
  });

  test("is bounded in what it grants like the other policies, and by maximumAccess", () => {
    expect(reasonsOf(policy("s3:GetObject"))).toEqual([]);
    expect(reasonsOf(policy("iam:PassRole")).join()).toMatch(
      /ActionNotAllowed spec.managedPolicies\[0\].statements\[0\]/,
    );
    const maximumAccess = {
      statements: [{ effect: "Allow" as const, actions: ["s3:List*", "s3:Get*"], resources: ["*"] }],
    };
    expect(reasonsOf(policy("s3:*"), { allowedActions: ["*"], maximumAccess }).join()).toMatch(/AccessNotAllowed/);
  });

  test("may not hide a wildcard in a variable of a Version that has none", () => {
    const resources = [`arn:aws:s3:::team-a/\${*}`];
    const statements = [{ effect: "Allow" as const, actions: ["s3:GetObject"], resources }];
    const written = { Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: resources }] };
    const allowed = { allowedResources: ["arn:aws:s3:::team-a/?"] };
    const fieldPath = "spec.managedPolicies[0].document";
    const reasons = (Version: object): string =>
      reasonsOf(policy("", { fieldPath, statements, document: { ...Version, ...written } }), allowed)
        .filter((reason) => reason.includes(fieldPath))
        .join();
    expect(reasons({ Version: "2012-10-17" })).toBe("");
    expect(reasons({ Version: "2008-10-17" })).toMatch(
      /^ResourceNotAllowed .*the Version of the document is not 2012-10-17/,
    );
    expect(reasons({})).toMatch(/^ResourceNotAllowed /);
  });

  test("cannot take the name of the permissions boundary of the class, whatever its path", () => {
    const permissionsBoundaryArn = "arn:aws:iam::123456789012:policy/guard/Own";
    expect(reasonsOf(policy("s3:GetObject"), { permissionsBoundaryArn }).join()).toMatch(
      /is that of the permissions boundary/,
    );
  });

  test("leaves the spec, or loses the statements that the class does not allow", () => {
    const { spec } = anInstanceProfile({ spec: { managedPolicies: [policy("iam:PassRole")] } });
    for (const fields of [{ allowManagedPolicies: false }, {}]) {
      const bounds = boundsOf(fields);
      expect(withoutExcess(spec, classViolations(spec, bounds), bounds.class).managedPolicies).toEqual([]);
    }
  });

  test("is detached where AWS has one that the class does not allow, by what it says", () => {
    const revokedBy = (action: string, of: Partial<InstanceProfileClassSpec> = {}): readonly string[] => {
      const spec = { managedPolicies: [policy(action)] };
      const { role, managedPolicies } = createdState(spec);
      const { owner } = desiredOf(spec);
      const target = { owner, bounds: boundsOf(of), trust: anInstanceProfile().spec.trust, allowsNothing: false };
      const found = revocationsOf({ ...target, roleManagement: "managed" }, role, managedPolicies);
      return found.map(({ action: { kind } }) => kind);
    };
    expect(revokedBy("s3:GetObject")).toEqual([]);
    expect(revokedBy("iam:PassRole")).toEqual(["DetachRolePolicy"]);
    expect(revokedBy("s3:GetObject", { allowManagedPolicies: false })).toEqual(["DetachRolePolicy"]);
  });
});

test("a managed policy that the class does not allow does not make another within the class by what it denies", () => {
  const mine = "arn:aws:s3:::team-a-*";
  const deny = { effect: "Deny" as const, actions: ["*"], notResources: [mine] };
  const { spec } = anInstanceProfile({
    spec: {
      statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }],
      managedPolicies: [policy("s3:*", { statements: [deny] })],
    },
  });
  const maximumAccess = { statements: [{ effect: "Allow" as const, actions: ["s3:*"], resources: [mine] }] };
  const left = (allowManagedPolicies: boolean): number => {
    const bounds = boundsOf({ allowedActions: ["*"], maximumAccess, allowManagedPolicies });
    return withoutExcess(spec, classViolations(spec, bounds), bounds.class).inlinePolicies.length;
  };
  expect([left(true), left(false)]).toEqual([1, 0]);
});
