import { describe, expect, test } from "vitest";
import type { DeletionPolicy } from "../../../src/api/instance-profile.ts";
import {
  effectiveDeletionPolicy,
  forceDeleteDeniedBy,
  ownDeletionPolicy,
} from "../../../src/plan/class/class-deletion.ts";
import { aClass } from "../../support/builders.ts";

const BOTH: readonly DeletionPolicy[] = ["Delete", "Retain"];

/** The policy in effect for an object with this policy, in a class that allows these and has this default. */
function effective(
  deletionPolicy: DeletionPolicy | undefined,
  allowedDeletionPolicies: readonly DeletionPolicy[],
  ofClass?: DeletionPolicy,
): DeletionPolicy | undefined {
  const terms = { allowedDeletionPolicies, allowForceDelete: false, ...(ofClass && { deletionPolicy: ofClass }) };
  return effectiveDeletionPolicy(deletionPolicy === undefined ? {} : { deletionPolicy }, terms);
}

describe("the deletion policy in effect", () => {
  test("is that of the spec, if the class allows it", () => {
    expect(effective("Retain", BOTH, "Delete")).toBe("Retain");
    expect(effective("Delete", BOTH, "Retain")).toBe("Delete");
  });

  test("is that of the class, if the spec has none", () => {
    expect(effective(undefined, BOTH, "Retain")).toBe("Retain");
    expect(effective(undefined, BOTH, "Delete")).toBe("Delete");
  });

  test("is left to the origin of each entity, if neither has one", () => {
    expect(effective(undefined, BOTH)).toBeUndefined();
    expect(effective(undefined, ["Delete"])).toBeUndefined();
  });

  test("is left to the origin where the class does not allow Retain, so that nothing blocks the deletion", () => {
    expect(effective("Retain", ["Delete"])).toBeUndefined();
  });

  test("is Retain where the class does not allow Delete, so that nothing is deleted", () => {
    expect(effective("Delete", ["Retain"])).toBe("Retain");
    expect(effective(undefined, ["Retain"])).toBe("Retain");
  });
});

describe("the operator's default deletion policy", () => {
  const terms = { allowedDeletionPolicies: BOTH, allowForceDelete: false };

  test("applies where neither the spec nor the class has one", () => {
    expect(effectiveDeletionPolicy({}, terms, "Retain")).toBe("Retain");
    expect(effectiveDeletionPolicy({ deletionPolicy: "Delete" }, terms, "Retain")).toBe("Delete");
    expect(effectiveDeletionPolicy({}, { ...terms, deletionPolicy: "Delete" }, "Retain")).toBe("Delete");
    expect(ownDeletionPolicy({}, "Retain")).toBe("Retain");
    expect(ownDeletionPolicy({ deletionPolicy: "Delete" }, "Retain")).toBe("Delete");
  });

  test("never deletes what was adopted: Delete leaves it to the origin of each entity", () => {
    expect(effectiveDeletionPolicy({}, terms, "Delete")).toBeUndefined();
    expect(ownDeletionPolicy({}, "Delete")).toBeUndefined();
  });

  test("applies only where the class allows it", () => {
    expect(effectiveDeletionPolicy({}, { ...terms, allowedDeletionPolicies: ["Delete"] }, "Retain")).toBeUndefined();
  });
});

test("a class denies the annotation force-delete unless it allows it", () => {
  expect(forceDeleteDeniedBy(aClass())).toBe("readers");
  expect(forceDeleteDeniedBy(aClass({ allowForceDelete: true }))).toBeUndefined();
});
