import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../../src/api/instance-profile.ts";
import type { ProfileUsers } from "../../../src/model/instances/instance.ts";
import type { ObservedRole, ObservedState } from "../../../src/model/observed-state.ts";
import { guardAdoption, guardInlinePolicy } from "../../../src/plan/role/guard-role.ts";
import { createdState, desiredOf, NOTHING, type SpecOverrides } from "../../support/builders.ts";

const CREATED = createdState();
const UNOWNED = {
  role: { ...CREATED.role, tags: {} },
  instanceProfile: { ...CREATED.instanceProfile, tags: {} },
};
const USED: ProfileUsers = {
  users: [{ instanceId: "i-1", region: "eu-west-1" }],
  launchTemplates: [],
  unsearched: [],
};
const WEB = { launchTemplateId: "lt-1", launchTemplateName: "web", region: "eu-west-2" };
const BOUNDARY = "arn:aws:iam::123456789012:policy/boundary";

function reasonsFor(observed: ObservedState, spec: Partial<InstanceProfileSpec> = {}) {
  const { blockers, notes } = guardAdoption(desiredOf({ adoptionPolicy: "IfExists", ...spec }), observed);
  return { blockers: blockers.map(({ reason }) => reason), notes: notes.map(({ reason }) => reason) };
}

describe("an instance profile to adopt that instances use", () => {
  const otherRole = { ...UNOWNED, instanceProfile: { ...UNOWNED.instanceProfile, roleName: "former" } };

  test("is blocked when it holds another role, because the instances would get other permissions", () => {
    const { blockers } = guardAdoption(desiredOf({ adoptionPolicy: "IfExists" }), { ...otherRole, adoptedUsers: USED });
    expect(blockers).toEqual([
      {
        reason: "InstancesUseProfile",
        message:
          "instance profile app holds role former and is in use by i-1 (eu-west-1). Adopting it would give them role app instead. " +
          "Terminate them or give them another instance profile, or create an object with roleName: former, which adopts the role that " +
          "they use.",
      },
    ]);
  });

  test("is blocked for a launch template too, which is named beside the instances", () => {
    const named = { ...otherRole, adoptedUsers: { ...USED, launchTemplates: [WEB] } };
    const { blockers } = guardAdoption(desiredOf({ adoptionPolicy: "IfExists" }), named);
    expect(blockers[0]?.message).toContain(
      "in use by i-1 (eu-west-1) and launch template web (lt-1, eu-west-2). Adopting",
    );
    const alone = { ...otherRole, adoptedUsers: { ...USED, users: [], launchTemplates: [WEB] } };
    expect(reasonsFor(alone).blockers).toEqual(["InstancesUseProfile"]);
  });

  test("is not blocked when nothing uses it", () => {
    const adoptedUsers = { users: [], launchTemplates: [], unsearched: [] };
    expect(reasonsFor({ ...otherRole, adoptedUsers }).blockers).toEqual([]);
  });

  test.each(["app", "APP"])("is not blocked when it holds the role of the object as %s, but noted", (roleName) => {
    const instanceProfile = { ...UNOWNED.instanceProfile, roleName };
    const { blockers, notes } = reasonsFor({ ...UNOWNED, instanceProfile, adoptedUsers: USED });
    expect(blockers).toEqual([]);
    expect(notes).toContain("AdoptedInUse");
  });

  test("is not blocked when it holds no role", () => {
    const instanceProfile = { ...UNOWNED.instanceProfile, roleName: undefined };
    expect(reasonsFor({ ...UNOWNED, instanceProfile, adoptedUsers: USED }).blockers).toEqual([]);
  });

  test("does not block what the object owns already, or an object that does not adopt", () => {
    const owned = { ...CREATED, instanceProfile: { ...CREATED.instanceProfile, roleName: "former" } };
    expect(reasonsFor({ ...owned, adoptedUsers: USED })).toEqual({ blockers: [], notes: [] });
    expect(reasonsFor({ ...otherRole, adoptedUsers: USED }, { adoptionPolicy: "Never" })).toEqual({
      blockers: [],
      notes: [],
    });
  });
});

