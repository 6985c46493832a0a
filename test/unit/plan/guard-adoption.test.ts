import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../../src/api/instance-profile.ts";
import type { ProfileUsers } from "../../../src/model/instances/instance.ts";
import type { ObservedState } from "../../../src/model/observed-state.ts";
import { guardAdoption } from "../../../src/plan/role/guard-adoption.ts";
import { createdState, desiredOf, NOTHING } from "../../support/builders.ts";

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
