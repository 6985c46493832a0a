import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import { desiredState } from "../../../src/model/desired-state.ts";
import type { ObservedInstance } from "../../../src/model/instances/instance.ts";
import type { ObservedInstanceProfile, ObservedRole, ObservedState } from "../../../src/model/observed-state.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { withClassDefaults, withoutExcess } from "../../../src/plan/class/class-bounds.ts";
import { forceDeleteDeniedBy } from "../../../src/plan/class/class-deletion.ts";
import { classViolations } from "../../../src/plan/class/class-guards.ts";
import { diff } from "../../../src/plan/diff.ts";
import { aClass, anInstanceProfile, CLUSTER_ID, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

type Spec = Partial<InstanceProfileSpec>;
type ClassSpec = Partial<InstanceProfileClassSpec>;

const MADE = stateAfter(NOTHING, diff(desiredOf(), NOTHING).actions) as {
  role: ObservedRole;
  instanceProfile: ObservedInstanceProfile;
};
const ADOPTED: ObservedState = tagged({ [TAG_KEYS.adopted]: "true" });
const FORCE = { "iam.instanceprofile.dev/force-delete": "true" };

function tagged(tags: Readonly<Record<string, string>>): ObservedState {
  return {
    role: { ...MADE.role, tags: { ...MADE.role.tags, ...tags } },
    instanceProfile: { ...MADE.instanceProfile, tags: { ...MADE.instanceProfile.tags, ...tags } },
  };
}

/** What deleting the object does, as its class has it. */
function deletion(state: ObservedState, of: ClassSpec, spec: Spec = {}, annotations: Record<string, string> = {}) {
  const itsClass = aClass(of);
  const metadata = { deletionTimestamp: "2026-01-01T00:00:00Z", annotations };
  const object = withClassDefaults(anInstanceProfile({ spec, metadata }), itsClass);
  const {
    actions,
    blockers,
    notes = [],
  } = diff(
    desiredState(object, CLUSTER_ID, { allowsAdoption: false, forceDeniedBy: forceDeleteDeniedBy(itsClass) }),
    state,
  );
  const deletes = actions.filter(({ kind }) => kind === "DeleteRole" || kind === "DeleteInstanceProfile");
  const forced = actions.filter((action) => "isForced" in action);
  return { deletes: deletes.length, forced: forced.length, blockers, notes };
}

describe("on deletion", () => {
  const BOTH: ClassSpec = { allowedDeletionPolicies: ["Delete", "Retain"] };
  const KEEPS: ClassSpec = { allowedDeletionPolicies: ["Retain"] };

  test.each<readonly [string, ObservedState, ClassSpec, Spec, "deleted" | "kept"]>([
    ["what the controller made", MADE, {}, {}, "deleted"],
    ["what it made, with Retain since creation", MADE, {}, { deletionPolicy: "Retain" }, "deleted"],
    ["what it adopted, with Retain, which the class does not list", ADOPTED, {}, { deletionPolicy: "Retain" }, "kept"],
    ["what it adopted, and no deletion policy", ADOPTED, {}, {}, "kept"],
    ["what it adopted, with Delete", ADOPTED, {}, { deletionPolicy: "Delete" }, "deleted"],
    ["what it adopted, with Delete as the default of the class", ADOPTED, { deletionPolicy: "Delete" }, {}, "deleted"],
    [
      "what it made, where the class takes Retain for a default",
      MADE,
      { ...BOTH, deletionPolicy: "Retain" },
      {},
      "kept",
    ],
    ["what it made, where both are allowed", MADE, BOTH, {}, "deleted"],
    ["what it adopted, where both are allowed", ADOPTED, BOTH, {}, "kept"],
    ["what it made, with an allowed Retain", MADE, BOTH, { deletionPolicy: "Retain" }, "kept"],
    ["what it adopted, with an allowed Delete", ADOPTED, BOTH, { deletionPolicy: "Delete" }, "deleted"],
    ["what it made, where roles must stay", MADE, KEEPS, {}, "kept"],
    ["what it made, where roles must stay, with Delete", MADE, KEEPS, { deletionPolicy: "Delete" }, "kept"],
    ["what it adopted, where roles must stay, with Delete", ADOPTED, KEEPS, { deletionPolicy: "Delete" }, "kept"],
  ])("%s is as the class says", (_, state, of, spec, end) => {
    expect(deletion(state, of, spec)).toMatchObject({ deletes: end === "deleted" ? 2 : 0, blockers: [] });
  });

  test("what another object owns stays, whatever the class says", () => {
    const theirs = tagged({ [TAG_KEYS.name]: "other", [TAG_KEYS.uid]: "uid-2" });
    for (const deletionPolicy of ["Delete", "Retain"] as const) {
      expect(deletion(theirs, {}, { deletionPolicy })).toMatchObject({ deletes: 0 });
    }
  });
});

describe("the annotation force-delete", () => {
  const user: ObservedInstance = {
    instanceId: "i-0123456789abcdef0",
    region: "eu-west-1",
    state: "running",
    association: {
      associationId: "iip-assoc-1",
      profileArn: MADE.instanceProfile.arn,
      profileId: MADE.instanceProfile.id,
      state: "associated",
    },
    isSelected: false,
    isMarked: false,
    precededBy: undefined,
    isYielded: false,
  };
  const inUse: ObservedState = { ...MADE, instances: { found: [user], missingIds: [], unsearched: [] } };
  const withPolicies: ObservedState = { ...MADE, role: { ...MADE.role, inlinePolicyNames: ["app", "theirs"] } };
  const inProfiles: ObservedState = { ...MADE, role: { ...MADE.role, instanceProfileNames: ["app", "theirs"] } };
  const DENIED = "class readers does not allow the annotation iam.instanceprofile.dev/force-delete";

  const states: readonly (readonly [string, ObservedState, string, string])[] = [
    [
      "others' instances",
      inUse,
      "InstancesUseProfile",
      "instance profile app is in use by i-0123456789abcdef0 (eu-west-1). Terminate them or associate another instance profile; the controller then continues " +
        `the deletion; ${DENIED}.`,
    ],
    [
      "others' policies",
      withPolicies,
      "UnmanagedPoliciesAttached",
      `role app has unmanaged policies, which this object did not attach or write: theirs. Remove them from the role; ${DENIED}.`,
    ],
    [
      "others' profiles",
      inProfiles,
      "RoleInUnmanagedInstanceProfile",
      `role app is in instance profiles that this object does not own: theirs. Remove the role from them; ${DENIED}.`,
    ],
  ];

  test.each(states)(
    "has no effect on %s unless the class allows it, and the blocker says so",
    (_, state, reason, message) => {
      const blocked = { forced: 0, blockers: [{ reason, message }], notes: [] };
      expect(deletion(state, {}, {}, FORCE)).toMatchObject(blocked);
      // Who has not tried it is not advised to.
      expect(deletion(state, {}, {}, {})).toMatchObject(blocked);
      expect(deletion(state, { allowForceDelete: true }, {}, FORCE)).toMatchObject({ deletes: 2, blockers: [] });
      const [blocker] = deletion(state, { allowForceDelete: true }).blockers;
      expect(blocker?.message).toContain('annotation iam.instanceprofile.dev/force-delete: "true"');
    },
  );

  test.each([
    ["in capitals", { "iam.instanceprofile.dev/force-delete": "TRUE" }],
    ["with a space", { "iam.instanceprofile.dev/force-delete": "true " }],
    ["as yes", { "iam.instanceprofile.dev/force-delete": "yes" }],
    ["under another name", { "iam.instanceprofile.dev/Force-Delete": "true" }],
  ])("written %s has no effect even where the class allows it", (_, annotations) => {
    for (const [, state, reason] of states) {
      expect(deletion(state, { allowForceDelete: true }, {}, annotations).blockers).toMatchObject([{ reason }]);
    }
  });

  test("keeps a retained role as it is", () => {
    const of: ClassSpec = { allowForceDelete: true, allowedDeletionPolicies: ["Retain"] };
    expect(deletion(withPolicies, of, {}, FORCE)).toMatchObject({ deletes: 0, forced: 0, blockers: [] });
  });
});

describe("a tag that the class does not allow any more", () => {
  test("is what the controller set, and Strip removes it; what others set stays", () => {
    const tags = { app: "x", "eks-cluster-admin": "true", TEAM: "b" };
    const before = stateAfter(NOTHING, diff(desiredOf({ tags }), NOTHING).actions) as typeof MADE;
    const state: ObservedState = {
      ...before,
      role: { ...before.role, tags: { ...before.role.tags, theirs: "1" } },
    };
    const narrow = aClass({ tags: { team: "a" }, allowedTagKeys: ["app"], onViolation: "Strip" });
    const object = anInstanceProfile({ spec: { tags } });
    const violations = classViolations(object.spec, {
      class: narrow,
      namespace: "team-a",
      clusterId: CLUSTER_ID,
      olderPeers: 0,
    });
    const spec = withoutExcess(withClassDefaults(object, narrow).spec, violations, narrow);
    const { actions } = diff(desiredState({ ...object, spec }, CLUSTER_ID), state);
    const after = stateAfter(state, actions) as typeof MADE;
    const userTags = ({ tags: all }: ObservedRole | ObservedInstanceProfile) =>
      Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith("iam.instanceprofile.dev/")));
    expect(userTags(after.role)).toEqual({ app: "x", team: "a", theirs: "1" });
    expect(userTags(after.instanceProfile)).toEqual({ app: "x", team: "a" });
  });
});
