import { describe, expect, test } from "vitest";
import type { ObservedInstanceProfile, ObservedRole } from "../../../src/model/observed-state.ts";
import { ownershipOf, TAG_KEYS, type Tags } from "../../../src/model/ownership.ts";
import { diff } from "../../../src/plan/diff.ts";
import { CLUSTER_ID, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

const MADE = stateAfter(NOTHING, diff(desiredOf(), NOTHING).actions) as {
  role: ObservedRole;
  instanceProfile: ObservedInstanceProfile;
};

/** What is said of a role with these tags more or less (undefined: taken away). */
function saidOf(tags: Readonly<Record<string, string | undefined>>): string[] {
  const all = Object.fromEntries(Object.entries({ ...MADE.role.tags, ...tags }).filter(([, v]) => v !== undefined));
  return diff(desiredOf(), { ...MADE, role: { ...MADE.role, tags: all as Tags } }).blockers.map(
    ({ reason, message }) => `${reason}: ${message}`,
  );
}

const REMEDY =
  "Choose another name, or delete that object first. If that object no longer exists, remove the tags iam.instanceprofile.dev/* and " +
  "set adoptionPolicy: IfExists.";

describe("a role that is not ours is named with whose it is", () => {
  test("another object's, here or in another cluster", () => {
    expect(saidOf({ [TAG_KEYS.name]: "other" })).toEqual([
      `OwnedByAnother: role app is owned by InstanceProfile team-a/other. ${REMEDY}`,
    ]);
    expect(saidOf({ [TAG_KEYS.clusterId]: "cluster-2" })).toEqual([
      `OwnedByAnother: role app is owned by InstanceProfile team-a/app of cluster cluster-2. ${REMEDY}`,
    ]);
  });

  test.each([TAG_KEYS.clusterId, TAG_KEYS.namespace, TAG_KEYS.name])("nobody's, for want of %s", (key) => {
    expect(saidOf({ [key]: undefined })[0]).toMatch(
      /^OwnedByAnother: role app has only some of the tags \S+cluster-id, \S+namespace, \S+name, so its owner is unknown/,
    );
  });

  test("ours by the three deciding tags, whatever the others say", () => {
    expect(saidOf({ [TAG_KEYS.uid]: undefined, [TAG_KEYS.applied]: "?", [TAG_KEYS.adopted]: "perhaps" })).toEqual([]);
  });
});

describe("what may not be taken over", () => {
  test("names role and profile, each with its own reason", () => {
    const bare = {
      role: { ...MADE.role, tags: {} },
      instanceProfile: { ...MADE.instanceProfile, tags: {}, path: "/x/" },
    };
    expect(diff(desiredOf(), bare).blockers.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^role app already exists/),
      expect.stringMatching(/^instance profile app already exists/),
    ]);
    expect(diff(desiredOf({ adoptionPolicy: "IfExists" }), bare).blockers).toEqual([
      {
        reason: "PathConflict",
        message:
          "instance profile app exists with path /x/, and the spec has path /; IAM cannot change a path. " +
          "Create the object with the existing path, or delete the existing entity.",
      },
    ]);
  });
});

describe("ownership read off tags", () => {
  const owner = { clusterId: CLUSTER_ID, namespace: "team-a", name: "app", uid: "uid-1" };
  const proof = { [TAG_KEYS.clusterId]: CLUSTER_ID, [TAG_KEYS.namespace]: "team-a", [TAG_KEYS.name]: "app" };

  test("is adopted by the word true alone", () => {
    expect(ownershipOf({ ...proof, [TAG_KEYS.adopted]: "true" }, owner)).toEqual({ kind: "owned", adopted: true });
    for (const adopted of ["false", "TRUE", ""]) {
      expect(ownershipOf({ ...proof, [TAG_KEYS.adopted]: adopted }, owner)).toEqual({ kind: "owned", adopted: false });
    }
  });

  test("goes by the letter: names of objects and clusters have case", () => {
    expect(ownershipOf({ ...proof, [TAG_KEYS.name]: "App" }, owner).kind).toBe("ownedByAnother");
  });

  test("is nobody's when a cluster is not known and the tags name one", () => {
    expect(ownershipOf(proof, { ...owner, clusterId: "" }).kind).toBe("ownedByAnother");
  });
});
