import { describe, expect, test } from "vitest";
import { ConflictError } from "../../../src/errors.ts";
import type { ObservedState } from "../../../src/model/observed-state.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import type { Action } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import { assertProved, unprovedEntity } from "../../../src/plan/proof.ts";
import { createdState, desiredAbsence, desiredOf, NOTHING } from "../../support/builders.ts";

const CREATED = createdState();
const DESIRED = desiredOf();
const OTHERS = { [TAG_KEYS.namespace]: "team-b" };
const roleName = "app";
const instanceProfileName = "app";

/** The created state with other owner tags on the role. */
const FOREIGN_ROLE = { ...CREATED, role: { ...CREATED.role, tags: { ...CREATED.role.tags, ...OTHERS } } };
const FOREIGN_PROFILE = {
  ...CREATED,
  instanceProfile: { ...CREATED.instanceProfile, tags: { ...CREATED.instanceProfile.tags, ...OTHERS } },
};

const ROLE_WRITES: readonly Action[] = [
  { kind: "DeleteRole", roleName },
  { kind: "UpdateRole", roleName, description: "", maxSessionDurationSeconds: 3600, changes: [] },
  { kind: "UpdateAssumeRolePolicy", roleName, document: "{}", changes: [] },
  { kind: "PutRolePermissionsBoundary", roleName, permissionsBoundaryArn: "arn:aws:iam::aws:policy/B" },
  { kind: "DeleteRolePermissionsBoundary", roleName },
  { kind: "PutRolePolicy", roleName, policyName: "app", document: "{}", changes: [] },
  { kind: "DeleteRolePolicy", roleName, policyName: "app" },
  { kind: "AttachRolePolicy", roleName, policyArn: "arn:aws:iam::aws:policy/P" },
  { kind: "DetachRolePolicy", roleName, policyArn: "arn:aws:iam::aws:policy/P" },
  { kind: "TagRole", roleName, tags: {} },
  { kind: "UntagRole", roleName, tagKeys: [] },
  { kind: "AddRoleToInstanceProfile", instanceProfileName, roleName },
  { kind: "RemoveRoleFromInstanceProfile", instanceProfileName: "another", roleName, isForced: true },
];

const INSTANCE = { region: "eu-west-1", instanceId: "i-1" };
const ASSOCIATION = { ...INSTANCE, iamInstanceProfile: instanceProfileName };

const PROFILE_WRITES: readonly Action[] = [
  { kind: "DeleteInstanceProfile", instanceProfileName },
  { kind: "RemoveRoleFromInstanceProfile", instanceProfileName, roleName },
  { kind: "TagInstanceProfile", instanceProfileName, tags: {} },
  { kind: "UntagInstanceProfile", instanceProfileName, tagKeys: [] },
  { kind: "AddRoleToInstanceProfile", instanceProfileName, roleName },
  { kind: "AssociateIamInstanceProfile", ...ASSOCIATION },
  { kind: "ReplaceIamInstanceProfileAssociation", ...ASSOCIATION, associationId: "iip-assoc-1", replaces: "arn" },
];

/** The role of another cluster's object of the same name, with an instance profile that its tags do not follow yet. */
const HANDED_OVER = {
  ...CREATED,
  role: { ...CREATED.role, tags: { ...CREATED.role.tags, [TAG_KEYS.clusterId]: "other", [TAG_KEYS.uid]: "other" } },
};

/** Writes that need no owner tags as long as the role has the object's. */
const UNPROVED_WRITES: readonly Action[] = [
  { kind: "DisassociateIamInstanceProfile", ...INSTANCE, associationId: "iip-assoc-1", removes: "arn" },
  { kind: "DeleteTags", ...INSTANCE, tags: {} },
];

test("no write is proved once another cluster has adopted the role, whatever the tags of the rest say", () => {
  for (const action of UNPROVED_WRITES) expect(unprovedEntity(desiredAbsence(), CREATED, [action])).toBeUndefined();
  for (const action of [...ROLE_WRITES, ...PROFILE_WRITES, ...UNPROVED_WRITES]) {
    expect(unprovedEntity(DESIRED, HANDED_OVER, [action])).toBeDefined();
    expect(unprovedEntity(desiredAbsence(), HANDED_OVER, [action])).toBeDefined();
  }
});

describe("a write to a role", () => {
  test.each(ROLE_WRITES.map((action) => [action.kind, action] as const))("%s needs the owner tags", (_, action) => {
    expect(unprovedEntity(DESIRED, CREATED, [action])).toBeUndefined();
    expect(unprovedEntity(DESIRED, FOREIGN_ROLE, [action])).toBe("role");
    expect(unprovedEntity(DESIRED, { ...CREATED, role: NOTHING.role }, [action])).toBe("role");
  });
});

describe("a write to an instance profile, or one that gives it to an instance,", () => {
  test.each(PROFILE_WRITES.map((action) => [action.kind, action] as const))("%s needs the owner tags", (_, action) => {
    expect(unprovedEntity(DESIRED, CREATED, [action])).toBeUndefined();
    expect(unprovedEntity(DESIRED, FOREIGN_PROFILE, [action])).toBe("instance profile");
    expect(unprovedEntity(DESIRED, { ...CREATED, instanceProfile: NOTHING.instanceProfile }, [action])).toBe(
      "instance profile",
    );
  });
});

