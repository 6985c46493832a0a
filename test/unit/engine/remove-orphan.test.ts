import { beforeEach, describe, expect, test } from "vitest";
import {
  FORCE_DELETE_ANNOTATION,
  type InstanceProfile,
  type InstanceProfileSpec,
} from "../../../src/api/instance-profile.ts";
import { ClaimIndex } from "../../../src/engine/observe/instance-claims.ts";
import { removeOrphan } from "../../../src/engine/orphans/remove-orphan.ts";
import { BlockedError, ConflictError } from "../../../src/errors.ts";
import { type DesiredAbsent, desiredState } from "../../../src/model/desired-state.ts";
import { REGIONS_TAG } from "../../../src/model/instances/association-tags.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { aPolicy, CLUSTER_ID } from "../../support/builders.ts";
import { aUser, OrphanDesk } from "../../support/orphan-desk.ts";

const signal = new AbortController().signal;

let desk: OrphanDesk;
let assertGone: () => Promise<void>;
beforeEach(() => {
  desk = new OrphanDesk();
  assertGone = async () => {};
});

/** Creates the role and the instance profile of an object, which is then deleted without its finalizer. */
const left = (spec: Partial<InstanceProfileSpec> = {}, annotations: Record<string, string> = {}) => {
  return desk.leave("app", { spec, metadata: { annotations } });
};

function remove(object: InstanceProfile) {
  const desired = desiredState(object, CLUSTER_ID) as DesiredAbsent;
  const { role, instanceProfile, managedPolicies = [] } = object.status ?? {};
  const proof = {
    uid: object.metadata.uid,
    roleId: role?.id ?? "",
    instanceProfileId: instanceProfile?.id,
    managedPolicyArns: managedPolicies.map(({ arn }) => arn),
  };
  const deps = { account: desk.account, claims: new ClaimIndex({ in: () => [] }), assertGone: () => assertGone() };
  desk.iam.writes.length = 0;
  return removeOrphan(desired, proof, deps, signal);
}

/** The reasons of the blockers of the removal. */
async function blockersOf(object: InstanceProfile): Promise<readonly string[]> {
  const { plan } = await remove(object);
  return plan.blockers.map(({ reason }) => reason);
}

const kinds = (): readonly string[] => desk.iam.writes.map(({ kind }) => kind);

test("the role and the instance profile that the status of the deleted object named are deleted", async () => {
  await remove(await left());
  expect(desk.iam.account).toEqual({ roles: {}, instanceProfiles: {} });
});

/** A managed policy of the object's own. */
const OWN = { managedPolicies: [aPolicy([{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }], "own")] };

test("its managed policies that the status named are deleted with them", async () => {
  const object = await left(OWN);
  expect(desk.iam.account.managedPolicies).toHaveLength(1);
  await remove(object);
  expect(kinds()).toContain("DeletePolicy");
  expect(desk.iam.account).toMatchObject({ roles: {}, instanceProfiles: {} });
});

describe("nothing is deleted, because the entities are not proven to be those of the object,", () => {
  async function expectNotProven(object: InstanceProfile): Promise<void> {
    await expect(remove(object)).rejects.toMatchObject({ reason: "OrphanNotProven" });
    await expect(remove(object)).rejects.toBeInstanceOf(BlockedError);
    expect(kinds()).toEqual([]);
  }

  test("when the role has another unique id, although its tags name the object", async () => {
    const object = await left();
    desk.iam.outsiderMakesRole("app", desk.iam.role("app")?.tags);
    await expectNotProven(object);
  });

  test("when the instance profile has another unique id", async () => {
    const object = await left();
    const instanceProfile = { arn: "arn:aws:iam::123456789012:instance-profile/app", id: "AIPAOTHER" };
    await expectNotProven({ ...object, status: { ...object.status, instanceProfile } });
    await expectNotProven({ ...object, status: { role: object.status?.role as { arn: string; id: string } } });
  });

  test("when its tags name a managed policy that the status did not name, although that has the owner tags", async () => {
    const object = await left(OWN);
    const { managedPolicies: _, ...status } = object.status ?? {};
    await expectNotProven({ ...object, status });
  });

  test("when the tags name another object of the same name, which resumed the role", async () => {
    const object = await left();
    desk.tagRole("app", { [TAG_KEYS.uid]: "uid-2" });
    await expectNotProven(object);
  });

  test("when the object retained the role", async () => {
    const object = await left();
    desk.tagRole("app", { [TAG_KEYS.retained]: "uid-app" });
    await expectNotProven(object);
  });
});

test("a role that another object owns, or none, stays", async () => {
  for (const tags of [
    { [TAG_KEYS.name]: "other" },
    Object.fromEntries(Object.values(TAG_KEYS).map((key) => [key, undefined])),
  ]) {
    desk = new OrphanDesk();
    const object = await left();
    desk.tagRole("app", tags);
    await remove(object);
    expect(desk.roles).toEqual(["app"]);
    expect(kinds()).not.toContain("DeleteRolePolicy");
  }
});

describe("the conditions are stricter than for an object in deletion:", () => {
  test("an adopted role stays, also with the deletion policy Delete", async () => {
    const object = await left({ deletionPolicy: "Delete" });
    desk.tagRole("app", { [TAG_KEYS.adopted]: "true" });
    await remove(object);
    expect(desk.roles).toEqual(["app"]);
  });

  test("unmanaged policies block the deletion, also with the annotation force-delete", async () => {
    const object = await left({}, { [FORCE_DELETE_ANNOTATION]: "true" });
    await desk.iam.perform({
      kind: "AttachRolePolicy",
      roleName: "app",
      policyArn: "arn:aws:iam::aws:policy/Unmanaged",
    });
    expect(await blockersOf(object)).toEqual(["UnmanagedPoliciesAttached"]);
    expect(kinds()).toEqual([]);
  });

  test("an instance that uses the instance profile blocks the deletion", async () => {
    desk.users = [aUser("app")];
    expect(await blockersOf(await left())).toContain("InstancesUseProfile");
    expect(kinds()).toEqual([]);
  });

  test("a region that the controller is not authorized to search blocks the deletion", async () => {
    const object = await left();
    desk.searchFault = new BlockedError("not authorized to perform ec2:DescribeInstances", { reason: "AccessDenied" });
    expect(await blockersOf(object)).toEqual(["InstancesUseProfile"]);
    expect(kinds()).toEqual([]);
  });

  test("an instance that the controller associated blocks the deletion, although the plan could disassociate it", async () => {
    const object = await left();
    const { tags, instance } = desk.associate("app", object);
    expect(tags[REGIONS_TAG]).toBe(instance.region);
    expect(await blockersOf(object)).toEqual(["InstancesUseProfile"]);
    expect(kinds()).toEqual([]);
  });
});

test("nothing is deleted when the object exists again, also when it is created between two writes", async () => {
  const again = new ConflictError("InstanceProfile team-a/app exists again", { reason: "ObjectExists" });
  const object = await left();
  assertGone = () => Promise.reject(again);
  await expect(remove(object)).rejects.toBe(again);
  expect(kinds()).toEqual([]);
  assertGone = async () => {
    if (desk.iam.writes.length > 0) throw again;
  };
  await expect(remove(object)).rejects.toBe(again);
  expect(kinds()).toHaveLength(1);
});
