import { describe, expect, test } from "vitest";
import { compareAccess } from "../../../src/model/access/compare-access.ts";
import { ABSENT, type ObservedInstanceProfile, type ObservedRole } from "../../../src/model/observed-state.ts";
import { accessEffect, plannedAccess } from "../../../src/plan/access/planned-access.ts";
import { diff } from "../../../src/plan/diff.ts";
import { unprovedEntity } from "../../../src/plan/proof.ts";
import { createdState, desiredAbsence, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

const EXTERNAL = { role: { management: "External" }, roleName: "shared", instanceProfileName: "app" } as const;
/** A role of others, with what an owned role could have: tags of any kind prove nothing about it. */
const SHARED: ObservedRole = { ...createdState({ roleName: "shared" }).role, tags: { team: "platform" } };
const THERE = { ...NOTHING, role: SHARED };
const kinds = (desired: Parameters<typeof diff>[0], observed: Parameters<typeof diff>[1]): readonly string[] =>
  diff(desired, observed).actions.map(({ kind }) => kind);
const profileOf = (state: { readonly instanceProfile: unknown }) => state.instanceProfile as ObservedInstanceProfile;
const MADE = stateAfter(THERE, diff(desiredOf(EXTERNAL), THERE).actions);

describe("an external role", () => {
  test("is put into the object's own instance profile, and nothing else is written", () => {
    expect(diff(desiredOf(EXTERNAL), THERE)).toMatchObject({
      blockers: [],
      actions: [
        { kind: "CreateInstanceProfile", instanceProfileName: "app" },
        { kind: "AddRoleToInstanceProfile", instanceProfileName: "app", roleName: "shared", isExternal: true },
      ],
    });
    expect(diff(desiredOf(EXTERNAL), MADE)).toEqual({ actions: [], blockers: [], unmanagedPolicies: [] });
  });

  test("that does not exist blocks the object until it does", () => {
    expect(diff(desiredOf(EXTERNAL), NOTHING)).toMatchObject({ actions: [], blockers: [{ reason: "RoleNotFound" }] });
    const { role: _, ...rest } = MADE;
    expect(diff(desiredOf(EXTERNAL), { ...rest, role: ABSENT }).blockers).toMatchObject([{ reason: "RoleNotFound" }]);
  });

  test("that was deleted and created again is put back", () => {
    const emptied = { ...MADE, instanceProfile: { ...profileOf(MADE), roleName: undefined } };
    expect(kinds(desiredOf(EXTERNAL), emptied)).toEqual(["AddRoleToInstanceProfile"]);
  });

  test("replaces another role that was put into the instance profile meanwhile", () => {
    const drifted = { ...MADE, instanceProfile: { ...profileOf(MADE), roleName: "theirs" } };
    expect(kinds(desiredOf(EXTERNAL), drifted)).toEqual(["RemoveRoleFromInstanceProfile", "AddRoleToInstanceProfile"]);
  });

  test("stays as it is when the object is deleted, also with owner tags of the object, and by force", () => {
    const tagged = { ...MADE, role: { ...SHARED, tags: createdState().role.tags } };
    const annotations = { "iam.instanceprofile.dev/force-delete": "true" };
    for (const metadata of [{}, { annotations }]) {
      const wanted = desiredAbsence({ ...EXTERNAL, deletionPolicy: "Delete" }, metadata);
      expect(kinds(wanted, tagged)).toEqual(["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile"]);
    }
  });

  test("that the class does not allow is taken out of the instance profile", () => {
    const revoked = desiredOf({ ...EXTERNAL, role: { management: "External", isRevoked: true } });
    expect(kinds(revoked, MADE)).toEqual(["RemoveRoleFromInstanceProfile"]);
    expect(kinds(revoked, stateAfter(MADE, diff(revoked, MADE).actions))).toEqual([]);
  });

  test.each([
    ["EC2 by a service", "ec2.amazonaws.com", 0],
    ["EC2 of China", "ec2.amazonaws.com.cn", 0],
    ["another service alone", "lambda.amazonaws.com", 1],
  ])("that trusts %s", (_, service, notes) => {
    const trustPolicy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
    });
    const plan = diff(desiredOf(EXTERNAL), { ...NOTHING, role: { ...SHARED, trustPolicy } });
    expect(plan.notes ?? []).toHaveLength(notes);
    expect(plan.blockers).toEqual([]);
  });

  test("is proved by a read in the same reconcile for the membership alone, whatever its tags", () => {
    const desired = desiredOf(EXTERNAL);
    const add = { kind: "AddRoleToInstanceProfile", instanceProfileName: "app", roleName: "shared" } as const;
    const owned = { ...MADE, role: { ...SHARED, tags: createdState().role.tags } };
    expect(unprovedEntity(desired, owned, [add])).toBeUndefined();
    expect(unprovedEntity(desired, { ...owned, role: ABSENT }, [add])).toBe("role");
    expect(unprovedEntity(desired, owned, [{ ...add, roleName: "admin" }])).toBe("role");
    expect(unprovedEntity(desired, owned, [{ kind: "TagRole", roleName: "shared", tags: {} }])).toBe("role");
    expect(unprovedEntity(desired, owned, [{ kind: "DeleteRole", roleName: "shared" }])).toBe("role");
  });

  test("is access that is not compared: a plan that gives it to instances is undecided", () => {
    const { actions } = diff(desiredOf(EXTERNAL), THERE);
    const { verdict, permissions } = plannedAccess(THERE, actions, new Map(), compareAccess);
    expect([verdict, permissions.undecided.map(({ reason }) => reason)]).toEqual([
      "undecided",
      ["others manage the role, and what it allows is not compared"],
    ]);
    expect(accessEffect(THERE, actions)).toBeUndefined();
  });
});