test("a region that could not be searched for users is noted, with the reason", () => {
  const adoptedUsers = { users: [], launchTemplates: [], unsearched: [{ region: "eu-west-2", why: "AccessDenied" }] };
  const { notes } = guardAdoption(desiredOf({ adoptionPolicy: "IfExists" }), { ...UNOWNED, adoptedUsers });
  expect(notes.map(({ message }) => message)).toContain(
    "region eu-west-2 was not searched for instances that use instance profile app: AccessDenied",
  );
});

describe("the permissions boundary of a role to adopt", () => {
  const notesFor = (permissionsBoundaryArn: string | undefined, spec: Partial<InstanceProfileSpec> = {}) => {
    const observed = { ...NOTHING, role: { ...UNOWNED.role, permissionsBoundaryArn } };
    return guardAdoption(desiredOf({ adoptionPolicy: "IfExists", ...spec }), observed).notes.map((it) => it.message);
  };

  test("is noted when the adoption removes, replaces or adds it", () => {
    expect(notesFor(BOUNDARY)).toEqual([
      `role app has permissions boundary ${BOUNDARY}, which adoption removes, because the spec sets none`,
    ]);
    const permissionsBoundaryArn = "arn:aws:iam::aws:policy/Other";
    expect(notesFor(BOUNDARY, { permissionsBoundaryArn })).toEqual([
      `role app has permissions boundary ${BOUNDARY}, and gets ${permissionsBoundaryArn}`,
    ]);
    expect(notesFor(undefined, { permissionsBoundaryArn })).toEqual([
      `role app has no permissions boundary, and gets ${permissionsBoundaryArn}`,
    ]);
  });

  test("is noted when there is none, and not when it is that of the spec", () => {
    expect(notesFor(undefined)).toEqual(["role app has no permissions boundary, and the spec sets none"]);
    expect(notesFor(BOUNDARY, { permissionsBoundaryArn: BOUNDARY })).toEqual([]);
  });
});

const UNMANAGED = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]}';

/** A role that the object owns and that has a policy `app`, which the controller has not written. */
const WITH_UNMANAGED: ObservedRole = {
  ...createdState({ policyName: "former" }).role,
  inlinePolicyNames: ["app"],
  inlinePolicyDocuments: { app: UNMANAGED },
};

const inlineReasonsFor = (role: ObservedRole, spec: SpecOverrides = {}): readonly string[] =>
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

describe("an inline policy of that name blocks nothing", () => {
  test("when the controller wrote the policy, whoever changed it since", () => {
    const inlinePolicyDocuments = { app: UNMANAGED };
    expect(inlineReasonsFor({ ...createdState().role, inlinePolicyDocuments })).toEqual([]);
  });

  test("when the controller wrote it under a name in another case, which IAM may treat as the same", () => {
    const { role } = createdState({ policyName: "APP" });
    const inlinePolicyDocuments = { app: UNMANAGED };
    expect(inlineReasonsFor({ ...role, inlinePolicyDocuments })).toEqual([]);
    expect(inlineReasonsFor({ ...role, inlinePolicyNames: [], inlinePolicyDocuments })).toEqual([
      "InlinePolicyNotOwned",
    ]);
  });

  test("when the policy is equivalent to the spec", () => {
    const document =
      '{"Statement":{"Resource":["*"],"Action":["s3:List*","s3:Get*"],"Effect":"Allow"},"Version":"2012-10-17"}';
    expect(inlineReasonsFor({ ...WITH_UNMANAGED, inlinePolicyDocuments: { app: document } })).toEqual([]);
  });

  test("when the role has no policy of that name", () => {
    expect(inlineReasonsFor(WITH_UNMANAGED, { policyName: "another" })).toEqual([]);
  });

  test("when the spec has no statements, and so writes no policy", () => {
    expect(inlineReasonsFor(WITH_UNMANAGED, { statements: [] })).toEqual([]);
  });

  test("with unmanagedPolicies: Remove", () => {
    expect(inlineReasonsFor(WITH_UNMANAGED, { unmanagedPolicies: "Remove" })).toEqual([]);
  });

  test("for an adoption, which is reported before it changes anything", () => {
    expect(inlineReasonsFor({ ...WITH_UNMANAGED, tags: {} }, { adoptionPolicy: "IfExists" })).toEqual([]);
  });
});
