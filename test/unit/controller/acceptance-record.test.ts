import { describe, expect, test } from "vitest";
import type {
  AcceptedClass,
  DeletionPolicy,
  InstanceProfile,
  InstanceProfileSpec,
} from "../../../src/api/instance-profile.ts";
import {
  forceDeniedByRecord,
  underRecordedTerms,
  withDeletionTerms,
} from "../../../src/controller/classes/acceptance-record.ts";
import { aClass, anInstanceProfile } from "../../support/builders.ts";

const ACCEPTED: AcceptedClass = {
  name: "readers",
  accountId: "123456789012",
  acceptedTime: "2026-01-01T00:00:00.000Z",
};

/** An object whose class is deleted, with what its status records of the class. */
function inDeletion(spec: Partial<InstanceProfileSpec>, record: Partial<AcceptedClass> = {}): InstanceProfile {
  const metadata = { deletionTimestamp: "2026-01-01T00:00:00Z" };
  return anInstanceProfile({ spec, metadata, status: { class: { ...ACCEPTED, ...record } } });
}

const policyOf = (object: InstanceProfile): DeletionPolicy | undefined =>
  underRecordedTerms(object).spec.deletionPolicy;

test("the record of an acceptance has the deletion terms of the class as they are now", () => {
  const former: AcceptedClass = { ...ACCEPTED, allowForceDelete: true, deletionPolicy: "Delete" };
  expect(withDeletionTerms(former, aClass({ allowedDeletionPolicies: ["Retain"] }))).toEqual({
    ...ACCEPTED,
    allowedDeletionPolicies: ["Retain"],
    allowForceDelete: false,
  });
  const keeping = aClass({ deletionPolicy: "Retain", allowedDeletionPolicies: ["Delete", "Retain"] });
  expect(withDeletionTerms(former, keeping)).toMatchObject({ deletionPolicy: "Retain" });
});

describe("an object in deletion whose class cannot be resolved", () => {
  test("keeps to the deletion policies that the class allowed", () => {
    const allowedDeletionPolicies: readonly DeletionPolicy[] = ["Retain"];
    expect(policyOf(inDeletion({ deletionPolicy: "Delete" }, { allowedDeletionPolicies }))).toBe("Retain");
    expect(policyOf(inDeletion({}, { allowedDeletionPolicies: ["Delete", "Retain"], deletionPolicy: "Retain" }))).toBe(
      "Retain",
    );
  });

  test("cannot retain its role where the record names no policies, as with the defaults of a class", () => {
    expect(policyOf(inDeletion({ deletionPolicy: "Retain" }))).toBeUndefined();
    expect(policyOf(inDeletion({ deletionPolicy: "Delete" }))).toBe("Delete");
  });
});

test("an object that no class accepted, or that is not in deletion, keeps its own deletion policy", () => {
  const spec: Partial<InstanceProfileSpec> = { deletionPolicy: "Retain" };
  expect(policyOf(anInstanceProfile({ spec, metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }))).toBe("Retain");
  expect(policyOf(anInstanceProfile({ spec, status: { class: ACCEPTED } }))).toBe("Retain");
});

test("a record denies the annotation force-delete unless it says that the class allowed it", () => {
  expect(forceDeniedByRecord(inDeletion({}))).toBe("readers");
  expect(forceDeniedByRecord(inDeletion({}, { allowForceDelete: false }))).toBe("readers");
  expect(forceDeniedByRecord(inDeletion({}, { allowForceDelete: true }))).toBeUndefined();
  expect(forceDeniedByRecord(anInstanceProfile())).toBeUndefined();
});
