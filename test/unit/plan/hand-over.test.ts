import { expect, test } from "vitest";
import { shortHash } from "../../../src/model/naming.ts";
import type { ObservedState } from "../../../src/model/observed-state.ts";
import { TAG_KEYS, type Tags } from "../../../src/model/ownership.ts";
import { diff } from "../../../src/plan/diff.ts";
import { createdState, desiredAbsence, desiredOf } from "../../support/builders.ts";

const FROM_A: Tags = { [TAG_KEYS.adoptedFrom]: shortHash("a") };
const OWNED_BY_A: Tags = { [TAG_KEYS.clusterId]: "a", [TAG_KEYS.uid]: "uid-a" };

/** The role was adopted from cluster a, and the controller stopped before it adopted the instance profile. */
function interrupted(): ObservedState {
  const { role, instanceProfile } = createdState();
  return {
    role: { ...role, tags: { ...role.tags, ...FROM_A } },
    instanceProfile: { ...instanceProfile, tags: { ...instanceProfile.tags, ...OWNED_BY_A } },
  };
}

const kinds = (...[desired, observed]: Parameters<typeof diff>): readonly string[] =>
  diff(desired, observed).actions.map(({ kind }) => kind);

test("the tag that says what follows the role is removed after every other write, so that a crash before it loses nothing", () => {
  const desired = desiredOf({ description: "new" });
  expect(kinds(desired, interrupted())).toEqual(["TagInstanceProfile", "UpdateRole", "UntagRole"]);
});

test("the tag stays while the instances cannot be read, whose markers may still be those of the former cluster", () => {
  const unreadable = { found: [], missingIds: [], unsearched: [], unreadable: new Error("Throttling") };
  expect(kinds(desiredOf(), { ...interrupted(), instances: unreadable })).toEqual(["TagInstanceProfile"]);
});

test("a deletion that retains writes nothing to what has not moved yet", () => {
  expect(kinds(desiredAbsence({ deletionPolicy: "Retain" }), interrupted())).toEqual([]);
  expect(kinds(desiredAbsence(), interrupted())[0]).toBe("TagInstanceProfile");
});

test("the tag on a role without an owner is removed before the object adopts the role, so that it never leads anything", () => {
  const { role, instanceProfile } = createdState();
  const observed = { role: { ...role, tags: FROM_A }, instanceProfile };
  expect(kinds(desiredOf({ adoptionPolicy: "IfExists" }), observed)).toEqual(["UntagRole", "TagRole"]);
});