test("a creation needs no proof, and proves what the writes after it change", () => {
  const { actions } = diff(DESIRED, NOTHING);
  expect(unprovedEntity(DESIRED, NOTHING, actions)).toBeUndefined();
  for (const missing of ["CreateRole", "CreateInstanceProfile"]) {
    const others = actions.filter(({ kind }) => kind !== missing);
    expect(unprovedEntity(DESIRED, NOTHING, others)).toBe(missing === "CreateRole" ? "role" : "instance profile");
  }
});

test("a creation proves no other entity than the one that it creates", () => {
  const { actions } = diff(DESIRED, NOTHING);
  const ofProfile = actions.filter((action) => "instanceProfileName" in action);
  expect(ofProfile.map(({ kind }) => kind)).toEqual(["CreateInstanceProfile", "AddRoleToInstanceProfile"]);
  expect(unprovedEntity(DESIRED, NOTHING, ofProfile)).toBe("role");
});

test("a creation that follows a write does not prove the write before it", () => {
  const actions = diff(DESIRED, NOTHING).actions.toReversed();
  expect(unprovedEntity(DESIRED, NOTHING, actions)).toBe("role");
});

test("a disassociation needs no instance profile, because it names the association", () => {
  const disassociate: Action = {
    kind: "DisassociateIamInstanceProfile",
    ...{ region: "eu-west-1", instanceId: "i-1", associationId: "iip-assoc-1", removes: "arn" },
  };
  expect(unprovedEntity(DESIRED, NOTHING, [disassociate])).toBeUndefined();
});

describe("an entity without owner tags", () => {
  const unowned = { ...CREATED, role: { ...CREATED.role, tags: {} } };
  const tagRole: Action = { kind: "TagRole", roleName, tags: {} };

  test("is proved only for an object that may adopt it", () => {
    expect(unprovedEntity(DESIRED, unowned, [tagRole])).toBe("role");
    expect(unprovedEntity(desiredOf({ adoptionPolicy: "IfExists" }), unowned, [tagRole])).toBeUndefined();
  });

  test("is never proved for an object in deletion", () => {
    const gone = desiredAbsence({ adoptionPolicy: "IfExists", deletionPolicy: "Delete" });
    expect(unprovedEntity(gone, unowned, [{ kind: "DeleteRole", roleName }])).toBe("role");
    expect(unprovedEntity(gone, CREATED, [{ kind: "DeleteRole", roleName }])).toBeUndefined();
  });
});

const NAMES = { roleName: "app-role", instanceProfileName: "app-profile" };

/** What is raised for the writes; undefined if they are proved. */
function raised(
  desired: Parameters<typeof assertProved>[0],
  observed: ObservedState,
  actions: readonly Action[],
): unknown {
  try {
    return assertProved(desired, observed, actions);
  } catch (error) {
    return error;
  }
}

test("writes to what a read proved, and to what the plan creates, are allowed", () => {
  expect(raised(desiredOf(), CREATED, diff(desiredOf({ description: "new" }), CREATED).actions)).toBeUndefined();
  expect(raised(desiredOf(), NOTHING, diff(desiredOf(), NOTHING).actions)).toBeUndefined();
});

describe("a write that no read proved is a conflict, and the controller retries", () => {
  const message = (entity: string): ConflictError =>
    new ConflictError(
      `IAM does not show ${entity} with the owner tags of this object yet, so the controller writes nothing to it. The controller retries.`,
      { reason: "NotYetVisible" },
    );

  test("for the role", () => {
    const actions = diff(desiredOf(NAMES), createdState(NAMES)).actions;
    expect(actions).toEqual([]);
    const write: Action = {
      kind: "PutRolePolicy",
      roleName: "app-role",
      policyName: "app",
      document: "{}",
      changes: [],
    };
    expect(raised(desiredOf(NAMES), NOTHING, [write])).toEqual(message("role app-role"));
    expect(raised(desiredAbsence(NAMES), NOTHING, [{ kind: "DeleteRole", roleName: "app-role" }])).toEqual(
      message("role app-role"),
    );
  });

  test("for the instance profile", () => {
    const write: Action = { kind: "DeleteInstanceProfile", instanceProfileName: "app-profile" };
    expect(raised(desiredOf(NAMES), NOTHING, [write])).toEqual(message("instance profile app-profile"));
    expect(raised(desiredAbsence(NAMES), NOTHING, [write])).toMatchObject({ reason: "NotYetVisible" });
  });

  test("also when another object owns the entity by now", () => {
    const tags = { ...CREATED.role.tags, [TAG_KEYS.name]: "other" };
    const write: Action = { kind: "DeleteRole", roleName: "app" };
    expect(raised(desiredOf(), { ...CREATED, role: { ...CREATED.role, tags } }, [write])).toBeInstanceOf(ConflictError);
  });
});
